/** The numbers that the two phones show, of a user or a service line. */
import type { Schemas } from '../../api/client';
import { TextField } from '../../parts/fields';
import { useText } from '../../text/language';
import { text } from './text';

export interface ShownValues {
  readonly 'shown/toCaller': string;
  readonly 'shown/toCallee': string;
}

type Shown = Schemas['ShownNumbersReply'];

export const shownValues = ({ toCaller, toCallee }: Shown): ShownValues => ({
  'shown/toCaller': toCaller ?? '',
  'shown/toCallee': toCallee ?? '',
});

export const shownIn = (values: ShownValues): Shown => ({
  toCaller: values['shown/toCaller'].trim() || null,
  toCallee: values['shown/toCallee'].trim() || null,
});

interface Props {
  readonly textOf: (name: keyof ShownValues) => {
    readonly value: string;
    readonly onChange: (value: string) => void;
    readonly error: string | undefined;
  };
}

export const ShownFields = ({ textOf }: Props) => {
  const t = useText(text);
  return (
    <fieldset>
      <legend>{t('shown')}</legend>
      <p className="help">{t('shownHelp')}</p>
      <div className="pair">
        <TextField label={t('toCaller')} type="tel" autoComplete="off" {...textOf('shown/toCaller')} />
        <TextField label={t('toCallee')} type="tel" autoComplete="off" {...textOf('shown/toCallee')} />
      </div>
    </fieldset>
  );
};
