/** Lists of the service, a page at a time: for infiniteQueryOptions. */

const PAGE_SIZE = 50;

/** The part of a query that asks for a page. @param after of the page before; undefined for the first */
export const pageAfter = (after: string | undefined) => ({ limit: PAGE_SIZE, ...(after !== undefined && { after }) });

export const IN_PAGES = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: ({ next }: { readonly next: string | null }) => next ?? undefined,
};

/** Reading again by itself would load all pages again which are shown. */
export const LOADS_ONCE = { refetchOnWindowFocus: false, refetchOnReconnect: false } as const;
