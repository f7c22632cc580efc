/** The bottleneck of a round: the first of these resources that is used up. */

export type Bound =
  | 'all cores of the machine'
  | 'the core of PostgreSQL and load'
  | 'the core of each replica'
  | 'the lock of transactions that notify'
  | 'the flush'
  | 'the connections: none of the cores is full';

/** Busy figures are in cores. */
export interface Usage {
  readonly cores: number;
  readonly replicas: number;
  readonly programsBusy: number;
  readonly databaseBusy: number;
  readonly loadBusy: number;
  /** Shares of what PostgreSQL's busy connections wait for. */
  readonly objectLock: number;
  readonly flush: number;
}

/** A core counts as full at this share, because other programs on the machine use some of its time. */
const FULL = 0.9;
/** The share at which most connections wait for the same thing. */
const MOST = 0.5;

export const boundOf = (usage: Usage): Bound => {
  const { cores, replicas, programsBusy, databaseBusy, loadBusy, objectLock, flush } = usage;
  if (programsBusy + databaseBusy + loadBusy >= FULL * cores) return 'all cores of the machine';
  if (databaseBusy + loadBusy >= FULL) return 'the core of PostgreSQL and load';
  if (programsBusy >= FULL * replicas) return 'the core of each replica';
  if (objectLock >= MOST) return 'the lock of transactions that notify';
  if (flush >= MOST) return 'the flush';
  return 'the connections: none of the cores is full';
};

export const isOfCores = (bound: Bound): boolean =>
  bound === 'all cores of the machine' || bound === 'the core of PostgreSQL and load';
