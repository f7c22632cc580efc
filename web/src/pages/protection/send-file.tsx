/** A list that goes in as a file: it is chosen, what happens is named, and then it is sent. */
import { useState } from 'react';
import { fileText, linesOf } from '../../api/csv';
import { Button } from '../../parts/button';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { FileField } from '../../parts/file-field';

export interface ChosenFile {
  readonly name: string;
  readonly content: Blob;
  /** Without the first one, which names the columns. */
  readonly rows: number;
}

interface Props {
  readonly label: string;
  readonly help: string;
  readonly texts: (file: ChosenFile) => { readonly button: string; readonly title: string; readonly warning: string };
  /** @returns what was done, in words */
  readonly onSend: (content: Blob) => Promise<string>;
}

const read = async (file: File): Promise<ChosenFile> => {
  // Read at once: what is sent is what was looked at.
  const content = new Blob([await file.arrayBuffer()]);
  const lines = linesOf(await fileText(content)).filter((cells) => cells.some((cell) => cell !== ''));
  return { name: file.name, content, rows: Math.max(0, lines.length - 1) };
};

export const SendFile = ({ label, help, texts, onSend }: Props) => {
  const [file, setFile] = useState<ChosenFile>();
  const [done, setDone] = useState<string>();
  const choose = async (chosen: File) => {
    setDone(undefined);
    setFile(await read(chosen));
  };
  return (
    <>
      <FileField label={label} help={help} onChoose={(chosen) => void choose(chosen)} />
      {file && done === undefined && (
        <div>
          <ConfirmDialog
            trigger={<Button kind="main">{texts(file).button}</Button>}
            title={texts(file).title}
            confirm={texts(file).button}
            onConfirm={async () => setDone(await onSend(file.content))}
          >
            {texts(file).warning}
          </ConfirmDialog>
        </div>
      )}
      {done !== undefined && (
        <p className="notice" role="status">
          {done}
        </p>
      )}
    </>
  );
};
