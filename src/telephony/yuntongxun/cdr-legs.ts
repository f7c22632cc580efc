/**
 * A realtime CDR of both legs (needBothCdr=1) read as one of the call: `callerCdr` and `calledCdr`, in either order and in any
 * case, with the same names in both. A leg that was never called has all of them, and they are empty. Pure.
 */
import type { WireBody, WireFields } from './wire-body.js';

/** Of leg A alone: the same name in leg B's part is another time. */
const OF_LEG_A = ['begincalltime', 'ringingbegintime', 'ringingendtime'];
/** Leg A's is what a CDR of one leg has; it may be empty where leg B ended the call. */
const CAUSE = 'byetype';

/** The name under which the joined fields have the beginning of leg B's ringing. */
export const CALLEE_RINGING = 'calledcdr.ringingbegintime';

const NOTHING: WireFields = new Map();

/** The fields as they are where the body has no legs. */
export const joinedLegs = ({ fields, part }: WireBody): WireFields => {
  const [caller, callee] = [part('callercdr'), part('calledcdr')];
  if (!caller && !callee) return fields;
  return new Map<string, string>([
    ...fields,
    ...told(caller ?? NOTHING),
    // The talk and its seconds are leg B's, where it had one.
    ...told(callee ?? NOTHING).filter(([name]) => name !== CAUSE && !OF_LEG_A.includes(name)),
    [CAUSE, first(CAUSE, caller, callee)],
    ...OF_LEG_A.map((name): [string, string] => [name, first(name, caller)]),
    [CALLEE_RINGING, first('ringingbegintime', callee)],
  ]);
};

const told = (leg: WireFields): [string, string][] => [...leg].filter(([, value]) => value !== '');

const first = (name: string, ...legs: readonly (WireFields | null)[]): string =>
  legs.map((leg) => leg?.get(name) ?? '').find((value) => value !== '') ?? '';
