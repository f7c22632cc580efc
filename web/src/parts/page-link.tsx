/** A link from an id to the page of what it names, if the desk has that page and the person may see it. */
import { Link, useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useMay } from '../api/session';

interface Props {
  /** As the audit has it: such as `user:1001`, or `call:` and a callSid. */
  readonly target: string;
  readonly children: ReactNode;
}

const PATHS: readonly (readonly [target: RegExp, path: string])[] = [
  [/^call:(\d+)$/, '/calls/$1'],
  [/^(?:user|sub-account):(\d+)(?:\/.*)?$/, '/people/users/$1'],
  [/^service-line:\d+$/, '/people/lines'],
  [/^webhook-endpoint:(\d+)$/, '/webhooks/$1'],
  [/^suppression:\d+$/, '/protection'],
  [/^freeze:\d+$/, '/protection/freezes'],
  [/^budget:\d+$/, '/protection/money'],
];

export const PageLink = ({ target, children }: Props) => {
  const router = useRouter();
  const mayRead = useMay('admin:read');
  const [kind, path] = PATHS.find(([pattern]) => pattern.test(target)) ?? [];
  if (!mayRead || kind === undefined || path === undefined) return children;
  const to = target.replace(kind, path);
  const [, , found] = router.getMatchedRoutes(to);
  if (found === undefined) return children;
  // The type of a link has the paths with the names of their parameters.
  return <Link to={to as '/'}>{children}</Link>;
};
