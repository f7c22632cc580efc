/**
 * `npm run bench:asterisk`: calls per second of the service through a real Asterisk, compared with a bare script on the same
 * Asterisk, dialplan and phones. Rounds of the two alternate. Takes about three minutes, on loopback only.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from '../asterisk/asterisk.js';
import { DIAL, numberOf } from '../asterisk/pbx-service.js';
import { startPhone, type Phone } from '../asterisk/phone.js';
import { endAllServices, startService } from '../start/service.js';
import { waitFor } from '../support/wait-for.js';
import { openBareAsterisk } from './bare-asterisk.js';
import { bringCallers, SERVICE_ENVIRONMENT } from './served-calls.js';

const missing = await fetchAsterisk();

/** Each caller places a call, waits until it ends and places the next one. So two cores are always fully loaded. */
const CALLERS = 40;
const RING_MS = 50;
const TALK_MS = 300;
const ROUNDS = 5;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 12_000;

const print = (text: string): boolean => process.stdout.write(`${text}\n`);
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;

/** Resolves when the call is over, with the milliseconds until leg B answered. */
type PlaceCall = (caller: number) => Promise<number>;

interface Round {
  readonly perSecond: number;
  readonly answeredAfterMs: number;
  readonly failures: readonly string[];
}

describeOnAsterisk(missing, 'calls a second', () => {
  let dataDir: string;
  let asterisk: Asterisk;
  let callers: Phone;
  let callees: Phone;

  beforeAll(async () => {
    asterisk = await startAsterisk();
    const habits = { calls: 1_000_000, untraced: true };
    callers = await startPhone(asterisk.folder, { ...habits, ringMs: 1 });
    callees = await startPhone(asterisk.folder, { ...habits, ringMs: RING_MS, talkMs: TALK_MS });
    dataDir = await mkdtemp(join(tmpdir(), 'ringback-bench-'));
  }, 120_000);
  afterAll(async () => {
    await endAllServices();
    await Promise.all([callers.end(), callees.end()]);
    await asterisk.remove();
    await rm(dataDir, { recursive: true, force: true });
  }, 60_000);

  /** Each contender is connected in its own rounds only, because every listener costs Asterisk processor time. */
  const withBareScript = async (use: (place: PlaceCall) => Promise<Round>): Promise<Round> => {
    const bare = await openBareAsterisk(asterisk);
    const result = await use(() => bare.call(callers.dialString, callees.dialString));
    await bare.close();
    return result;
  };
  const withRingback = async (use: (place: PlaceCall) => Promise<Round>): Promise<Round> => {
    // As with `npm start`: with its own database, which flushes every commit to the disk.
    const service = await startService({
      environment: { ...SERVICE_ENVIRONMENT, ...asterisk.environment, ASTERISK_DIAL: DIAL, DATA_DIR: dataDir },
    });
    const served = await bringCallers(service.url, CALLERS, numberOf(callers), numberOf(callees));
    await waitFor('readiness', async () => (await fetch(`${service.url}/health/ready`)).ok);
    const result = await use((caller) => served.callers[caller]!.call());
    await served.close();
    await service.stop();
    return result;
  };

  const round = async (place: PlaceCall): Promise<Round> => {
    const begin = performance.now() + WARM_UP_MS;
    const end = begin + MEASURED_MS;
    const answeredAfterMs: number[] = [];
    const failures: string[] = [];
    const isMeasured = (): boolean => performance.now() >= begin && performance.now() < end;
    await Promise.all(
      Array.from({ length: CALLERS }, async (_, caller) => {
        while (performance.now() < end) {
          try {
            const answered = await place(caller);
            if (isMeasured()) answeredAfterMs.push(answered);
          } catch (error) {
            if (isMeasured()) failures.push((error as Error).message);
          }
        }
      }),
    );
    await waitFor('no channel', async () => (await asterisk.channels()).length === 0, 30_000);
    const perSecond = (answeredAfterMs.length * 1_000) / MEASURED_MS;
    return { perSecond, answeredAfterMs: median(answeredAfterMs), failures };
  };

  it('of the service and of a bare script', async () => {
    const contenders = [
      { name: 'bare script', run: withBareScript, results: [] as Round[] },
      { name: 'Ringback', run: withRingback, results: [] as Round[] },
    ];
    for (let turn = 0; turn < ROUNDS; turn++) for (const { run, results } of contenders) results.push(await run(round));

    const machine = `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown kind'}`;
    print(`\n${await asterisk.command('core show version')}Node ${process.versions.node}, ${machine}`);
    print(
      `${CALLERS} callers, ${RING_MS} ms of ringing, ${TALK_MS} ms of talk, ${MEASURED_MS / 1_000} s a round, in turn\n`,
    );
    print('| | calls a second, each round | median | request to answer, median | failed |');
    print('| --- | --- | --- | --- | --- |');
    for (const { name, results } of contenders) {
      const perSecond = results.map((result) => result.perSecond);
      const answered = median(results.map((result) => result.answeredAfterMs));
      const failures = results.flatMap((result) => result.failures);
      const shown = [
        perSecond.map((one) => one.toFixed(0)).join(', '),
        median(perSecond).toFixed(0),
        `${answered.toFixed(0)} ms`,
      ];
      print(`| ${[name, ...shown, failures.length].join(' | ')} |`);
      for (const failure of new Set(failures)) print(`failed: ${failure}`);
    }
  }, 600_000);
});
