/** Every outcome of a call, on a real Asterisk with real SIP phones: record, phones and detail records agree. */
import { join } from 'node:path';
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import { wereJoined } from './call-detail.js';
import { newPeople, numberOf, reached, shownCall, startPbxService, statesOf } from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import { placeCall, runScenarios, type Outcome } from './scenario-run.js';
import { SCENARIOS, WHOLE, type Scenario } from './scenarios.js';
import { packetsSent, soundBothWays, writeTone } from './sound.js';
import { endReasonOf, readStory } from '../../src/telephony/asterisk/call-story.js';
import { backend } from '../support/backend.js';
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const missing = await fetchAsterisk();

/** A scenario mostly waits. More at once would slow each other down on two cores. */
const AT_ONCE = 5;

const EXTRA_STATES = [
  ['ringing', '2'],
  ['answered ended', '3'],
] as const;

describeOnAsterisk(missing, 'a talk with TALK_WARNING on a real Asterisk', () => {
  it('has a beep for both before its end, and ends at its limit', async () => {
    const asterisk = await startAsterisk();
    const service = await startPbxService(asterisk, { LONGEST_TALK: '5', TALK_WARNING: '4' });
    const phones: Phone[] = [];
    try {
      // Both phones are silent, so what they receive is Asterisk's.
      const { callSid } = await placeCall({ asterisk, service }, {}, {}, phones);
      await reached(service, callSid, '3');

      await waitFor('the beep', async () => {
        const sent = await packetsSent(asterisk);
        return sent.length === 2 && sent.every((packets) => packets > 0);
      });

      expect(await reached(service, callSid, '4')).toMatchObject({ endReason: 'completed', talkSeconds: 5 });
    } finally {
      await Promise.all(phones.map((one) => one.end()));
      await service.close();
      await asterisk.remove();
    }
  });
});

describeOnAsterisk(missing, 'a call on a real Asterisk', () => {
  let asterisk: Asterisk;
  let service: TestApp;
  const phones: Phone[] = [];
  let outcomes: ReadonlyMap<string, Promise<Outcome>>;
  const table: string[] = [];

  beforeAll(async () => {
    asterisk = await startAsterisk();
    service = await startPbxService(asterisk, { LONGEST_TALK: '2' });
    outcomes = runScenarios({ asterisk, service }, SCENARIOS, AT_ONCE);
  });
  afterEach(async () => {
    await Promise.all(phones.splice(0).map((phone) => phone.end()));
  });
  afterAll(async () => {
    process.stdout.write(`\nOn a real Asterisk:\n${table.join('\n')}\n`);
    await service.close();
    await asterisk.remove();
  });

  const phone = async (habits: Parameters<typeof startPhone>[1] = {}): Promise<Phone> => {
    const one = await startPhone(asterisk.folder, habits);
    phones.push(one);
    return one;
  };
  const place = (a: Scenario['a'], b: Scenario['b']) => placeCall({ asterisk, service }, a, b, phones);
  /** Asterisk counts the sound of all calls, and those of the scenarios go on beside the tests. */
  const scenariosOver = (): Promise<unknown> => Promise.all(outcomes.values());

  it.each([
    ['B busy', { B: { cause: 17, sip: 486 } }],
    ['A busy', { A: { cause: 17, sip: 486 }, B: null }],
  ])('%s: the causes of the legs', async (name, causes) => {
    const { call } = await outcomes.get(name)!;

    expect(call).toMatchObject({ causes });
  });

  it.each(SCENARIOS)('$name: $endReason', async ({ name, cancelAfter, endReason, story }) => {
    const { call, states, cancels, seenByA, seenByB, details } = await outcomes.get(name)!;

    expect(call).toMatchObject({ stateType: '4', endReason });
    expect(statesOf(call)).toBe(story);
    expect(states).toEqual([...states].sort());
    expect(states).toEqual(expect.arrayContaining(story === WHOLE ? ['1', '3', '4'] : ['1', '4']));
    for (const [event, state] of EXTRA_STATES) if (!story.includes(event)) expect(states).not.toContain(state);
    expect(cancels).toEqual(cancelAfter ? ['success', '取消呼叫失败!'] : []);
    if (story === 'ended') expect(seenByB).toEqual([]);
    const joined = wereJoined(details);
    expect({ details, joined }).toEqual({ details, joined: story === WHOLE });
    const dispositions = details.map(({ legB, disposition }) => `${legB && 'A+B '}${disposition}`).join(', ');
    const row = `${name.padEnd(28)} ${states.join(' ').padEnd(8)} ${endReason.padEnd(12)} ${dispositions.padEnd(28)}`;
    table.push(`  ${row} A: ${seenByA.join(' ')}; B: ${seenByB.join(' ')} PASS`);
  });

  it('is refused, as the contract says, when no dial rule matches the number or its phone is not registered', async () => {
    const b = await phone();
    const people = await newPeople(service, numberOf(b), '+14155550100');
    expect(await service.ask(people.callerId, `call/${people.calleeId}`)).toMatchObject({ returnCode: 400 });

    expect((await place('nobody', {})).returnMsg).toBe((await service.ask(people.callerId, 'call/0')).returnMsg);
  });

  it('is refused when the caller’s trunk is down and there is no other provider', async () => {
    const { returnMsg, legB } = await place({ early: '100 Trying', refusal: '503 Service Unavailable' }, {});

    expect(returnMsg).toBe('系统内部异常!');
    expect(await legB?.seen()).toEqual([]);
  });

  it.each(['', '?before=2', '?before=3'])(
    'is reported as canceled by Asterisk itself after a cancel%s while A rings',
    async (condition) => {
      const { callSid, callerId } = await place({ ringMs: 60_000 }, {});
      expect(await service.ask(callerId, `callCancel/${callSid}${condition}`)).toMatchObject({ returnCode: 200 });

      const story = await waitFor(
        'the story',
        async () => /ended=.*/.exec(await asterisk.command(`database get ringback-story ${callSid}`))?.[0],
      );

      expect(endReasonOf(readStory(story))).toBe('canceled');
    },
  );

  it('is hung up by an administrator: both phones get a BYE, and the record says who did it', async () => {
    const { callSid, legA, legB } = await place({}, {});
    await reached(service, callSid, '3');

    const response = await service.admin('POST', `calls/${callSid}/cancel`);

    expect(await response.json()).toMatchObject({
      outcome: 'canceled',
      call: { stateType: '4', endReason: 'completed', endedBy: 'cancel', canceledBy: 'admin' },
    });
    for (const leg of [legA, legB]) {
      await waitFor('the BYE', async () => (await leg?.seen())?.includes('BYE'));
    }
  });

  it('has both legs’ codes side by side in its bundle, and each request to Asterisk', async () => {
    const { callSid } = await place({}, { refusal: '486 Busy Here' });
    await reached(service, callSid, '4');

    const response = await service.admin('GET', `calls/${callSid}/bundle`);

    expect(await response.json()).toMatchObject({
      hangUp: { endedBy: 'provider', endReason: 'busy' },
      legs: {
        caller: { reports: [{ event: 'ended', provider: 'asterisk' }] },
        callee: { reports: [{ event: 'ended', provider: 'asterisk', codes: { cause: '17' } }] },
        both: [{ event: 'ended', provider: 'asterisk', codes: { status: 'BUSY' } }],
      },
      routing: { attempts: [{ provider: 'asterisk', outcome: 'accepted' }] },
      ofThisReplica: { providerRequests: [{ operation: 'dial', reply: { kind: 'accepted' }, error: null }] },
    });
  });

  it('shows each phone the number that a backend has named for it', async () => {
    const [a, b] = [await phone(), await phone()];

    const { body } = await backend(service).place({
      caller: { phone: numberOf(a) },
      callee: { phone: numberOf(b) },
      shown: { toCaller: '010 5646 9588', toCallee: '010 5646 9599' },
    });

    await reached(service, String(body.callSid), '3');
    expect(await a.messages()).toMatch(/^From: .*<sip:\+861056469588@/m);
    expect(await b.messages()).toMatch(/^From: .*<sip:\+861056469599@/m);
  });

  it('carries sound in both directions, and has the callSid in both INVITEs', async () => {
    await scenariosOver();
    const { callSid, legA, legB } = await place({ sounds: true }, { echoes: true });
    await reached(service, callSid, '3');

    expect(await soundBothWays(asterisk, 2)).toBe(true);
    for (const leg of [legA, legB]) expect(await leg?.messages()).toMatch(new RegExp(`X-Ringback-Call: ${callSid}`));
  });

  describe('with ASTERISK_WHISPER', () => {
    let whispering: TestApp;
    /** A file of this name, as µ-law. */
    let sound: string;

    beforeAll(async () => {
      sound = join(asterisk.folder, 'whisper');
      whispering = await startPbxService(asterisk, { ASTERISK_WHISPER: `${sound}&${sound}` });
      await scenariosOver();
    });
    // Asterisk goes on sending the whisper to a phone that is gone.
    afterEach(() => asterisk.command('channel request hangup all'));
    afterAll(() => whispering.close());

    const place = (a: Scenario['a'], b: Scenario['b']) => placeCall({ asterisk, service: whispering }, a, b, phones);
    /** Of each leg; empty until it is joined to another. */
    const bridgesOf = async (callSid: string): Promise<string[]> =>
      (await asterisk.command('core show channels concise'))
        .split('\n')
        .filter((channel) => channel.includes(callSid))
        .map((channel) => channel.split('!').at(-2) ?? '');

    it('is answered when the callee picks up, who then hears the whisper while the caller hears ringing', async () => {
      await writeTone(`${sound}.ulaw`, 60);
      // Both phones are silent, so what they receive is Asterisk's.
      const { callSid } = await place({}, {});
      await reached(whispering, callSid, '3');

      const before = await packetsSent(asterisk);
      await waitFor('more sound for both', async () => {
        const sent = await packetsSent(asterisk);
        return sent.length === 2 && sent.every((packets, leg) => packets > (before[leg] ?? 0));
      });

      expect(await bridgesOf(callSid)).toEqual(['', '']);
    });

    it('is completed when the callee hangs up in the whisper', async () => {
      await writeTone(`${sound}.ulaw`, 60);
      const { callSid, legA } = await place({}, { talkMs: 300 });

      const over = await reached(whispering, callSid, '4');

      expect(over).toMatchObject({ endReason: 'completed' });
      expect(statesOf(over)).toBe(WHOLE);
      await waitFor('the BYE', async () => (await legA?.seen())?.includes('BYE'));
    });

    it('ends for both phones at once when the call is canceled in the whisper', async () => {
      await writeTone(`${sound}.ulaw`, 60);
      const { callSid, callerId, legA, legB } = await place({}, {});
      await reached(whispering, callSid, '3');

      expect(await whispering.ask(callerId, `callCancel/${callSid}`)).toMatchObject({ returnCode: 200 });

      for (const leg of [legA, legB]) await waitFor('the BYE', async () => (await leg?.seen())?.includes('BYE'));
      const over = await reached(whispering, callSid, '4');
      expect(over).toMatchObject({ endReason: 'completed', endedBy: 'cancel' });
      await waitFor('Asterisk’s own end', async () => statesOf(await shownCall(whispering, callSid)) === WHOLE);
    });

    it('ends for both phones when the longest talk is over in the whisper', async () => {
      await writeTone(`${sound}.ulaw`, 60);
      const limited = await startPbxService(asterisk, { ASTERISK_WHISPER: sound, LONGEST_TALK: '1' });
      try {
        const { callSid, legA, legB } = await placeCall({ asterisk, service: limited }, {}, {}, phones);

        expect(await reached(limited, callSid, '4')).toMatchObject({ endReason: 'completed' });

        for (const leg of [legA, legB]) await waitFor('the BYE', async () => (await leg?.seen())?.includes('BYE'));
      } finally {
        await limited.close();
      }
    });

    it('joins the two after the whisper, and ends when the caller has hung up in it', async () => {
      await writeTone(`${sound}.ulaw`, 1);
      const [stays, leaves] = [await place({}, {}), await place({ talkMs: 300 }, {})];

      const [bridge] = await waitFor('the talk', async () => {
        const bridges = await bridgesOf(stays.callSid);
        return bridges.length === 2 && bridges[0] !== '' && bridges[0] === bridges[1] && bridges;
      });

      expect(bridge).not.toBe('');
      expect(await reached(whispering, leaves.callSid, '4')).toMatchObject({ endReason: 'completed' });
      await waitFor('the BYE', async () => (await leaves.legB?.seen())?.includes('BYE'));
    });
  });
});
