/** Files of lists: read here to be shown, and sent as they are. */

/** Of a request that sends a file. The document knows its body as a text; its encoding is for the service to find out. */
export const csvBody = (file: Blob) => ({
  body: file as unknown as string,
  bodySerializer: () => file,
  headers: { 'content-type': 'text/csv' },
});

/** As the service reads it: UTF-8, or else GB18030, as Excel writes it in China. */
export const fileText = async (file: Blob): Promise<string> => {
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
};

/** The lines of a file, each as its cells. No cell of the service's files has a line break. */
export const linesOf = (text: string): string[][] =>
  text
    .replace(/^\uFEFF/, '')
    .split(/\r\n?|\n/)
    .map(cellsOf);

/** What is pasted from such a file. Numbers have an apostrophe there, which keeps spreadsheets from rounding them. */
export const pastedText = (text: string): string => text.trim().replace(/^'(?=[+\d])/, '');

const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
  );
