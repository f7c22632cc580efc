import { useId, useState } from 'react';
import { common } from '../text/common';
import { useText } from '../text/language';
import './file-field.css';

interface Props {
  readonly label: string;
  readonly help?: string;
  readonly onChoose: (file: File) => void;
}

/**
 * A CSV file of the person's computer. The browser's own field works by keyboard, and takes a file that is dropped on it. But it
 * speaks the language of the browser, so it lies unseen above words in the language of the desk. It is emptied at once, because
 * Chrome tells the page of no choice if the same path is chosen again: a corrected file has the name of the one before.
 */
export const FileField = ({ label, help, onChoose }: Props) => {
  const id = useId();
  const t = useText(common);
  const [chosen, setChosen] = useState<string>();
  return (
    <div className="field file-field">
      <label htmlFor={id}>{label}</label>
      <div className="file-drop">
        <input
          id={id}
          type="file"
          accept=".csv,text/csv"
          aria-describedby={help === undefined ? `${id}-chosen` : `${id}-chosen ${id}-help`}
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            setChosen(file?.name);
            if (file) onChoose(file);
            currentTarget.value = '';
          }}
        />
        <span className="file-button" aria-hidden="true">
          {t('chooseFile')}
        </span>
        <span id={`${id}-chosen`} className={chosen === undefined ? 'quiet' : undefined} aria-hidden="true">
          {chosen ?? t('dropFile')}
        </span>
      </div>
      {help !== undefined && (
        <p id={`${id}-help`} className="help">
          {help}
        </p>
      )}
    </div>
  );
};
