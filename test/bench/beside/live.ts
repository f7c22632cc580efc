/**
 * What it costs the service that desks watch all live calls: the same webhooks with twenty desks and without any. Each round starts a
 * new service. Each desk must get each change once, in order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { issueToken } from '../../../src/auth/token-issuer.js';
import { Desk } from '../../support/desk.js';
import { putFirstChanges } from './changes.js';
import { callerOf, putLiveCalls } from './databases.js';
import { JWT_SECRET } from './given.js';
import { measure, median } from './load.js';
import { ON_MEASURED_CORE } from './machine.js';
import type { Place } from './place.js';
import type { Report } from './report.js';
import { startProvider, startService } from './service.js';
import { deliveryOf } from './webhooks.js';

const CALLS = 1_000;
const DESKS = 20;
const CHANGES_A_SECOND = 200;
const ROUNDS = 3;
const WARM_UP_SECONDS = 4;
/** Of a call: it rings and is answered. None ends, so all stay live. */
const CHANGES_OF_A_CALL = 2;
const LATEST_MS = 5_000;

interface LiveRound {
  readonly changes: number;
  /** Shares of a core. */
  readonly serviceBusy: number;
  readonly databaseBusy: number;
}

export const measureLive = async (place: Place, seconds: number): Promise<Report> => {
  if ((WARM_UP_SECONDS + seconds) * CHANGES_A_SECOND > CALLS * CHANGES_OF_A_CALL) {
    throw new Error(`live: at most ${(CALLS * CHANGES_OF_A_CALL) / CHANGES_A_SECOND - WARM_UP_SECONDS} seconds`);
  }
  const { url: providerUrl } = await startProvider(place);
  const rounds = new Map<number, LiveRound[]>([0, DESKS].map((desks) => [desks, []]));
  for (let turn = 0; turn < ROUNDS; turn++) {
    for (const [desks, done] of rounds) done.push(await carryOutRound(place, providerUrl, desks, seconds));
  }
  return reportOf(rounds);
};

const carryOutRound = async (place: Place, providerUrl: string, desks: number, seconds: number): Promise<LiveRound> => {
  const database = await place.databases.create('live');
  const calls = await putLiveCalls(database, CALLS, 1);
  await putFirstChanges(database);
  const service = await startService(place, { database, providerUrl, launcher: ON_MEASURED_CORE });
  const token = (): Promise<string> =>
    issueToken(JWT_SECRET, { userId: callerOf(0), scope: 'admin', lifetimeSeconds: 7_200 });
  const watching = Array.from({ length: desks }, () => new Desk());
  for (const desk of watching) {
    if ((await desk.open({ url: service.url, token })) !== 200) throw new Error('a desk was refused');
  }
  await until(() => watching.every((desk) => desk.pictures === 1 && desk.calls.size === CALLS), 'the picture');

  let sent = 0;
  const next = () => {
    const number = sent++;
    return deliveryOf(calls[number % CALLS]!, Math.floor(number / CALLS));
  };
  const load = { connections: 8, rate: CHANGES_A_SECOND, next };
  await measure(service, { ...load, seconds: WARM_UP_SECONDS });
  const before = [await service.cpuSeconds(), await place.databases.cpuSeconds()] as const;
  const { answered } = await measure(service, { ...load, seconds });
  const after = [await service.cpuSeconds(), await place.databases.cpuSeconds()] as const;
  await until(() => watching.every((desk) => desk.changes.length === sent), `${sent} changes`);
  const faults = watching.flatMap((desk) => [...desk.faults, ...desk.resets]);
  if (faults.length > 0) throw new Error(`${faults.length} faults of desks: ${faults.slice(0, 5).join('; ')}`);
  for (const desk of watching) desk.close();
  await service.stop();
  return {
    changes: answered,
    serviceBusy: (after[0] - before[0]) / seconds,
    databaseBusy: (after[1] - before[1]) / seconds,
  };
};

const until = async (isSo: () => boolean, what: string): Promise<void> => {
  for (const deadline = performance.now() + LATEST_MS; !isSo();) {
    if (performance.now() > deadline) throw new Error(`a desk did not get ${what}`);
    await sleep(20);
  }
};

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const reportOf = (rounds: ReadonlyMap<number, readonly LiveRound[]>): Report => {
  const of = (desks: number, figure: keyof LiveRound): number =>
    median((rounds.get(desks) ?? []).map((round) => round[figure]));
  const cost = of(DESKS, 'serviceBusy') - of(0, 'serviceBusy');
  return {
    work: 'live',
    title: `${CHANGES_A_SECOND} changes a second of ${CALLS} live calls, by webhooks, with and without desks that watch all of them`,
    head: ['desks', 'changes', 'service busy', 'each round', 'PostgreSQL busy'],
    rows: [...rounds].map(([desks, done]) => [
      String(desks),
      of(desks, 'changes').toFixed(0),
      percent(of(desks, 'serviceBusy')),
      done.map(({ serviceBusy }) => percent(serviceBusy)).join(', '),
      percent(of(desks, 'databaseBusy')),
    ]),
    aims: [
      { text: `${DESKS} desks cost the service under 10 % of a core`, figure: percent(cost), isReached: cost < 0.1 },
    ],
  };
};
