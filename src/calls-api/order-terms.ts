/** What a backend says of a call beyond whom it connects: within our limits, and as placing a call takes it. Pure. */
import type { CallTerms } from '../call/placement/call-terms.js';
import type { KeyedRequest } from '../call/record/idempotent-requests.js';
import { AppError, type Fault } from '../common/error-table.js';
import type { Config } from '../config/config.js';
import type { ProviderRegistry } from '../telephony/provider-registry.js';
import type { ShownNumbers } from '../directory/shown-numbers.js';
import { bodyProblem } from './call-problems.js';
import type { NewCall } from './new-call.dto.js';

/** @throws AppError for what no call can have here */
export const refuseTerms = (
  { limits = {}, route, provider, notAfter }: NewCall,
  config: Config,
  providers: ProviderRegistry,
) => {
  // A phone that rings for longer than its state may last would have its call closed while it rings.
  const faults = [
    ...faultOf('ringCaller', limits.ringCaller, config.longestRequestedSeconds - 1),
    ...faultOf('ringCallee', limits.ringCallee, config.longestRingingSeconds - 1),
    ...faultOf('longestTalk', limits.longestTalk, config.longestTalkSeconds),
  ];
  if (faults.length > 0) throw new AppError('BAD_REQUEST', { faults });
  if (provider !== undefined && providers.namedBy(provider).length === 0) {
    const names = [...new Set([...providers.kinds, ...providers.all.map(({ name }) => name)])].join(', ');
    throw bodyProblem('UNKNOWN_PROVIDER', '/provider', `must be one of ${names}`);
  }
  if (route !== undefined && !providers.routes.some(({ to }) => to === route)) {
    const names = providers.routes.map(({ to }) => `"${to}"`).join(', ');
    throw bodyProblem('BAD_REQUEST', '/route', `must be a route of this service: ${names}`);
  }
  if (notAfter && notAfter.getTime() < Date.now()) throw bodyProblem('CALL_TOO_LATE', '/notAfter', 'is past');
};

const faultOf = (name: string, seconds: number | undefined, max: number): Fault[] =>
  seconds !== undefined && seconds > max ? [{ where: `/limits/${name}`, what: `must be ${max} at most here` }] : [];

export const termsOf = (
  { metadata, limits = {}, record, notAfter, route, provider }: NewCall,
  { toCaller, toCallee }: ShownNumbers,
  subject: string,
  request: KeyedRequest | null,
): CallTerms => ({
  placedBy: subject,
  metadata: metadata ?? null,
  longestTalkSeconds: limits.longestTalk ?? null,
  request,
  notAfter: notAfter ?? null,
  route: route ?? null,
  provider: provider ?? null,
  dial: {
    ...(limits.ringCaller !== undefined && { ringCallerSeconds: limits.ringCaller }),
    ...(limits.ringCallee !== undefined && { ringCalleeSeconds: limits.ringCallee }),
    ...(limits.longestTalk !== undefined && { longestTalkSeconds: limits.longestTalk }),
    ...(record !== undefined && { record }),
    ...(toCaller !== null && { shownToCaller: toCaller }),
    ...(toCallee !== null && { shownToCallee: toCallee }),
  },
});
