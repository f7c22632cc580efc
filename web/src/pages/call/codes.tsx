import { useText } from '../../text/language';
import { causeKeyOf, causeText } from './cause-words';

interface Props {
  /** As the provider has sent them. */
  readonly codes: Readonly<Record<string, unknown>>;
}

/** Most codes are texts and numbers. The phones of a line are a list of objects. */
export const codeText = (value: unknown): string => {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(codeText).join('; ');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, one]) => `${name} ${codeText(one)}`)
    .join(', ');
};

/** Each code, and what it means where that is known. */
export const Codes = ({ codes }: Props) => {
  const t = useText(causeText);
  return (
    <ul className="codes">
      {Object.entries(codes).map(([name, value]) => {
        const key = causeKeyOf(name, value);
        return (
          <li key={name}>
            <code>
              {name} {codeText(value)}
            </code>
            {key !== null && <span className="quiet"> {t(key)}</span>}
          </li>
        );
      })}
    </ul>
  );
};
