/**
 * Job payloads come from outside this process: from the SQL of this version, from an older or newer version during an
 * upgrade, or by hand. Their shape is checked here. A malformed job fails and is retried later, like any other failure: a
 * replica of the version that added it may be able to run it.
 */
import { isCallSid } from '../call/record/call-sid.js';
import { isLong } from '../common/long.js';

/** The deliveries of one call to one endpoint. */
export interface DeliveryJob {
  readonly endpointId: string;
  readonly callSid: string;
}

/** @throws Error if the payload has another shape */
export const deliveryJobOf = (payload: unknown): DeliveryJob => {
  const callSid = fieldOf(payload, 'callSid');
  if (!isCallSid(callSid)) throw malformed('callSid', 'a string of 32 decimal digits');
  return { endpointId: endpointIdOf(payload), callSid };
};

/** @throws Error if the payload has another shape */
export const endpointIdOf = (payload: unknown): string => {
  const endpointId = fieldOf(payload, 'endpointId');
  if (!isLong(endpointId)) throw malformed('endpointId', 'a string with the decimal id of an endpoint');
  return endpointId;
};

/** A freeze to be announced to one endpoint. */
export interface FreezeJob {
  readonly endpointId: string;
  readonly freezeId: string;
}

/** @throws Error if the payload has another shape */
export const freezeJobOf = (payload: unknown): FreezeJob => {
  const freezeId = fieldOf(payload, 'freezeId');
  if (!isLong(freezeId)) throw malformed('freezeId', 'a string with the decimal id of a freeze');
  return { endpointId: endpointIdOf(payload), freezeId };
};

const fieldOf = (payload: unknown, name: string): unknown =>
  typeof payload === 'object' && payload !== null && name in payload
    ? (payload as Record<string, unknown>)[name]
    : undefined;

const malformed = (field: string, expected: string): Error =>
  new Error(`The job's payload is malformed: ${field} must be ${expected}.`);
