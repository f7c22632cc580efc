import type { LookupAddress, LookupOptions } from 'node:dns';
import { shareLookups } from '../../src/common/shared-lookup.js';

/** A resolver that answers when the test says so. */
const slowResolver = () => {
  const waiting: { name: string; resolve: (found: LookupAddress[]) => void; reject: (error: Error) => void }[] = [];
  const resolver = (name: string): Promise<LookupAddress[]> =>
    new Promise((resolve, reject) => waiting.push({ name, resolve, reject }));
  return { waiting, lookup: shareLookups(resolver) };
};

type Lookup = ReturnType<typeof shareLookups>;

const ask = (lookup: Lookup, name: string, options: LookupOptions): Promise<unknown> =>
  new Promise((resolve, reject) => {
    lookup(name, options, (error, ...found) => {
      if (error) reject(error);
      else resolve(found);
    });
  });

const FOUND = [
  { address: '192.0.2.1', family: 4 },
  { address: '192.0.2.2', family: 4 },
];

it('asks once for a name that is being looked up, and answers all', async () => {
  const { waiting, lookup } = slowResolver();

  const answers = [ask(lookup, 'silent.test', { all: true }), ask(lookup, 'silent.test', { all: false })];
  const other = ask(lookup, 'other.test', { all: true });

  expect(waiting.map(({ name }) => name)).toEqual(['silent.test', 'other.test']);
  for (const { resolve } of waiting) resolve(FOUND);
  await expect(Promise.all([...answers, other])).resolves.toEqual([[FOUND], ['192.0.2.1', 4], [FOUND]]);
});

it('asks again after an answer and after a failure', async () => {
  const { waiting, lookup } = slowResolver();

  const failing = [ask(lookup, 'silent.test', { all: true }), ask(lookup, 'silent.test', { all: true })];
  waiting[0]!.reject(new Error('EAI_AGAIN'));
  const outcomes = await Promise.allSettled(failing);
  const next = ask(lookup, 'silent.test', { all: true });
  waiting[1]!.resolve(FOUND);

  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(next).resolves.toEqual([FOUND]);
});

it('does not share an answer with a request for another family', () => {
  const { waiting, lookup } = slowResolver();

  void ask(lookup, 'silent.test', { all: true, family: 4 });
  void ask(lookup, 'silent.test', { all: true, family: 6 });

  expect(waiting).toHaveLength(2);
});
