import { useId } from 'react';
import './file-field.css';

interface Props {
  readonly label: string;
  readonly help?: string;
  readonly onChoose: (file: File) => void;
}

/** A CSV file of the person's computer. The browser's own field: it works by keyboard, and takes a file that is dropped on it. */
export const FileField = ({ label, help, onChoose }: Props) => {
  const id = useId();
  return (
    <div className="field file-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="file"
        accept=".csv,text/csv"
        {...(help !== undefined && { 'aria-describedby': `${id}-help` })}
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file) onChoose(file);
        }}
      />
      {help !== undefined && (
        <p id={`${id}-help`} className="help">
          {help}
        </p>
      )}
    </div>
  );
};
