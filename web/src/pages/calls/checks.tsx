import type { Schemas } from '../../api/client';

/** What each rule saw and said, as the service says it. */
export const Checks = ({ checks }: { readonly checks: readonly Schemas['CheckReply'][] }) => (
  <dl className="checks">
    {checks.map(({ rule, saw, said }) => (
      <div key={rule}>
        <dt>
          <code>{rule}</code>
        </dt>
        <dd lang="en">
          {saw} → {said}
        </dd>
      </div>
    ))}
  </dl>
);
