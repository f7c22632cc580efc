/**
 * Merges a realtime CDR of both legs (needBothCdr=1) into the fields of one call. Its parts are `callerCdr` and
 * `calledCdr`, in either order and any case, with the same field names. For a leg that was never called, all fields are
 * present and empty. Pure.
 */
import type { WireBody, WireFields } from './wire-body.js';

/** Only leg A's: the same name in leg B's part is another time. */
const OF_LEG_A = ['begincalltime', 'ringingbegintime', 'ringingendtime'];
/** Leg A's value, as in a CDR of one leg. It may be empty if leg B ended the call. */
const CAUSE = 'byetype';

/** The name of leg B's start of ringing in the merged fields. */
export const CALLEE_RINGING = 'calledcdr.ringingbegintime';

const NOTHING: WireFields = new Map();

/** If the body has no legs, its fields unchanged. */
export const joinedLegs = ({ fields, part }: WireBody): WireFields => {
  const [caller, callee] = [part('callercdr'), part('calledcdr')];
  if (!caller && !callee) return fields;
  return new Map<string, string>([
    ...fields,
    ...told(caller ?? NOTHING),
    // The talk and its duration are leg B's, if it had one.
    ...told(callee ?? NOTHING).filter(([name]) => name !== CAUSE && !OF_LEG_A.includes(name)),
    [CAUSE, first(CAUSE, caller, callee)],
    ...OF_LEG_A.map((name): [string, string] => [name, first(name, caller)]),
    [CALLEE_RINGING, first('ringingbegintime', callee)],
  ]);
};

const told = (leg: WireFields): [string, string][] => [...leg].filter(([, value]) => value !== '');

const first = (name: string, ...legs: readonly (WireFields | null)[]): string =>
  legs.map((leg) => leg?.get(name) ?? '').find((value) => value !== '') ?? '';
