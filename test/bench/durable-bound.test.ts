import { boundOf, isOfCores, type Usage } from './beside/durable/bound.js';

/** Two cores that two replicas do not fill, and a PostgreSQL that mostly waits for nothing. */
const IDLE: Usage = {
  cores: 2,
  replicas: 2,
  programsBusy: 0.4,
  databaseBusy: 0.3,
  loadBusy: 0.1,
  objectLock: 0.1,
  flush: 0.3,
};

describe('the bound of a round', () => {
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

  it('counts as a bound of the cores only when PostgreSQL’s core, or every core, is full', () => {
    const boundsOfCores = (
      ['all cores of the machine', 'the core of PostgreSQL and load', 'the core of each replica', 'the flush'] as const
    ).filter(isOfCores);

    expect(boundsOfCores).toEqual(['all cores of the machine', 'the core of PostgreSQL and load']);
  });
});
