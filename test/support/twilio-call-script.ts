/** Scripts of calls, chosen by the last two digits of the callee's number, as with the simulator. */
import { callerHangsUp, detect, endLegB, isOver, newLeg, progress, sendKeys } from './twilio-calls.js';
import type { GatherInstruction } from './twilio-twiml.js';
import { PHASES, type Call, type CallWorld, type Leg, type Phase, type Status } from './twilio-calls.js';

/** @param phase the phase that the step leads to; a call that is held before it stays there */
const after = (world: CallWorld, call: Call, seconds: number, phase: Phase, act: () => void): void => {
  if (PHASES.indexOf(phase) > PHASES.indexOf(world.heldAt() ?? 'ended')) return;
  const timer = setTimeout(
    () => {
      call.timers.delete(timer);
      act();
    },
    (seconds * 1000) / world.speed,
  );
  call.timers.add(timer);
};

/** Seconds. */
const PICK_UP = 2;
const SHOWS = 1;
const DECIDES = 5;
const TALK = 10;
const DETECTS = 2;

/** A callee whose voicemail answers. */
const VOICEMAIL = '14';
/** A callee who hangs up in the whisper. */
const LEAVES_WHISPER = '15';

export const place = (world: CallWorld, call: Call): void => {
  const { legA } = call;
  progress(world, call, legA, 'queued');
  after(world, call, PICK_UP / 2, 'nothing', () => progress(world, call, legA, 'ringing'));
  if (call.dial.number.endsWith('05')) {
    after(world, call, call.ringCallerSeconds, 'ended', () => progress(world, call, legA, 'no-answer', 487));
    return;
  }
  after(world, call, PICK_UP, 'caller_answered', () => {
    progress(world, call, legA, 'in-progress', 200);
    if (isOver(legA)) return;
    if (call.gather) asks(world, call, call.gather);
    else ringLegB(world, call);
  });
};

/** What a caller does who is asked for a key, by the last two digits of the number. */
const HANGS_UP = 'hangs up';
const CALLERS: Readonly<Record<string, string>> = { '50': '', '55': '5', '59': HANGS_UP };

const asks = (world: CallWorld, call: Call, gather: GatherInstruction): void => {
  const keys = CALLERS[call.legA.to.slice(-2)] ?? world.keys;
  if (keys === HANGS_UP) {
    after(world, call, SHOWS, 'caller_answered', () => callerHangsUp(world, call));
    return;
  }
  after(world, call, keys === '' ? gather.timeoutSeconds : SHOWS, 'caller_answered', () => {
    void sendKeys(world, call, gather, keys).then((dials) => {
      if (dials) ringLegB(world, call);
    });
  });
};

/** Leg B's phone never rings. */
const FAILURES_AT_ONCE: Readonly<Record<string, [Status, number]>> = { '01': ['busy', 486], '04': ['failed', 404] };

export const ringLegB = (world: CallWorld, call: Call): void => {
  const { dial, legA } = call;
  const legB = newLeg(
    {
      accountSid: legA.accountSid,
      parentSid: legA.sid,
      to: dial.number,
      from: dial.callerId,
      statusCallback: dial.statusCallback,
      statusCallbackEvents: dial.statusCallbackEvents,
    },
    world.now(),
  );
  if (call.legB) call.earlierLegs.push(call.legB);
  call.legB = legB;
  call.joined = false;
  progress(world, call, legB, 'queued');
  const ends = (seconds: number, status: Status, sipCode: number): void => {
    after(world, call, seconds, 'ended', () => endLegB(world, call, status, sipCode));
  };
  const script = dial.number.slice(-2);
  const failure = FAILURES_AT_ONCE[script];
  if (failure) {
    ends(SHOWS, ...failure);
    return;
  }
  after(world, call, SHOWS, 'ringing', () => progress(world, call, legB, 'ringing'));
  if (script === '02') ends(dial.timeoutSeconds, 'no-answer', 487);
  else if (script === '03') ends(DECIDES, 'busy', 603);
  else talk(world, call, legB, script, ends);
};

const talk = (
  world: CallWorld,
  call: Call,
  legB: Leg,
  script: string,
  ends: (seconds: number, status: Status, sipCode: number) => void,
): void => {
  const join = (): void => {
    call.joined = true;
  };
  const whisper = call.dial.whisperUrl === null ? 0 : world.whisperSeconds();
  after(world, call, DECIDES, 'answered', () => {
    progress(world, call, legB, 'in-progress', 200);
    if (whisper === 0) join();
  });
  if (whisper > 0) after(world, call, DECIDES + whisper, 'answered', join);
  after(world, call, DECIDES + DETECTS, 'answered', () =>
    detect(world, call, legB, script === VOICEMAIL ? 'machine_start' : 'human'),
  );
  ends(DECIDES + whisper + call.dial.timeLimitSeconds, 'completed', 200);
  if (script === LEAVES_WHISPER)
    after(world, call, DECIDES + SHOWS, 'ended', () => endLegB(world, call, 'completed', 200));
  else if (script === '12') after(world, call, DECIDES + whisper + TALK / 2, 'ended', () => callerHangsUp(world, call));
  else if (script !== '13') ends(DECIDES + whisper + TALK, 'completed', 200);
};
