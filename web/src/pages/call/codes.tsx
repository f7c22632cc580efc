import { valueText } from '../../parts/value-text';
import { useText } from '../../text/language';
import { causeKeyOf, causeText } from './cause-words';

interface Props {
  /** As the provider has sent them. */
  readonly codes: Readonly<Record<string, unknown>>;
}

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
              {name} {valueText(value)}
            </code>
            {key !== null && <span className="quiet"> {t(key)}</span>}
          </li>
        );
      })}
    </ul>
  );
};
