import type { Schemas } from '../../api/client';
import { RuleName, Said } from '../../parts/said';

/** What each rule saw and said. */
export const Checks = ({ checks }: { readonly checks: readonly Schemas['CheckReply'][] }) => (
  <dl className="checks">
    {checks.map(({ rule, saw, said }) => (
      <div key={rule}>
        <dt>
          <RuleName rule={rule} />
        </dt>
        <dd>
          <Said>{saw}</Said> → <Said>{said}</Said>
        </dd>
      </div>
    ))}
  </dl>
);
