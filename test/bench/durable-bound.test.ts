import { boundOf, isOfCores, type Usage } from './beside/durable/bound.js';

/** Two cores on which two replicas have much room, and PostgreSQL waits for nothing in particular. */
const IDLE: Usage = {
  cores: 2,
  replicas: 2,
  programsBusy: 0.4,
  databaseBusy: 0.3,
  loadBusy: 0.1,
  objectLock: 0.1,
  flush: 0.3,
};

describe('what bounds a round', () => {
  it.each<[Partial<Usage>, ReturnType<typeof boundOf>]>([
    [{}, 'the connections: none of the cores is full'],
    [{ flush: 0.8 }, 'the flush'],
    [{ objectLock: 0.8 }, 'the lock of transactions that notify'],
    [{ cores: 4, programsBusy: 1.9, flush: 0.8 }, 'the core of each replica'],
    [{ databaseBusy: 0.8, loadBusy: 0.15, flush: 0.8 }, 'the core of PostgreSQL and load'],
    [{ programsBusy: 1.2, databaseBusy: 0.5, loadBusy: 0.2, flush: 0.8 }, 'all cores of the machine'],
  ])('with %o is %s', (usage, bound) => {
    expect(boundOf({ ...IDLE, ...usage })).toBe(bound);
  });

  it('excuses a second replica only where PostgreSQL’s core has no room left', () => {
    const excused = (
      ['all cores of the machine', 'the core of PostgreSQL and load', 'the core of each replica', 'the flush'] as const
    ).filter(isOfCores);

    expect(excused).toEqual(['all cores of the machine', 'the core of PostgreSQL and load']);
  });
});
