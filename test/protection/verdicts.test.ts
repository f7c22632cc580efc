/** What the rules said of a call: kept with it, and the same in a dry run as in placing. */
import { CallService } from '../../src/call/call.service.js';
import { DryRunService } from '../../src/call/placement/dry-run.service.js';
import { NotPlaced } from '../../src/call/placement/not-placed.js';
import { newPhone } from '../support/backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** A call to such a number goes on until it is canceled, so that nothing changes between a dry run and its call. */
const TALKS_ON = '13';
const PAIRS = 250;

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({
    environment: {
      SIMULATOR_SHARES_ACCOUNT: 'true',
      ALLOWED_COUNTRIES: 'CN',
      CALLS_PER_CALLER: '2/1d',
      CALLS_PER_CALLEE: '3/1d',
      ONE_CALL_PER_CALLEE: 'true',
    },
  });
});
afterAll(() => service.close());

let nextUser = 80_000;

const newUser = async (phone: string | null = newPhone(TALKS_ON)): Promise<string> => {
  const id = String(nextUser++);
  expect((await service.admin('PUT', 'users', { users: [{ id, name: id, phone }] })).status).toBe(200);
  return id;
};

const suppress = async (phone: string): Promise<string> => {
  expect((await service.admin('PUT', 'suppressions', { suppressions: [{ phone }] })).status).toBe(200);
  return phone;
};

interface Event {
  readonly type: string;
  readonly detail: { readonly checks?: unknown } | null;
}

/** As the timeline has them. */
const checksOf = async (callSid: string): Promise<unknown> => {
  const { events } = (await (await service.admin('GET', `calls/${callSid}`)).json()) as { events: Event[] };
  return events.find(({ type }) => type === 'requested')?.detail?.checks;
};

it('are kept in the timeline of a call, with masked numbers', async () => {
  const phone = newPhone(TALKS_ON);
  const { data } = await service.ask(await newUser(), `call/${await newUser(phone)}`);

  const checks = await checksOf(data!.callSid!);
  expect(checks).toEqual(
    expect.arrayContaining([
      { rule: 'callee_destination', saw: 'CN mobile', said: 'allowed' },
      { rule: 'callee_suppression', saw: 'not on the list', said: 'allowed' },
      { rule: 'caller_rate', saw: 'at most 2 calls within 86400 s', said: 'allowed' },
    ]),
  );
  expect(JSON.stringify(checks)).not.toContain(phone.slice(3));
});

/** Deterministic, so that a failure can be repeated. */
const random = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
};

it(`are the same in a dry run and in placing, for ${PAIRS} random pairs of parties`, async () => {
  const shared = newPhone(TALKS_ON);
  const phones = [shared, shared, null, '+442079460000', '+870776123456', await suppress(newPhone(TALKS_ON))];
  const users = [...(await Promise.all(phones.map(newUser))), '999999'];
  for (let n = 0; n < 12; n++) users.push(await newUser());
  const [calls, dryRuns] = [service.app.nest.get(CallService), service.app.nest.get(DryRunService)];
  const pick = random(20);
  const outcomes = new Map<string, number>();

  // The first two have one phone, and their rates are soon spent.
  const pairs = [[users[0]!, users[1]!] as const];
  while (pairs.length < PAIRS) pairs.push([users[pick(users.length)]!, users[pick(users.length)]!]);

  for (const [callerId, calleeId] of pairs) {
    if (callerId === calleeId) continue;
    const dryRun = await dryRuns.dryRun({ callerId, calleeId });
    try {
      const { callSid } = await calls.callUser(callerId, calleeId);
      expect(dryRun).toMatchObject({ carrier: 'simulator', checks: await checksOf(callSid) });
      await calls.cancel(callSid, callerId);
      outcomes.set('placed', (outcomes.get('placed') ?? 0) + 1);
    } catch (error) {
      if (!(error instanceof NotPlaced)) throw error;
      expect(dryRun).toMatchObject({ carrier: null, why: error.reason, checks: error.checks });
      outcomes.set(error.fault, (outcomes.get(error.fault) ?? 0) + 1);
    }
  }

  expect([...outcomes.keys()].sort()).toEqual([
    'callee_called_too_often',
    'callee_has_no_phone',
    'callee_not_allowed',
    'callee_suppressed',
    'caller_calls_too_often',
    'caller_has_no_phone',
    'caller_not_allowed',
    'placed',
    'same_phone',
  ]);
});
