/** A list that goes in as a file: it is chosen, what happens is named, and then it is sent. */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { fileText, linesOf } from '../../api/csv';
import { Button } from '../../parts/button';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { FileField } from '../../parts/file-field';
import { Failure } from '../../parts/states';

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
  const [done, setDone] = useState<string>();
  // Of several files, it has the one that was chosen last, whichever is read last.
  const reading = useMutation({ mutationFn: read, onMutate: () => setDone(undefined) });
  const { data: file } = reading;
  return (
    <>
      <FileField label={label} help={help} onChoose={(chosen) => reading.mutate(chosen)} />
      {reading.isError && <Failure error={reading.error} onRetry={() => reading.mutate(reading.variables)} />}
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
