/** Every outcome of a call, and the expected record, timeline, phones and detail records. */
import type { startPhone } from './phone.js';

type Habits = Parameters<typeof startPhone>[1];
/** nobody: no phone is registered. dead: nothing listens at the phone's address. */
type Party = Habits | 'nobody' | 'dead';

export interface Scenario {
  readonly name: string;
  readonly a?: Party;
  readonly b?: Party;
  /** The state after which the call is canceled. */
  readonly cancelAfter?: '1' | '2' | '3';
  readonly endReason: string;
  /** Asterisk's events in order. */
  readonly story: string;
  /** Messages that each phone must have seen, among others. */
  readonly aSaw?: readonly string[];
  readonly bSaw?: readonly string[];
}

const SHORT = 300;
export const WHOLE = 'caller_answered ringing answered ended';
const RANG = 'caller_answered ringing ended';

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'answered, ended by B',
    b: { talkMs: SHORT },
    endReason: 'completed',
    story: WHOLE,
    aSaw: ['BYE'],
    bSaw: ['sent BYE'],
  },
  {
    name: 'answered, ended by A',
    a: { talkMs: 900 },
    b: {},
    endReason: 'completed',
    story: WHOLE,
    aSaw: ['sent BYE'],
    bSaw: ['BYE'],
  },
  {
    name: 'answered, ended by a cancel',
    b: {},
    cancelAfter: '3',
    endReason: 'completed',
    story: WHOLE,
    aSaw: ['BYE'],
    bSaw: ['BYE'],
  },
  { name: 'the talk’s limit', b: {}, endReason: 'completed', story: WHOLE, aSaw: ['BYE'], bSaw: ['BYE'] },
  {
    name: 'B busy',
    b: { refusal: '486 Busy Here' },
    endReason: 'busy',
    story: RANG,
    aSaw: ['BYE'],
    bSaw: ['sent 486'],
  },
  {
    name: 'B declined',
    b: { refusal: '603 Decline' },
    endReason: 'rejected',
    story: RANG,
    aSaw: ['BYE'],
    bSaw: ['sent 603'],
  },
  {
    name: 'B does not answer',
    b: { ringMs: 60_000 },
    endReason: 'no_answer',
    story: RANG,
    aSaw: ['BYE'],
    bSaw: ['CANCEL'],
  },
  {
    name: 'B 404',
    b: { early: '100 Trying', refusal: '404 Not Found' },
    endReason: 'unreachable',
    story: 'caller_answered ended',
    bSaw: ['sent 404'],
  },
  {
    name: 'B 480',
    b: { early: '100 Trying', refusal: '480 Temporarily Unavailable' },
    endReason: 'unreachable',
    story: 'caller_answered ended',
    bSaw: ['sent 480'],
  },
  {
    name: 'B 503',
    b: { early: '100 Trying', refusal: '503 Service Unavailable' },
    endReason: 'failed',
    story: 'caller_answered ended',
    bSaw: ['sent 503'],
  },
  {
    name: 'nothing at B’s address',
    b: 'dead',
    endReason: 'unreachable',
    story: 'caller_answered ended',
    aSaw: ['BYE'],
  },
  {
    name: 'no phone registered for B',
    b: 'nobody',
    endReason: 'unreachable',
    story: 'caller_answered ended',
    aSaw: ['BYE'],
  },
  {
    name: 'A 404',
    a: { early: '100 Trying', refusal: '404 Not Found' },
    endReason: 'unreachable',
    story: 'ended',
    aSaw: ['sent 404'],
    bSaw: [],
  },
  {
    name: 'A 480',
    a: { early: '100 Trying', refusal: '480 Temporarily Unavailable' },
    endReason: 'unreachable',
    story: 'ended',
    aSaw: ['sent 480'],
    bSaw: [],
  },
  {
    name: 'A 503 after ringing',
    a: { refusal: '503 Service Unavailable' },
    endReason: 'failed',
    story: 'ended',
    aSaw: ['sent 503'],
    bSaw: [],
  },
  { name: 'A busy', a: { refusal: '486 Busy Here' }, endReason: 'busy', story: 'ended', aSaw: ['sent 486'], bSaw: [] },
  {
    name: 'A declined',
    a: { refusal: '603 Decline' },
    endReason: 'rejected',
    story: 'ended',
    aSaw: ['sent 603'],
    bSaw: [],
  },
  {
    name: 'A does not answer',
    a: { ringMs: 60_000 },
    endReason: 'no_answer',
    story: 'ended',
    aSaw: ['CANCEL'],
    bSaw: [],
  },
  { name: 'nothing at A’s address', a: 'dead', endReason: 'unreachable', story: 'ended', bSaw: [] },
  {
    name: 'A hangs up while B rings',
    a: { talkMs: 600 },
    b: { ringMs: 60_000 },
    endReason: 'canceled',
    story: RANG,
    bSaw: ['CANCEL'],
  },
  {
    name: 'a cancel while A rings',
    a: { ringMs: 60_000 },
    cancelAfter: '1',
    endReason: 'canceled',
    story: 'ended',
    aSaw: ['CANCEL'],
    bSaw: [],
  },
  {
    name: 'a cancel while B rings',
    b: { ringMs: 60_000 },
    cancelAfter: '2',
    endReason: 'canceled',
    story: RANG,
    aSaw: ['BYE'],
    bSaw: ['CANCEL'],
  },
];
