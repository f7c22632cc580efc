/** A work that compares contenders: their requests, the check of their results, and the targets. */
import { startContenders, type Contender, type ContenderName } from './contenders.js';
import { measure, median, type Load, type Round } from './load.js';
import type { Place } from './place.js';
import type { Aim, Report } from './report.js';

interface RoundOnDatabase extends Round {
  /** Processor time of PostgreSQL per request. */
  readonly databaseMicroseconds: number;
}

/** Medians of the rounds. */
export type Result = Omit<RoundOnDatabase, 'answered'>;

export interface Target {
  readonly text: string;
  readonly of: ContenderName;
  figure(ours: Result, theirs: Result): string;
  isReached(ours: Result, theirs: Result): boolean;
}

export interface Work {
  /** The work's name on the command line. */
  readonly name: string;
  readonly title: string;
  /** Ringback first. */
  readonly contenders: readonly ContenderName[];
  readonly targets: readonly Target[];
  readonly load: Pick<Load, 'connections' | 'rate'>;
  /** Runs before each round. @param seconds of the round, including the warm-up */
  prepare(contender: Contender, seconds: number): Promise<Load['next']>;
  /** Runs after each round. @throws Error if the database does not match the number of answers */
  verify?(contender: Contender, answered: number): Promise<void>;
}

export const timesTheirs = (least: number, of: ContenderName): Target => ({
  text: `≥ ${least} of ${of}`,
  of,
  figure: (ours, theirs) => (ours.perSecond / theirs.perSecond).toFixed(2),
  isReached: (ours, theirs) => ours.perSecond >= least * theirs.perSecond,
});

const ROUNDS = 3;
/**
 * A cold program must not be under full load. So there are few connections, which start one after another. They are enough for
 * a pool to open all its connections.
 */
const WARM_UP = { seconds: 2, connections: 16, joinMs: 500 };

/**
 * Rounds of all contenders alternate, so that other load on the machine affects each of them. The first round is a rehearsal
 * and does not count, because V8 is still compiling. A service that has run for hours has finished with that.
 */
export const compareContenders =
  (work: Work) =>
  async (place: Place, seconds: number): Promise<Report> => {
    const contenders = await startContenders(place, work.contenders);
    const rounds = new Map<ContenderName, RoundOnDatabase[]>(work.contenders.map((name) => [name, []]));
    for (let turn = 0; turn <= ROUNDS; turn++) {
      for (const contender of contenders) {
        const next = await work.prepare(contender, WARM_UP.seconds + seconds);
        const warmUp = await measure(contender, { ...work.load, ...WARM_UP, next });
        const cpuBefore = await place.databases.cpuSeconds();
        const round = await measure(contender, { ...work.load, next, seconds });
        const databaseSeconds = (await place.databases.cpuSeconds()) - cpuBefore;
        await work.verify?.(contender, warmUp.answered + round.answered);
        const databaseMicroseconds = (databaseSeconds * 1_000_000) / round.answered;
        if (turn > 0) rounds.get(contender.name)?.push({ ...round, databaseMicroseconds });
      }
    }
    return reportOf(work, rounds);
  };

const resultOf = (rounds: readonly RoundOnDatabase[] = []): Result => {
  const of = (figure: keyof Result): number => median(rounds.map((round) => round[figure]));
  return {
    perSecond: of('perSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    cpuMicroseconds: of('cpuMicroseconds'),
    databaseMicroseconds: of('databaseMicroseconds'),
  };
};

/** Table columns. If `core busy` is low, the program waits for the database, the provider or the load. */
const HEAD = [
  '',
  'a second',
  'each round',
  'p50',
  'p99',
  'processor a request',
  'PostgreSQL’s',
  'core busy',
  'Ringback ÷ it',
  'by processor time',
];

const reportOf = (
  { name, title, targets }: Work,
  roundsOf: ReadonlyMap<ContenderName, readonly RoundOnDatabase[]>,
): Report => {
  const ours = resultOf(roundsOf.get('Ringback'));
  return {
    work: name,
    title,
    head: HEAD,
    rows: [...roundsOf].map(([who, rounds]) => {
      const theirs = resultOf(rounds);
      return [
        who,
        theirs.perSecond.toFixed(0),
        rounds.map((round) => round.perSecond.toFixed(0)).join(', '),
        `${theirs.p50Ms.toFixed(1)} ms`,
        `${theirs.p99Ms.toFixed(1)} ms`,
        `${theirs.cpuMicroseconds.toFixed(0)} µs`,
        `${theirs.databaseMicroseconds.toFixed(0)} µs`,
        `${((theirs.cpuMicroseconds * theirs.perSecond) / 10_000).toFixed(0)} %`,
        who === 'Ringback' ? '' : (ours.perSecond / theirs.perSecond).toFixed(2),
        who === 'Ringback' ? '' : (theirs.cpuMicroseconds / ours.cpuMicroseconds).toFixed(2),
      ];
    }),
    aims: targets.map((target): Aim => {
      const theirs = resultOf(roundsOf.get(target.of));
      return { text: target.text, figure: target.figure(ours, theirs), isReached: target.isReached(ours, theirs) };
    }),
  };
};
