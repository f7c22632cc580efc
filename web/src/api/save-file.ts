/** A browser may begin to read the file after the click, and asks the person first where it is told to. */
const KEPT_MS = 60_000;

/** Hands a file to the person, as a download. */
export const saveFile = (file: Blob, name: string): void => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
};
