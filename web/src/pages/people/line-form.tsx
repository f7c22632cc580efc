import type { ReactElement } from 'react';
import type { Schemas } from '../../api/client';
import { ProblemError } from '../../api/problem';
import { Checkbox } from '../../parts/checkbox';
import { FormDialog, type Form } from '../../parts/form-dialog';
import { TextField } from '../../parts/fields';
import { TextArea } from '../../parts/text-area';
import { TIME_ZONE } from '../../parts/time';
import { useText } from '../../text/language';
import { LinePhones, phoneValues, rowsIn } from './line-phones';
import { DAYS, partsIn } from './opening-hours';
import { ShownFields, shownIn, shownValues } from './shown-fields';
import { text } from './text';

export type Line = Schemas['ServiceLineReply'];
export type WrittenLine = Schemas['NewServiceLine'];

const NO_WEEK = {
  'hours/week/monday': '',
  'hours/week/tuesday': '',
  'hours/week/wednesday': '',
  'hours/week/thursday': '',
  'hours/week/friday': '',
  'hours/week/saturday': '',
  'hours/week/sunday': '',
};

const valuesOf = (line: Line | undefined) => {
  const week = line?.hours?.week ?? {};
  return {
    name: line?.name ?? '',
    ...phoneValues(line),
    position: String(line?.position ?? 1),
    callsAtOnce: line?.callsAtOnce?.toString() ?? '',
    open: line?.open ?? true,
    hasHours: line ? line.hours !== null : false,
    'hours/timeZone': line?.hours?.timeZone ?? TIME_ZONE,
    ...NO_WEEK,
    ...Object.fromEntries(DAYS.map((day) => [`hours/week/${day}`, (week[day] ?? []).join(', ')])),
    'hours/holidays': (line?.hours?.holidays ?? []).join(', '),
    ...shownValues(line?.shown ?? { toCaller: null, toCallee: null }),
  };
};

type LineValues = ReturnType<typeof valuesOf>;

/** What is not a number goes as it is, so that the service says what is wrong with it. */
const numberIn = (written: string): number => {
  const number = written.trim() === '' ? NaN : Number(written);
  return Number.isNaN(number) ? (written as unknown as number) : number;
};

const hoursIn = (values: LineValues): Schemas['OpeningHoursBody'] | null => {
  if (!values.hasHours) return null;
  const week = DAYS.map((day) => [day, partsIn(values[`hours/week/${day}`])] as const);
  return {
    timeZone: values['hours/timeZone'].trim(),
    week: Object.fromEntries(week.filter(([, ranges]) => ranges.length > 0)),
    holidays: partsIn(values['hours/holidays']),
  };
};

const phonesIn = (values: LineValues): Pick<WrittenLine, 'phones' | 'hunt'> => {
  const phones = rowsIn(values).map(({ phone, ringSeconds }) => ({
    phone,
    ringSeconds: ringSeconds === '' ? null : numberIn(ringSeconds),
  }));
  return { phones, ...(phones.length > 1 && { hunt: values.hunt }) };
};

const lineIn = (values: LineValues): WrittenLine => ({
  name: values.name,
  ...phonesIn(values),
  position: numberIn(values.position),
  callsAtOnce: values.callsAtOnce.trim() === '' ? null : numberIn(values.callsAtOnce),
  open: values.open,
  hours: hoursIn(values),
  shown: shownIn(values),
});

/** Only what was changed is sent: a number that is shown masked would not be taken. */
const changesOf = (line: Line, values: LineValues): Partial<WrittenLine> => {
  const [before, after] = [lineIn(valuesOf(line)), lineIn(values)];
  const isChanged = (name: keyof WrittenLine): boolean => JSON.stringify(after[name]) !== JSON.stringify(before[name]);
  return Object.fromEntries(Object.entries(after).filter(([name]) => isChanged(name as keyof WrittenLine)));
};

interface Fault {
  readonly where: string;
  readonly what: string;
}

/** A list is stored as a whole, so one who sees its numbers masked writes each of them. @throws ProblemError at those that are */
const expectWholeNumbers = ({ phones = [] }: Partial<WrittenLine>, what: string): void => {
  const errors = phones.flatMap(({ phone }, place): Fault[] =>
    phone.includes('*') ? [{ where: `/phones/${place}/phone`, what }] : [],
  );
  if (errors.length > 0) throw new ProblemError({ status: 400, code: 'BAD_REQUEST', errors });
};

/** The service names the hours and the phones as a whole; its words name the part. */
const withFields = (error: unknown, values: LineValues): unknown => {
  if (!(error instanceof ProblemError) || !error.problem.errors) return error;
  const errors = error.problem.errors.flatMap((fault) => {
    if (fault.where === '/hours') return [atPartOfHours(fault)];
    return fault.where === '/phones' && fault.what.includes('ringSeconds') ? atRings(fault, values) : [fault];
  });
  return new ProblemError({ ...error.problem, errors });
};

const atPartOfHours = ({ where, what }: Fault): Fault => {
  const [part = '', field] = /^(week\.\w+|holidays|timeZone)\S* /.exec(what) ?? [];
  return { where: field === undefined ? where : `/hours/${field.replace('.', '/')}`, what: what.slice(part.length) };
};

/** At each ring time that the service does not take. */
const atRings = (fault: Fault, values: LineValues): Fault[] => {
  const what = fault.what.replace('ringSeconds must be', 'must be');
  const faults = rowsIn(values).flatMap(({ ringSeconds }, place): Fault[] => {
    const isTaken = ringSeconds === '' || (/^\d+$/.test(ringSeconds) && +ringSeconds >= 5 && +ringSeconds <= 600);
    return isTaken ? [] : [{ where: `/phones/${place}/ringSeconds`, what }];
  });
  return faults.length > 0 ? faults : [fault];
};

interface Common {
  readonly trigger: ReactElement;
  readonly title: string;
  readonly submit: string;
}

type Props =
  | (Common & { readonly line?: undefined; readonly onStore: (line: WrittenLine) => Promise<unknown> })
  | (Common & { readonly line: Line; readonly onStore: (changes: Partial<WrittenLine>) => Promise<unknown> });

export const LineForm = ({ trigger, title, submit, ...props }: Props) => {
  const t = useText(text);
  const store = async (values: LineValues) => {
    try {
      if (!props.line) return await props.onStore(lineIn(values));
      const changes = changesOf(props.line, values);
      expectWholeNumbers(changes, t('phoneIsMasked'));
      return await props.onStore(changes);
    } catch (error) {
      throw withFields(error, values);
    }
  };
  return (
    <FormDialog trigger={trigger} title={title} submit={submit} initial={valuesOf(props.line)} onSubmit={store}>
      {(form) => <LineFields {...form} />}
    </FormDialog>
  );
};

const LineFields = (form: Form<LineValues>) => {
  const t = useText(text);
  const { values, set, textOf } = form;
  return (
    <>
      <TextField label={t('lineName')} isRequired autoFocus autoComplete="off" {...textOf('name')} />
      <LinePhones {...form} />
      <div className="pair">
        <TextField
          label={t('position')}
          help={t('positionHelp')}
          isRequired
          inputMode="numeric"
          {...textOf('position')}
        />
        <TextField
          label={t('callsAtOnce')}
          help={t('callsAtOnceHelp')}
          inputMode="numeric"
          {...textOf('callsAtOnce')}
        />
      </div>
      <Checkbox isSelected={values.open} onChange={(open) => set({ open })}>
        {t('isOpen')}
        <br />
        <span className="help">{t('isOpenHelp')}</span>
      </Checkbox>
      <Checkbox isSelected={values.hasHours} onChange={(hasHours) => set({ hasHours })}>
        {t('hasHours')}
      </Checkbox>
      {values.hasHours && (
        <fieldset>
          <legend>{t('hours')}</legend>
          <p className="help">{t('hoursHelp')}</p>
          <TextField label={t('timeZone')} isRequired autoComplete="off" {...textOf('hours/timeZone')} />
          <div className="week">
            {DAYS.map((day) => (
              <TextField key={day} label={t(`day.${day}`)} autoComplete="off" {...textOf(`hours/week/${day}`)} />
            ))}
          </div>
          <TextArea label={t('holidays')} help={t('holidaysHelp')} rows={2} {...textOf('hours/holidays')} />
        </fieldset>
      )}
      <ShownFields textOf={textOf} />
    </>
  );
};
