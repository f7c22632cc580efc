/** Lists of the service, a page at a time: for infiniteQueryOptions. */

const PAGE_SIZE = 50;

/** The part of a query that asks for a page. @param after of the page before; undefined for the first */
export const pageAfter = (after: string | undefined) => ({ limit: PAGE_SIZE, ...(after !== undefined && { after }) });

export const IN_PAGES = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: ({ next }: { readonly next: string | null }) => next ?? undefined,
};

/** Reading again by itself would load all pages again which are shown. */
export const LOADS_ONCE = { refetchOnWindowFocus: false } as const;

const REFRESH_MS = 15_000;

/** For short lists that change by themselves. Only the first page: further ones are read on demand. */
export const REFRESHES_FIRST_PAGE = {
  refetchInterval: ({
    state,
  }: {
    readonly state: { readonly data: { readonly pages: readonly unknown[] } | undefined };
  }) => ((state.data?.pages.length ?? 0) > 1 ? (false as const) : REFRESH_MS),
};
