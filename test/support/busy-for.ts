/** Keeps this process from listening, as its own start does, or a processor that others use. */
export const busyFor = (milliseconds: number): void => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};
