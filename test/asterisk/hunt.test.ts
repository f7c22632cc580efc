/** A service line with several phones on a real Asterisk, with real phones. Asterisk goes from one to the next by itself. */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import { NUMBER_OF_NOBODY, numberOf, reached, shownCall, startPbxService, type ShownCall } from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import { backend } from '../support/backend.js';
import type { TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

const missing = await fetchAsterisk();

type Habits = Parameters<typeof startPhone>[1];
/** nobody: no phone has registered. no rule: ASTERISK_DIAL has no channel for it. */
type Party = Phone | Habits | 'nobody' | 'no rule';

const NUMBER_WITHOUT_RULE = '+14155550100';
const BUSY: Habits = { refusal: '486 Busy Here' };
const SILENT: Habits = { ringMs: 60_000 };
const RING_SECONDS = 5;

interface Placed {
  readonly callSid: string;
  readonly callerId: string;
  readonly numbers: readonly string[];
  readonly caller: Phone;
  readonly callees: readonly (Phone | null)[];
}

describeOnAsterisk(missing, 'a service line with several phones on a real Asterisk', () => {
  let asterisk: Asterisk;
  let database: TestDatabase;
  let service: TestApp;
  const phones: Phone[] = [];
  let nextCaller = 800_000;

  const startService = async (): Promise<TestApp> => startPbxService(asterisk, { RING_CALLER: '20' }, database.url);

  beforeAll(async () => {
    asterisk = await startAsterisk();
    database = await createTestDatabase();
    service = await startService();
  });
  afterAll(async () => {
    await service.close();
    await Promise.all(phones.map((phone) => phone.end()));
    await asterisk.remove();
    await database.drop();
  });

  const phoneOf = async (given: Phone | Habits): Promise<Phone> => {
    if (given && 'port' in given) return given;
    const phone = await startPhone(asterisk.folder, given);
    phones.push(phone);
    return phone;
  };

  const numberAt = (party: Party, phone: Phone | null): string => {
    if (party === 'no rule') return NUMBER_WITHOUT_RULE;
    return phone ? numberOf(phone) : NUMBER_OF_NOBODY;
  };

  const place = async (parties: readonly Party[], callersPhone: Phone | Habits = {}): Promise<Placed> => {
    const caller = await phoneOf(callersPhone);
    const callees = await Promise.all(
      parties.map(async (party) => (typeof party === 'string' ? null : phoneOf(party))),
    );
    const numbers = parties.map((party, index) => numberAt(party, callees[index] ?? null));
    const callerId = String(nextCaller++);
    await service.database.query(`insert into app_user (id, name, phone) values ($1, 'caller', $2)`, [
      callerId,
      numberOf(caller),
    ]);
    await service.database.query(`insert into sub_account values ($1, 'asterisk', 'extension', 'none needed')`, [
      callerId,
    ]);
    const line = { name: 'line', open: true, position: 1 };
    const list = numbers.map((phone) => ({ phone, ringSeconds: RING_SECONDS }));
    const response = await service.admin('POST', 'service-lines', { ...line, phones: list });
    const { id: lineId } = (await response.json()) as { id: string };
    const { body } = await backend(service).place({ caller: { userId: callerId }, callee: { serviceLine: lineId } });
    return { callSid: String(body.callSid), callerId, numbers, caller, callees };
  };

  const legsEnded = ({ events }: ShownCall) =>
    events
      .filter(({ type }) => type === 'leg_ended')
      .map(({ detail }) => [detail?.place, detail?.endReason])
      .sort();

  const rang = async (phone: Phone | null | undefined): Promise<boolean> =>
    (await phone?.seen())?.includes('INVITE') ?? false;

  it('rings each in order until one answers: busy, silent, not there, without a rule, declined', async () => {
    const parties: Party[] = [BUSY, SILENT, 'nobody', 'no rule', { refusal: '603 Decline' }, { talkMs: 300 }];
    const { callSid, numbers, callees } = await place(parties);

    const over = await reached(service, callSid, '4');

    expect(legsEnded(over)).toEqual([
      [1, 'busy'],
      [2, 'no_answer'],
      [3, 'unreachable'],
      [4, 'unreachable'],
      [5, 'rejected'],
    ]);
    expect(over).toMatchObject({ endReason: 'completed', calleePhone: numbers[5], huntedPhones: numbers });
    expect(over.events.find(({ type }) => type === 'answered')?.detail).toMatchObject({ place: 6 });
    expect(await rang(callees[5])).toBe(true);
    expect(await callees[1]?.seen()).toContain('CANCEL');
  });

  it.each([
    ['a silent one after a busy one', [BUSY, SILENT], 'no_answer', [[1, 'busy']]],
    ['a busy one after a silent one', [SILENT, BUSY], 'busy', [[1, 'no_answer']]],
    ['one that is not there after a busy one', [BUSY, 'nobody'], 'unreachable', [[1, 'busy']]],
    [
      'a failing one after one that declines',
      [{ refusal: '603 Decline' }, { early: '100 Trying', refusal: '503 Service Unavailable' }],
      'failed',
      [[1, 'rejected']],
    ],
  ] as const)('ends as the last one does: %s', async (_, parties, endReason, ended) => {
    const { callSid, numbers, caller } = await place(parties);

    const over = await reached(service, callSid, '4');

    expect(over).toMatchObject({ endReason, calleePhone: numbers[1] });
    expect(legsEnded(over)).toEqual(ended);
    await waitFor('the caller’s phone', async () => (await caller.seen()).includes('BYE'));
  });

  it('rings nobody else after the caller has hung up', async () => {
    const { callSid, callees, numbers } = await place([BUSY, SILENT, {}], { talkMs: 1_500 });

    const over = await reached(service, callSid, '4');

    expect(over).toMatchObject({ endReason: 'canceled', calleePhone: numbers[1] });
    await waitFor('no channel', async () => (await asterisk.channels()).length === 0);
    expect(await callees[1]?.seen()).toContain('CANCEL');
    expect(await rang(callees[2])).toBe(false);
  });

  it('is canceled around the change of numbers, and rings nobody afterwards', async () => {
    // One after the other: each has phones of its own, and they take a processor to start.
    for (const moment of [0, 80, 160, 300]) {
      const { callSid, callerId, callees } = await place([{ refusal: '486 Busy Here', ringMs: 100 }, 'nobody', SILENT]);
      await sleep(moment);
      const { data } = await service.ask(callerId, `callCancel/${callSid}`);
      const { endReason } = await reached(service, callSid, '4');
      expect({ success: data?.isSuccess, endReason }).toEqual({ success: 'success', endReason: 'canceled' });
      await waitFor('no channel', async () =>
        (await asterisk.channels()).every(({ accountcode, id }) => accountcode !== callSid && !id.startsWith(callSid)),
      );
      const seen = (await callees[2]?.seen()) ?? [];
      if (seen.includes('INVITE')) expect(seen).toContain('CANCEL');
    }
  });

  /** Asterisk stays at the step whose number the global variable STOP_AT has, as on a machine that has no time for it. */
  const stopBetweenNumbers = async (): Promise<number> => {
    const written = await readFile(resolve(import.meta.dirname, '../../deploy/asterisk/ringback.conf'), 'utf8');
    const [before = '', between, after] = written.split(/(?<=\n same => n,Dial\([^\n]+\n)|(?= same => n\(end\),)/);
    if (between === undefined || after === undefined) throw new Error('the dialplan has no steps between two numbers');
    let steps = 0;
    const stopping = between.replace(
      /^ same => /gm,
      (start) => ` same => n,ExecIf($["\${STOP_AT}" = "${++steps}"]?Wait(60))\n${start}`,
    );
    const file = join(asterisk.folder, 'stopping.conf');
    await writeFile(file, before + stopping + after);
    const extensions = join(asterisk.folder, 'etc/extensions.conf');
    const included = await readFile(extensions, 'utf8');
    await writeFile(extensions, included.replace(/#include .*ringback\.conf/, `#include ${file}`));
    await asterisk.command('dialplan reload');
    return steps;
  };

  it('is canceled at each step of the change of numbers by the hang-up of the caller, and rings nobody afterwards', async () => {
    const steps = await stopBetweenNumbers();
    expect(steps).toBeGreaterThan(15);
    const caller = await phoneOf({ ringMs: 1, calls: steps });
    const busy = await phoneOf({ ...BUSY, ringMs: 1, calls: steps });
    const silent = await phoneOf(SILENT);
    for (let step = 1; step <= steps; step++) {
      await asterisk.command(`dialplan set global STOP_AT ${step}`);
      const { callSid } = await place([busy, silent], caller);
      await waitFor(`step ${step}`, async () =>
        (await asterisk.command('core show channels concise')).includes('!Wait!'),
      );
      await asterisk.command('channel request hangup all');

      const { endReason } = await reached(service, callSid, '4');

      expect({ step, endReason, rang: await rang(silent) }).toEqual({ step, endReason: 'canceled', rang: false });
    }
    await asterisk.command('dialplan set global STOP_AT 0');
  });

  it('goes on while Ringback is down, and the record tells all of it afterwards', async () => {
    const { callSid, callerId, numbers } = await place([SILENT, BUSY, { keepsTones: true }]);
    await reached(service, callSid, '2');
    await service.close();
    await waitFor('the third phone', async () =>
      (await asterisk.channels()).some(
        (channel) => (channel as { state?: string }).state === 'Up' && !channel.id.endsWith('-a'),
      ),
    );

    service = await startService();

    const talking = await reached(service, callSid, '3');
    expect(talking).toMatchObject({ stateType: '3', calleePhone: numbers[2] });
    expect(legsEnded(talking)).toEqual([
      [1, 'no_answer'],
      [2, 'busy'],
    ]);
    await service.ask(callerId, `callCancel/${callSid}`);
    await reached(service, callSid, '4');
    const over = await waitFor('the whole story', async () => {
      const call = await shownCall(service, callSid);
      return call.events.filter(({ type }) => type === 'ended').length > 0 && call;
    });
    expect(over).toMatchObject({ endReason: 'completed', calleePhone: numbers[2] });
    // Nothing is told twice.
    expect(legsEnded(over)).toHaveLength(2);
  });
});
