/**
 * Options of an LRU cache of at most so many entries, which takes memory as it fills. With `max`, the library allocates for all
 * entries at once: 3 MB and 18 ms for 100,000, at each start, for each cache.
 */
export const growingTo = (entries: number): { readonly maxSize: number; readonly sizeCalculation: () => number } => ({
  maxSize: entries,
  sizeCalculation: () => 1,
});
