import type { Schemas } from '../../api/client';
import { Badge, type Tone } from '../../parts/badge';
import { useText } from '../../text/language';
import { Codes } from './codes';
import { text } from './text';

type Attempt = Schemas['CallBundleReply']['routing']['attempts'][number];

const TONES: Readonly<Record<Attempt['outcome'], Tone>> = {
  accepted: 'good',
  refused: 'bad',
  passed_over: 'plain',
  unknown: 'warn',
};

export const Routing = ({ attempts }: { readonly attempts: readonly Attempt[] }) => {
  const t = useText(text);
  return (
    <ol className="tried">
      {attempts.map(({ provider, outcome, why }, place) => (
        // A provider may be passed over and tried later.
        <li key={`${provider} ${place}`}>
          <strong>{provider}</strong> <Badge tone={TONES[outcome]}>{t(`attempt.${outcome}`)}</Badge>
          {why !== null && <Codes codes={why} />}
        </li>
      ))}
    </ol>
  );
};
