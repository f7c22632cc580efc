/**
 * What metrics, traces and protection cost: the same service with and without them, by turns. Each round is compared with the
 * first variant's round of the same turn.
 */
import { fileURLToPath } from 'node:url';
import type { Contender } from './contenders.js';
import { measure, median, quantile, type Load, type Round } from './load.js';
import { ON_MEASURED_CORE } from './machine.js';
import type { Place } from './place.js';
import { PLACING, PLACING_TO_MANY } from './placing.js';
import { startProgram } from './program.js';
import type { Report } from './report.js';
import { startProvider, startService } from './service.js';
import { STATE_POLL } from './state-poll.js';
import { WEBHOOKS } from './webhooks.js';
import type { Work } from './work.js';

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * The pace of a machine that others use too changes within seconds. So rounds are short and many, and each one has the round of
 * the first variant close by.
 */
/** Two processes of the same program differ by some percent for as long as they run, by how V8 has compiled them. */
const GENERATIONS = 4;
const WARM_UP = { seconds: 3, connections: 64, joinMs: 500 };

/** Prometheus scrapes as often, by deploy/observability. */
const SCRAPE_EVERY_MS = 15_000;
const SCRAPES = 50;

interface Variant {
  readonly name: string;
  readonly nodeOptions?: readonly string[];
  readonly isScraped: boolean;
  readonly isTraced: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

const NOT_COUNTED: Variant = {
  name: 'METRICS_PORT=off, and no request is counted',
  nodeOptions: ['--import', fileOf('./programs/without-counting.js')],
  isScraped: false,
  isTraced: false,
};
const OFF: Variant = { name: 'METRICS_PORT=off', isScraped: false, isTraced: false };
const METRICS: Variant = { name: 'metrics, scraped every 15 s', isScraped: true, isTraced: false };
const TRACES: Variant = { name: 'metrics and traces', isScraped: true, isTraced: true };

const UNPROTECTED: Variant = {
  ...OFF,
  name: 'all limits and rules off',
  settings: { ALLOWED_COUNTRIES: '*', CALLEES_PER_CALLER: 'off', FREEZE_RULES: 'off' },
};
/** Never reached: each caller and each callee has one call a round. */
const OFTEN = '999/1m,1000/1d';
const PROTECTED: Variant = {
  ...OFF,
  name: 'all of them on',
  settings: {
    CALLS_PER_CALLER: OFTEN,
    CALLEES_PER_CALLER: OFTEN,
    CALLS_PER_CALLEE: OFTEN,
    ONE_CALL_PER_CALLEE: 'true',
    QUIET_HOURS: '02:00-02:01',
  },
};

interface Observed {
  /** On the command line. */
  readonly name: string;
  readonly work: Work;
  readonly variants: readonly Variant[];
  /** Of each generation. */
  readonly turns: number;
  /** The requests of one round can be sent again in the next one. */
  readonly isRepeatable?: true;
  /** The target of all variants. */
  readonly least?: number;
}

interface Running extends Contender {
  readonly variant: Variant;
  readonly metricsUrl: string;
}

interface Rounds {
  readonly each: Round[];
  /** Processor time. */
  scrapeMs: number;
}

const measureObserved =
  (observed: Observed) =>
  async (place: Place, seconds: number): Promise<Report> => {
    const { url: providerUrl } = await startProvider(place);
    const collector = await startProgram({
      name: 'collector',
      folder: place.folder,
      line: [fileOf('./programs/receiver.js')],
    });
    place.started(collector);
    const results = new Map<Variant, Rounds>(observed.variants.map((variant) => [variant, { each: [], scrapeMs: 0 }]));
    for (let generation = 0; generation < GENERATIONS; generation++) {
      const running = await startVariants(place, observed.variants, { providerUrl, collectorUrl: collector.url });
      await takeTurns(observed, running, seconds, results);
      for (const one of running) results.get(one.variant)!.scrapeMs = await scrapeMsOf(one);
      for (const one of running) await one.stop();
    }
    return reportOf(observed, results);
  };

const takeTurns = async (
  { work, turns, isRepeatable }: Observed,
  running: readonly Running[],
  seconds: number,
  results: ReadonlyMap<Variant, Rounds>,
): Promise<void> => {
  const nexts = new Map<Variant, Load['next']>();
  for (const one of running) {
    const next = await work.prepare(one, WARM_UP.seconds + seconds);
    await measure(one, { ...work.load, ...WARM_UP, next });
    nexts.set(one.variant, next);
  }
  for (let turn = 0; turn < turns; turn++) {
    // Back and forth, so that a machine that becomes slower or faster favours none.
    for (const one of turn % 2 === 0 ? running : running.toReversed()) {
      const known = isRepeatable && nexts.get(one.variant);
      const next = known ?? (await work.prepare(one, seconds));
      const round = await measure(one, { ...work.load, next, seconds });
      if (!known) await work.verify?.(one, round.answered);
      results.get(one.variant)?.each.push(round);
    }
  }
};

const scrapeMsOf = async ({ variant, metricsUrl, cpuSeconds }: Running): Promise<number> => {
  if (!variant.isScraped) return 0;
  const before = await cpuSeconds();
  for (let scrape = 0; scrape < SCRAPES; scrape++) {
    const text = await (await fetch(metricsUrl)).text();
    if (!text.includes('\nringback_http_requests_total{')) throw new Error(`no metrics at ${metricsUrl}`);
  }
  return (((await cpuSeconds()) - before) * 1_000) / SCRAPES;
};

const startVariants = async (
  place: Place,
  variants: readonly Variant[],
  { providerUrl, collectorUrl }: { readonly providerUrl: string; readonly collectorUrl: string },
): Promise<readonly Running[]> => {
  const running: Running[] = [];
  for (const [index, variant] of variants.entries()) {
    const database = await place.databases.create('observed');
    const port = METRICS_PORT + index;
    const service = await startService(place, {
      database,
      providerUrl,
      launcher: ON_MEASURED_CORE,
      ...(variant.nodeOptions && { nodeOptions: variant.nodeOptions }),
      settings: {
        // Each round takes the same callers.
        CALLS_PER_CALLER: 'off',
        METRICS_PORT: variant.isScraped ? String(port) : 'off',
        ...(variant.isTraced && { OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl }),
        ...variant.settings,
      },
    });
    running.push({ ...service, name: 'Ringback', database, variant, metricsUrl: `http://127.0.0.1:${port}/metrics` });
  }
  return running;
};

/** Ports of our own, because the log line that the bench reads has the URL of the service only. */
const METRICS_PORT = 29_464;

/**
 * The pace is judged by processor time: the core of the measured program is busy, so requests a second are its inverse, and other
 * programs on the machine disturb it far less.
 */
const reportOf = ({ name, work, variants, turns, least }: Observed, resultOf: ReadonlyMap<Variant, Rounds>): Report => {
  const microsecondsOf = (variant: Variant): number[] =>
    resultOf.get(variant)!.each.map(({ cpuMicroseconds }) => cpuMicroseconds);
  const [base, ...others] = variants as readonly [Variant, ...Variant[]];
  /** Beside the first variant's round of the same turn. A scrape takes the core from requests. */
  const paces = (variant: Variant): number[] => {
    const left = 1 - resultOf.get(variant)!.scrapeMs / SCRAPE_EVERY_MS;
    const bases = microsecondsOf(base);
    return microsecondsOf(variant).map((own, turn) => (left * bases[turn]!) / own);
  };
  return {
    work: name,
    title: `${work.title}, with and without what is named below; ${GENERATIONS} times ${turns} rounds of each in turn`,
    head: ['', 'processor a request', 'a scrape', 'pace ÷ the first, median', 'half of the turns'],
    rows: variants.map((variant) => {
      const { scrapeMs } = resultOf.get(variant)!;
      const own = paces(variant);
      return [
        variant.name,
        `${median(microsecondsOf(variant)).toFixed(1)} µs`,
        scrapeMs > 0 ? `${scrapeMs.toFixed(0)} ms` : '',
        ...(variant === base
          ? ['', '']
          : [part(own, 0.5).toFixed(3), `${part(own, 0.25).toFixed(2)} to ${part(own, 0.75).toFixed(2)}`]),
      ];
    }),
    aims: others.flatMap((variant) => {
      if (least === undefined) return [];
      const pace = part(paces(variant), 0.5);
      return [{ text: `${variant.name}: ≥ ${least} of the first`, figure: pace.toFixed(3), isReached: pace >= least }];
    }),
  };
};

/** The value that this share of the values does not exceed. */
const part = (numbers: readonly number[], share: number): number =>
  quantile(
    [...numbers].sort((one, other) => one - other),
    share,
  );

export const OBSERVED = {
  'observed-state': [
    measureObserved({
      name: 'observed-state',
      work: STATE_POLL,
      variants: [NOT_COUNTED, METRICS, TRACES],
      turns: 30,
      isRepeatable: true,
      least: 0.97,
    }),
  ],
  'observed-placing': [
    measureObserved({ name: 'observed-placing', work: PLACING, variants: [OFF, METRICS, TRACES], turns: 15 }),
  ],
  'observed-protection': [
    measureObserved({
      name: 'observed-protection',
      work: PLACING_TO_MANY,
      variants: [UNPROTECTED, PROTECTED],
      turns: 15,
      least: 0.9,
    }),
  ],
  'observed-webhooks': [
    measureObserved({ name: 'observed-webhooks', work: WEBHOOKS, variants: [OFF, METRICS, TRACES], turns: 15 }),
  ],
};
