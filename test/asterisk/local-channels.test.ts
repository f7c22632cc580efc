/**
 * Phones behind Local channels, as users of FreePBX usually configure them: `Local/{digits}@from-internal`. The dialplan there
 * may have a ring group, follow-me, early media, a forwarding phone or a transfer. Ringback keeps control of the whole call.
 */
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import { newPeople, numberOf, reached, shownCall, startPbxService, statesOf, type ShownCall } from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import { WHOLE } from './scenarios.js';
import { soundBothWays } from './sound.js';
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const missing = await fetchAsterisk();

type Habits = NonNullable<Parameters<typeof startPhone>[1]>;

const TALK_MS = 1_000;
/** phones/extensions.conf */
const GROUP = '+8611';
const FOLLOW_ME = '+8612';
const EARLY_MEDIA = '+8614000';
/** The prefix of numbers that are dialled without a Local channel. */
const DIRECT = '+8615';
const NEVER = { ringMs: 60_000 };

describeOnAsterisk(missing, 'through Local channels of a real Asterisk,', () => {
  let asterisk: Asterisk;
  let service: TestApp;
  const phones: Phone[] = [];
  let outcomes: ReadonlyMap<string, Promise<ShownCall>>;

  const phone = async (habits: Habits = {}): Promise<Phone> => {
    const one = await startPhone(asterisk.folder, habits);
    phones.push(one);
    return one;
  };
  /** What a number can lead to. The habits are those of the phone that answers. */
  const WAYS: Readonly<Record<string, (habits: Habits) => Promise<string>>> = {
    'one phone': async (habits) => numberOf(await phone(habits)),
    'a ring group': async (habits) => `${GROUP}${(await phone(NEVER)).port}${(await phone(habits)).port}`,
    'follow-me': async (habits) => `${FOLLOW_ME}${(await phone(NEVER)).port}${(await phone(habits)).port}`,
    'early media': async (habits) =>
      `${EARLY_MEDIA}${(await phone({ early: '183 Session Progress', ...habits })).port}`,
    'a phone that forwards': async (habits) => {
      const contact = `<sip:${numberOf(await phone(habits)).slice(1)}@127.0.0.1>`;
      return numberOf(await phone({ refusal: `302 Moved Temporarily\n    Contact: ${contact}` }));
    },
  };
  const place = async (callerPhone: string, calleePhone: string) => {
    const { callerId, calleeId } = await newPeople(service, callerPhone, calleePhone);
    const { data, returnMsg } = await service.ask(callerId, `call/${calleeId}`);
    if (!data?.callSid) throw new Error(returnMsg);
    return { callerId, callSid: data.callSid };
  };
  const outcomeOf = async (callSid: string): Promise<ShownCall> => {
    await reached(service, callSid, '4');
    return waitFor('Asterisk’s ended event', async () => {
      const call = await shownCall(service, callSid);
      return statesOf(call).includes('ended') && call;
    });
  };
  const talkThrough = async (way: (habits: Habits) => Promise<string>): Promise<ShownCall> => {
    // Asterisk optimises a Local channel away when sound passes.
    const [a, b] = await Promise.all([way({ sounds: true }), way({ sounds: true, talkMs: TALK_MS })]);
    return outcomeOf((await place(a, b)).callSid);
  };

  beforeAll(async () => {
    asterisk = await startAsterisk();
    await asterisk.command('module load res_pjsip_refer.so');
    service = await startPbxService(asterisk, {
      ASTERISK_DIAL: `=Local/{digits}@from-internal,${DIRECT}=PJSIP/phone/sip:phone@127.0.0.1:{rest}`,
      RING_CALLER: '8',
      RING_CALLEE: '4',
    });
    outcomes = new Map(Object.entries(WAYS).map(([name, way]) => [name, talkThrough(way)]));
    for (const outcome of outcomes.values()) outcome.catch(() => undefined);
  });
  afterAll(async () => {
    await Promise.allSettled([...outcomes.values()]);
    await Promise.all(phones.splice(0).map((one) => one.end()));
    await service.close();
    await asterisk.remove();
  });

  it.each(Object.keys(WAYS))('a call with both legs through %s lasts as long as its talk', async (name) => {
    const call = await outcomes.get(name)!;

    expect(call).toMatchObject({ endReason: 'completed', talkSeconds: expect.any(Number) });
    expect(statesOf(call).split(' ').sort()).toEqual(WHOLE.split(' ').sort());
    expect(call.talkSeconds).toBeGreaterThanOrEqual(TALK_MS / 1000);
  });

  it('a cancel ends a talk in progress', async () => {
    const [a, b] = [await phone({ sounds: true }), await phone({ sounds: true })];
    await Promise.allSettled([...outcomes.values()]);
    const { callSid, callerId } = await place(numberOf(a), numberOf(b));
    await reached(service, callSid, '3');
    await soundBothWays(asterisk, 2);

    expect(await service.ask(callerId, `callCancel/${callSid}`)).toMatchObject({ returnCode: 200 });

    for (const one of [a, b]) await waitFor('BYE', async () => (await one.seen()).includes('BYE'));
    expect(await outcomeOf(callSid)).toMatchObject({ endReason: 'completed' });
  });

  it.each(['caller', 'callee'])(
    'a call can still be canceled after the %s has transferred the other party',
    async (who) => {
      const third = await phone();
      const transfers = { talkMs: 300, transfersTo: numberOf(third).slice(1) };
      const [a, b] = await Promise.all(
        ['caller', 'callee'].map((one) => phone({ sounds: true, ...(one === who && transfers) })),
      );
      if (!a || !b) throw new Error('two phones');
      const { callSid, callerId } = await place(numberOf(a), numberOf(b));
      await waitFor('the transfer', async () => (await third.seen()).includes('ACK'));

      expect(await shownCall(service, callSid)).toMatchObject({ stateType: '3' });
      expect(await service.ask(callerId, `callCancel/${callSid}`)).toMatchObject({ returnCode: 200 });

      const stayed = who === 'caller' ? b : a;
      for (const one of [stayed, third]) await waitFor('BYE', async () => (await one.seen()).includes('BYE'));
    },
  );

  it('a caller’s phone that forwards ends the call, because Ringback would lose control of the forwarded call', async () => {
    const other = await phone({ ringMs: 1 });
    const contact = `<sip:${numberOf(other).slice(1)}@127.0.0.1>`;
    const forwards = await phone({ refusal: `302 Moved Temporarily\n    Contact: ${contact}` });
    const { callSid } = await place(`${DIRECT}${forwards.port}`, numberOf(await phone()));

    // The originate looks for a forward before it reads the phone's reply, so a busy Asterisk ends it without a cause.
    expect(['unreachable', 'no_answer']).toContain((await outcomeOf(callSid)).endReason);

    await waitFor('no channel', async () => (await asterisk.channels()).length === 0);
    expect(await other.seen()).toEqual([]);
  });

  it.each<[string, Habits, string]>([
    ['does not answer', NEVER, 'no_answer'],
    ['declines', { refusal: '603 Decline' }, 'no_answer'],
    ['has no phone', { early: '100 Trying', refusal: '404 Not Found' }, 'unreachable'],
  ])('a call whose caller %s is not recorded as canceled', async (_, habits, endReason) => {
    const { callSid } = await place(numberOf(await phone(habits)), numberOf(await phone()));

    expect(await outcomeOf(callSid)).toMatchObject({ endReason });
  });
});
