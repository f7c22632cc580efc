/** A look finds what was committed since the one before: everything, once, whatever commits in whatever order. */
import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  beginToLook,
  look,
  MAX_SEEN,
  type AskInSession,
  type LookedUntil,
} from '../../src/call/updates/change-look.js';
import { newCallSid } from '../../src/call/record/call-sid.js';
import { planOf } from '../support/query-plan.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
const clients: Client[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end();
});
afterAll(() => database.drop());

const connect = async (): Promise<Client> => {
  const client = new Client({ connectionString: database.url, options: '-c enable_seqscan=off' });
  await client.connect();
  clients.push(client);
  return client;
};

const asker = async (): Promise<AskInSession> => {
  const client = await connect();
  return (question) => client.query(question);
};

/** First changes of calls that are nowhere else: the look reads no other table. */
const write = async (client: Client, count = 1, extra = ''): Promise<string[]> => {
  const { rows } = await client.query<{ call_sid: string }>(
    `insert into call_event (provider, event_id, call_sid, type, occurred_at, change_number, change ${extra && ', written_by'})
     select 'test', call_sid, call_sid, 'requested', now(), 1, '{}' ${extra && `, ${extra}`}
     from unnest($1::text[]) call_sid returning call_sid`,
    [Array.from({ length: count }, () => newCallSid(new Date()))],
  );
  return rows.map((row) => row.call_sid);
};

const seenAfter = async (ask: AskInSession, last: LookedUntil) => {
  const { until, changes } = await look(ask, last);
  return { until, seen: changes?.map(({ callSid }) => callSid) ?? null };
};

it('tells of each change once, and of none that was rolled back, while many transactions overlap', async () => {
  const ask = await asker();
  let until = await beginToLook(ask);
  const committed: string[] = [];
  const seen: string[] = [];
  const writing = { isOver: false };

  const writers = Array.from({ length: 8 }, async (_, writer) => {
    const client = await connect();
    for (let turn = 0; turn < 40; turn++) {
      await client.query('begin');
      const written = await write(client, 1 + (turn % 3));
      // Some stay open across several looks, and not in the order in which they began.
      if ((turn + writer) % 5 === 0) await sleep(Math.random() * 30);
      if ((turn + writer) % 7 === 0) await client.query('savepoint nested');
      if ((turn + writer) % 7 === 0) written.push(...(await write(client)));
      const isKept = (turn + writer) % 4 !== 0;
      await client.query(isKept ? 'commit' : 'rollback');
      if (isKept) committed.push(...written);
    }
  });
  const looking = (async () => {
    // Once more after the last commit.
    for (let looksToCome = 1; looksToCome >= 0; looksToCome -= Number(writing.isOver)) {
      const found = await seenAfter(ask, until);
      until = found.until;
      seen.push(...found.seen!);
    }
  })();
  await Promise.all(writers);
  writing.isOver = true;
  await looking;

  expect(seen.toSorted()).toEqual(committed.toSorted());
});

it('is not held up by a transaction that stays open, reads no more for it, and tells of it at its end', async () => {
  const ask = await asker();
  const [long, others] = [await connect(), await connect()];
  const begin = await beginToLook(ask);
  await long.query('begin');
  const late = await write(long);

  const early = await write(others);
  const first = await seenAfter(ask, begin);
  for (let batch = 0; batch < 4; batch++) await write(others, 1_000);
  const second = await seenAfter(ask, first.until);
  const { rowsRead } = await planOfLook(second.until);
  await long.query('commit');
  const third = await seenAfter(ask, second.until);

  expect(first.seen).toEqual(early);
  expect(second.seen).toHaveLength(4_000);
  expect(rowsRead).toBe(0);
  expect(third.seen).toEqual(late);
});

const planOfLook = async (until: LookedUntil) => {
  const client = await connect();
  let plan: Awaited<ReturnType<typeof planOf>> | undefined;
  const explain: AskInSession = async ({ text, values }) => {
    plan = await planOf(
      { query: async (sql: string, given?: unknown[]) => (await client.query(sql, given)).rows } as never,
      {
        text,
        values,
      },
    );
    return client.query(text, values);
  };
  await look(explain, until);
  return plan!;
};

it('reads nothing but new changes by a plan that was made for an empty table', async () => {
  const own = await createTestDatabase();
  const client = new Client({ connectionString: own.url, options: '-c enable_seqscan=off' });
  try {
    await client.connect();
    await client.query('vacuum analyze');
    await client.query('set plan_cache_mode = force_generic_plan');
    const ask: AskInSession = (question) => client.query(question);
    let { until } = await look(ask, await beginToLook(ask));
    await write(client, 3_000);
    ({ until } = await look(ask, until));

    const plan = await planOf({ query: async (sql: string) => (await client.query(sql)).rows } as never, {
      text: `execute look ('${until.snapshot}')`,
      values: [],
    });

    expect(plan.rowsRead).toBe(0);
    expect(plan.buffers).toBeLessThan(20);
  } finally {
    await client.end();
    await own.drop();
  }
});

it('is no list any more where too many have changed', async () => {
  const ask = await asker();
  const writer = await connect();
  const begin = await beginToLook(ask);
  await write(writer, MAX_SEEN + 1);

  const { until, changes } = await look(ask, begin);

  expect(changes).toBeNull();
  const [next = ''] = await write(writer);
  expect((await seenAfter(ask, until)).seen).toEqual([next]);
});

describe('on a server that counts transactions anew', () => {
  it('is no list: another server has taken the place of the one before', async () => {
    const ask = await asker();
    const { snapshot } = await beginToLook(ask);

    expect((await look(ask, { snapshot, server: '2020-01-01 00:00:00+00' })).changes).toBeNull();
  });

  it('is no list: the one before had come further', async () => {
    const ask = await asker();
    const { server } = await beginToLook(ask);

    expect((await look(ask, { snapshot: '900000000000:900000000000:', server })).changes).toBeNull();
  });

  it('leaves out rows of a restored dump whose transactions have yet to come here, and misses none that is new', async () => {
    const ask = await asker();
    const writer = await connect();
    const begin = await beginToLook(ask);

    await write(writer, 3, '900000000000');
    const fresh = await write(writer, 2);

    const found = await seenAfter(ask, begin);
    expect(found.seen?.toSorted()).toEqual(fresh.toSorted());
    expect((await seenAfter(ask, found.until)).seen).toEqual([]);
  });
});
