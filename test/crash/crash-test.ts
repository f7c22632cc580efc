/** The whole test: calls with failures, then calls without failures, then the verdict. */
import { waitFor } from '../support/wait-for.js';
import { makeCalls } from './callers.js';
import { makeTrouble } from './chaos.js';
import { Cluster } from './cluster.js';
import { judge, type Verdict } from './verdict.js';

/** Long enough for several sweeps and for the retry of a webhook, without failures. */
const SETTLE_LIMIT_MS = 150_000;

const isSettled = ({ open, wrong, stillTalking, statistics }: Verdict): boolean =>
  open.length + wrong.length + stillTalking.length + statistics.length === 0;

/** @param callers the number of callers, each with one call */
export const runCrashTest = async (callers: number): Promise<Verdict> => {
  const callerIds = Array.from({ length: callers }, (_, index) => String(500_000 + index));
  const cluster = await Cluster.start();
  try {
    await cluster.fillDirectory(callerIds);
    const stop = new AbortController();
    const [calling, accidents] = await Promise.all([
      makeCalls(cluster, callerIds).finally(() => {
        stop.abort();
      }),
      makeTrouble(cluster, stop.signal),
    ]);

    const peace = performance.now();
    const verdict = await waitFor(
      'every call to be settled',
      async () => {
        const sofar = await judge(cluster, calling.callSids);
        return isSettled(sofar) && sofar;
      },
      SETTLE_LIMIT_MS,
    ).catch(() => judge(cluster, calling.callSids));
    process.stdout.write(
      `crash test: ${callers} callers, ${verdict.calls} calls, ${calling.callSids.size} callSids given, ` +
        `${calling.cancels} cancels promised; ${calling.requests} requests, ${calling.failures} of them failed; ` +
        `${accidents.kills} kills, ${accidents.databaseCrashes} database crashes, ${accidents.silences} silences, ` +
        `${accidents.cuts} cuts; settled ${((performance.now() - peace) / 1000).toFixed(1)} s after the last of them\n`,
    );
    return verdict;
  } finally {
    await cluster.stop();
  }
};
