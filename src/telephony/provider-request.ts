/** A request to a provider and its reply, as administrators see them: without secrets, and with masked numbers. */
import { loggedMessage } from '../common/logged-error.js';
import { maskPhone, writtenPhone } from '../common/phone-number.js';
import { loggedRefusal } from './logged-refusal.js';
import type {
  CallStatus,
  DialOutcome,
  DialRequest,
  DialTerms,
  HangUpOutcome,
  HuntedNumber,
  ProviderCall,
} from './telephony-provider.js';

export const PROVIDER_OPERATIONS = ['dial', 'hang_up', 'fetch_status', 'create_sub_account'] as const;
export type ProviderOperation = (typeof PROVIDER_OPERATIONS)[number];

type Facts = Readonly<Record<string, unknown>>;

export interface ProviderRequest {
  readonly provider: string;
  readonly operation: ProviderOperation;
  readonly startedAt: Date;
  /** Null while it is in flight. */
  durationMs: number | null;
  readonly request: Facts;
  /** Null while it is in flight, and if it failed. */
  reply: Facts | null;
  /** Why there is no reply: the outcome is unknown, or the request was not sent. */
  error: string | null;
}

/** The credentials' secret is left out. */
export const dialFacts = ({
  callerPhone,
  calleePhone,
  calleeExtension,
  hunt,
  subAccount,
  terms,
}: DialRequest): Facts => ({
  callerPhone: maskPhone(callerPhone),
  calleePhone: maskPhone(writtenPhone(calleePhone, calleeExtension ?? null)),
  ...(hunt && { hunt: hunt.map(shownNumber) }),
  subAccount: subAccount.externalId,
  ...(terms && { terms: maskedTerms(terms) }),
});

/** As administrators see it. */
export const shownNumber = ({ phone, extension, ringSeconds }: HuntedNumber): Facts => ({
  phone: maskPhone(writtenPhone(phone, extension ?? null)),
  ringSeconds,
});

const maskedTerms = ({ shownToCaller, shownToCallee, ...terms }: DialTerms): Facts => ({
  ...terms,
  ...(shownToCaller !== undefined && { shownToCaller: maskPhone(shownToCaller) }),
  ...(shownToCallee !== undefined && { shownToCallee: maskPhone(shownToCallee) }),
});

export const orderFacts = ({ providerCallId }: ProviderCall, before?: string): Facts => ({
  providerCallId,
  ...(before !== undefined && { before }),
});

/** The details of events are in the timeline. */
export const replyFacts = (reply: DialOutcome | HangUpOutcome | CallStatus): Facts => {
  if (reply.kind === 'refused') return { kind: reply.kind, ...loggedRefusal(reply) };
  if (reply.kind !== 'known') return { ...reply };
  return { kind: reply.kind, events: reply.events.map(({ type, occurredAt }) => ({ type, occurredAt })) };
};

export const errorText = (error: unknown): string => (error instanceof Error ? loggedMessage(error) : 'not an error');
