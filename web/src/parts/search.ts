/** Filters are kept in the address, so that a view can be sent to somebody, and the browser's way back works. */

type Search = Readonly<Record<string, string>>;

/** All values are texts. The router's own reader makes numbers of ids, and a Long does not fit into one. */
export const readSearch = (query: string): Search => Object.fromEntries(new URLSearchParams(query));

export const writeSearch = (search: Readonly<Record<string, unknown>>): string => {
  const texts = Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const query = new URLSearchParams(texts.filter(([, text]) => text !== '')).toString();
  return query === '' ? '' : `?${query}`;
};

/** For `validateSearch`: the given names, each a text, or absent. A filter of several values has commas between them. */
export const textsIn =
  <Name extends string>(...names: readonly Name[]) =>
  (search: Readonly<Record<string, unknown>>): Partial<Record<Name, string>> => {
    const texts: Partial<Record<Name, string>> = {};
    for (const name of names) {
      const { [name]: text } = search;
      if (typeof text === 'string' && text !== '') texts[name] = text;
    }
    return texts;
  };
