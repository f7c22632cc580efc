/** The phones of a service line in its form, in the order in which a call tries them. One alone looks like any other field. */
import { useEffect, useRef, useState } from 'react';
import type { Schemas } from '../../api/client';
import { Button } from '../../parts/button';
import { Select, TextField } from '../../parts/fields';
import type { Form } from '../../parts/form-dialog';
import { useText } from '../../text/language';
import './people.css';
import { text } from './text';

/** The service takes no more. */
const PLACES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
type Place = (typeof PLACES)[number];

/** The names of fields that a form has from its beginning. Those from `phoneCount` on are empty. */
type RowValues = Readonly<Record<`phones/${Place}/${'phone' | 'ringSeconds'}`, string>> & {
  readonly phoneCount: string;
};

export type PhoneValues = RowValues & {
  readonly hunt: Schemas['ServiceLineReply']['hunt'];
  /** Whether ring times are shown: from the second phone on, or where one is set. */
  readonly hasRings: boolean;
};

interface Row {
  readonly phone: string;
  readonly ringSeconds: string;
}

const NO_ROW: Row = { phone: '', ringSeconds: '' };

const rowValues = (rows: readonly Row[]): RowValues => {
  const fields = PLACES.flatMap((place) => {
    const { phone, ringSeconds } = rows[place] ?? NO_ROW;
    return [
      [`phones/${place}/phone`, phone],
      [`phones/${place}/ringSeconds`, ringSeconds],
    ] as const;
  });
  return { ...(Object.fromEntries(fields) as RowValues), phoneCount: String(rows.length) };
};

export const rowsIn = (values: RowValues): Row[] =>
  PLACES.slice(0, Number(values.phoneCount)).map((place) => ({
    phone: values[`phones/${place}/phone`].trim(),
    ringSeconds: values[`phones/${place}/ringSeconds`].trim(),
  }));

export const phoneValues = (line: Schemas['ServiceLineReply'] | undefined): PhoneValues => {
  const rows = line?.phones.map(({ phone, ringSeconds }) => ({ phone, ringSeconds: ringSeconds?.toString() ?? '' }));
  return {
    ...rowValues(rows ?? [NO_ROW]),
    hunt: line?.hunt ?? 'order',
    hasRings: rows !== undefined && (rows.length > 1 || rows.some(({ ringSeconds }) => ringSeconds !== '')),
  };
};

export const LinePhones = ({ values, set, textOf }: Form<PhoneValues>) => {
  const t = useText(text);
  const rows = rowsIn(values);
  const isOne = rows.length === 1;
  const addButton = useRef<HTMLButtonElement>(null);
  const [added, setAdded] = useState<number | null>(null);
  const [isLosingFocus, setLosingFocus] = useState(false);
  useEffect(() => {
    if (!isLosingFocus) return;
    addButton.current?.focus();
    setLosingFocus(false);
  }, [isLosingFocus]);
  const add = () => {
    setAdded(rows.length);
    set({ ...rowValues([...rows, NO_ROW]), hasRings: true });
  };
  const remove = (place: Place) => {
    setAdded(null);
    // The next row's button comes to its place, unless there is none.
    setLosingFocus(place === rows.length - 1 || rows.length === 2);
    set(rowValues(rows.filter((_, other) => other !== place)));
  };
  return (
    <div role="group" aria-label={t('phones')} className="line-phones">
      {PLACES.slice(0, rows.length).map((place) => {
        const name = isOne ? t('phone') : t('phoneAt', { place: place + 1 });
        return (
          <div
            key={place}
            className="line-phone"
            {...(!isOne && { role: 'group', 'aria-label': t('phoneRow', { place: place + 1 }) })}
          >
            <TextField
              label={name}
              help={isOne ? t('linePhoneHelp') : undefined}
              type="tel"
              isRequired
              autoComplete="off"
              autoFocus={place === added}
              {...textOf(`phones/${place}/phone`)}
            />
            {values.hasRings && (
              <TextField
                label={t('ringSeconds')}
                inputMode="numeric"
                autoComplete="off"
                {...textOf(`phones/${place}/ringSeconds`)}
              />
            )}
            {!isOne && (
              <Button
                kind="quiet"
                aria-label={t('removePhone', { place: place + 1 })}
                onPress={() => {
                  remove(place);
                }}
              >
                <span aria-hidden="true">✕</span>
              </Button>
            )}
          </div>
        );
      })}
      {!isOne && <p className="help">{t('phonesHelp')}</p>}
      {rows.length < PLACES.length && (
        <span>
          <Button ref={addButton} onPress={add}>
            {t('addPhone')}
          </Button>
        </span>
      )}
      {!isOne && (
        <Select
          label={t('hunt')}
          options={[
            { value: 'order', label: t('hunt.order') },
            { value: 'turn', label: t('hunt.turn') },
          ]}
          value={values.hunt}
          onChange={(hunt) => {
            set({ hunt });
          }}
        />
      )}
    </div>
  );
};
