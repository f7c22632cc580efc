/** Where an endpoint is and what it is told: to add one, and to change one. */
import type { ReactElement } from 'react';
import type { Schemas } from '../../api/client';
import { Checkbox } from '../../parts/checkbox';
import { TextField } from '../../parts/fields';
import { FormDialog, type Form } from '../../parts/form-dialog';
import { useText } from '../../text/language';
import { useTypeName } from './endpoint-state';
import { text } from './text';
import { WEBHOOK_TYPES, type Endpoint, type WebhookType } from './webhooks-api';

type Values = Readonly<Record<WebhookType, boolean> & { url: string; all: boolean }>;
type Settings = Schemas['NewWebhookEndpoint'];

interface Props {
  readonly trigger: ReactElement;
  readonly title: string;
  readonly submit: string;
  /** Absent for a new one. */
  readonly endpoint?: Endpoint;
  readonly onSubmit: (settings: Settings) => Promise<unknown>;
}

const NONE = Object.fromEntries(WEBHOOK_TYPES.map((type) => [type, false])) as Record<WebhookType, boolean>;

const valuesOf = ({ url, eventTypes }: Pick<Endpoint, 'url' | 'eventTypes'>): Values => ({
  ...NONE,
  ...(Object.fromEntries((eventTypes ?? []).map((type) => [type, true])) as Partial<Record<WebhookType, boolean>>),
  url,
  all: eventTypes === null,
});

const chosenIn = (values: Values): WebhookType[] => WEBHOOK_TYPES.filter((type) => values[type]);

const settingsOf = (values: Values): Settings => ({
  url: values.url.trim(),
  eventTypes: values.all ? null : chosenIn(values),
});

export const EndpointForm = ({ endpoint, onSubmit, ...props }: Props) => (
  <FormDialog
    {...props}
    initial={valuesOf(endpoint ?? { url: '', eventTypes: null })}
    onSubmit={(values) => onSubmit(settingsOf(values))}
  >
    {(form) => <Fields form={form} isNew={endpoint === undefined} />}
  </FormDialog>
);

const Fields = ({ form: { values, set, textOf }, isNew }: { readonly form: Form<Values>; readonly isNew: boolean }) => {
  const t = useText(text);
  const nameOf = useTypeName();
  return (
    <>
      {!isNew && <p className="quiet">{t('changeHelp')}</p>}
      <TextField
        label={t('url')}
        help={t('urlHelp')}
        type="url"
        placeholder="https://backend.example.com/ringback"
        isRequired
        {...textOf('url')}
      />
      <Checkbox isSelected={values.all} onChange={(all) => set({ all })}>
        {t('allTypesAlso')}
      </Checkbox>
      {!values.all && (
        <fieldset>
          <legend>{t('onlyTypes')}</legend>
          {WEBHOOK_TYPES.map((type) => (
            <Checkbox key={type} isSelected={values[type]} onChange={(isSelected) => set({ [type]: isSelected })}>
              {nameOf(type)} <code className="quiet">{type}</code>
            </Checkbox>
          ))}
          {chosenIn(values).length === 0 && (
            <p className="field-error" role="status">
              {t('chooseType')}
            </p>
          )}
        </fieldset>
      )}
    </>
  );
};
