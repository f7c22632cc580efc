/** A work that is measured: what is asked of each contender, what proves that it was done, and what is to be reached. */
import type { Contender, ContenderName } from './contenders.js';
import { measure, median, type Load, type Round } from './load.js';
import { say, table } from './table.js';

/** Medians of the rounds. */
export type Result = Omit<Round, 'answered'>;

export interface Target {
  readonly text: string;
  isReached(ours: Result, theirs: Result): boolean;
}

export interface Work {
  readonly name: string;
  /** Ringback first. */
  readonly contenders: readonly ContenderName[];
  readonly targets: Readonly<Partial<Record<ContenderName, readonly Target[]>>>;
  readonly load: Pick<Load, 'connections' | 'rate'>;
  /** Before each round. @param seconds for which it is to last, the warm-up included */
  prepare(contender: Contender, seconds: number): Promise<Load['next']>;
  /** After each round. @throws Error where the database does not tell of so many answers */
  verify?(contender: Contender, answered: number): Promise<void>;
}

export const timesTheirs = (least: number): Target => ({
  text: `≥ ${least} of it a second`,
  isReached: (ours, theirs) => ours.perSecond >= least * theirs.perSecond,
});

const ROUNDS = 3;
/**
 * A cold program under full load is another subject. So the connections are few, yet enough for a pool to open whatever it
 * may open, and they join one after another.
 */
const WARM_UP = { seconds: 2, connections: 16, joinMs: 500 };

/** Rounds of all contenders take turns: what the machine does otherwise falls on each of them. */
export const carryOut = async (work: Work, all: readonly Contender[], seconds: number): Promise<void> => {
  const contenders = work.contenders.map((name) => all.find((contender) => contender.name === name)!);
  const rounds = new Map<ContenderName, Round[]>(work.contenders.map((name) => [name, []]));
  for (let turn = 0; turn < ROUNDS; turn++) {
    for (const contender of contenders) {
      const next = await work.prepare(contender, WARM_UP.seconds + seconds);
      const warmUp = await measure(contender, { ...work.load, ...WARM_UP, next });
      const round = await measure(contender, { ...work.load, next, seconds });
      await work.verify?.(contender, warmUp.answered + round.answered);
      rounds.get(contender.name)?.push(round);
    }
  }
  show(work, rounds);
};

const resultOf = (rounds: readonly Round[]): Result => {
  const of = (figure: keyof Result): number => median(rounds.map((round) => round[figure]));
  return { perSecond: of('perSecond'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms'), cpuMicroseconds: of('cpuMicroseconds') };
};

const show = ({ name, targets }: Work, roundsOf: ReadonlyMap<ContenderName, readonly Round[]>): void => {
  const ours = resultOf(roundsOf.get('Ringback') ?? []);
  say(`\n${name}\n`);
  say(
    table(
      [
        '',
        'a second, each round',
        'median',
        'p50',
        'p99',
        'processor a request',
        'we ÷ it',
        'by processor time',
        'target for us',
        'reached',
      ],
      [...roundsOf].map(([who, rounds]) => {
        const theirs = resultOf(rounds);
        const aims = targets[who] ?? [];
        return [
          who,
          rounds.map((round) => round.perSecond.toFixed(0)).join(', '),
          theirs.perSecond.toFixed(0),
          `${theirs.p50Ms.toFixed(1)} ms`,
          `${theirs.p99Ms.toFixed(1)} ms`,
          `${theirs.cpuMicroseconds.toFixed(0)} µs`,
          who === 'Ringback' ? '' : (ours.perSecond / theirs.perSecond).toFixed(2),
          who === 'Ringback' ? '' : (theirs.cpuMicroseconds / ours.cpuMicroseconds).toFixed(2),
          aims.map(({ text }) => text).join('; '),
          aims.map((aim) => (aim.isReached(ours, theirs) ? 'yes' : 'no')).join('; '),
        ];
      }),
    ),
  );
};
