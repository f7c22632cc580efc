/** What an entry keeps of a change: the fields as they were and as they are since; and other facts. */
import type { Schemas } from '../../api/client';
import { useText } from '../../text/language';
import { text } from './text';

type Entry = Schemas['AuditEntryReply'];
type Facts = Readonly<Record<string, unknown>>;

export const EntryFacts = ({ entry: { before, after, detail } }: { readonly entry: Entry }) => {
  const [was, is, others] = [flat(before), flat(after), flat(detail)];
  const changed = [...new Set([...was.keys(), ...is.keys()])];
  if (changed.length + others.size === 0) return '–';
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
      {[...others].map(([name, value]) => (
        <div key={name}>
          <dt>
            <code>{name}</code>
          </dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
};

/** Without the one, the thing is new. Without the other, it is gone. */
const Change = ({ was, is }: { readonly was: string | undefined; readonly is: string | undefined }) => {
  const t = useText(text);
  if (was === undefined) return <ins>{is}</ins>;
  if (is === undefined) {
    return (
      <>
        <span className="quiet">{t('was')}</span> <del>{was}</del>
      </>
    );
  }
  return (
    <>
      <del>{was}</del> → <ins>{is}</ins>
    </>
  );
};

/** Such as `query.phone`. Lists stay whole. */
const flat = (facts: Facts | null, prefix = ''): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(facts ?? {}).flatMap(([name, value]): (readonly [string, string])[] =>
      isObject(value) && Object.keys(value).length > 0
        ? [...flat(value, `${prefix}${name}.`)]
        : [[prefix + name, textOf(value)]],
    ),
  );

const isObject = (value: unknown): value is Facts =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value === '' ? '""' : value;
  if (Array.isArray(value)) return value.map(textOf).join(', ') || '[]';
  return JSON.stringify(value);
};
