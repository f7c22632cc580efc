/** What an entry keeps of a change: the fields as they were and as they are since; and other facts. */
import type { Schemas } from '../../api/client';
import { Time } from '../../parts/time';
import { isObject, valueText } from '../../parts/value-text';
import { useText } from '../../text/language';
import { text } from './text';

type Entry = Schemas['AuditEntryReply'];
type Facts = Readonly<Record<string, unknown>>;

export const EntryFacts = ({ entry: { before, after, detail } }: { readonly entry: Entry }) => {
  const [was, is, others] = [flat(before), flat(after), flat(detail)];
  // Of what is new or gone, the fields without a value say nothing.
  const changed = [...new Set([...was.keys(), ...is.keys()])].filter(
    (name) => (was.get(name) ?? is.get(name) ?? null) !== null,
  );
  const told = [...others].filter(([, value]) => value !== null);
  if (changed.length + told.length === 0) return '–';
  return (
    <dl className="entry-facts">
      {changed.map((name) => (
        <div key={name}>
          <dt>
            <code>{name}</code>
          </dt>
          <dd>
            <Change was={was.get(name)} is={is.get(name)} />
          </dd>
        </div>
      ))}
      {told.map(([name, value]) => (
        <div key={name}>
          <dt>
            <code>{name}</code>
          </dt>
          <dd>
            <Shown value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
};

type Value = string | null;

interface ChangeProps {
  readonly was: Value | undefined;
  readonly is: Value | undefined;
}

/** Without the one, the thing is new. Without the other, it is gone. */
const Change = ({ was, is }: ChangeProps) => {
  const t = useText(text);
  const [old, now] = [<Shown value={was} />, <Shown value={is} />];
  if (was === undefined) return <ins>{now}</ins>;
  if (is === undefined) {
    return (
      <>
        <span className="quiet">{t('was')}</span> <del>{old}</del>
      </>
    );
  }
  return (
    <>
      <del>{old}</del> → <ins>{now}</ins>
    </>
  );
};

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

const Shown = ({ value }: { readonly value: Value | undefined }) => {
  const t = useText(text);
  if (value === null || value === undefined) return <em>{t('unset')}</em>;
  return INSTANT.test(value) ? <Time at={value} /> : value;
};

/** Such as `query.phone`. Lists stay whole. */
const flat = (facts: Facts | null, prefix = ''): ReadonlyMap<string, Value> =>
  new Map(
    Object.entries(facts ?? {}).flatMap(([name, value]): (readonly [string, Value])[] =>
      isObject(value)
        ? [...flat(value, `${prefix}${name}.`)]
        : [[prefix + name, value === null ? null : valueText(value)]],
    ),
  );
