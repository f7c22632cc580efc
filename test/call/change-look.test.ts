/** A look finds every change that was committed since the last look, once, in any order of commits. */
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

/** Writes first changes of calls that have no record: the look reads only call_events. */
const write = async (client: Client, count = 1, extra = ''): Promise<string[]> => {
  const { rows } = await client.query<{ call_sid: string }>(
    `insert into call_events (provider, event_id, call_sid, type, occurred_at, change_number, change ${extra && ', written_by'})
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

it('finds each committed change once, and no change that was rolled back, while many transactions overlap', async () => {
  const ask = await asker();
  let until = await beginToLook(ask);
  const committed: string[] = [];
  const seen: string[] = [];
  const writing = { isOver: false };

  const writers = Array.from({ length: 8 }, async (_, writer) => {
    const client = await connect();
    for (let round = 0; round < 40; round++) {
      await client.query('begin');
      const written = await write(client, 1 + (round % 3));
      // Some stay open across several looks, and not in the order in which they began.
      if ((round + writer) % 5 === 0) await sleep(Math.random() * 30);
      if ((round + writer) % 7 === 0) await client.query('savepoint nested');
      if ((round + writer) % 7 === 0) written.push(...(await write(client)));
      const isKept = (round + writer) % 4 !== 0;
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

it('does not wait for an open transaction, reads no more rows for it, and finds its changes after its commit', async () => {
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

it('reads only new changes, also with a plan that was made for an empty table', async () => {
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

it('returns null instead of a list when too many calls have changed', async () => {
  const ask = await asker();
  const writer = await connect();
  const begin = await beginToLook(ask);
  await write(writer, MAX_SEEN + 1);

  const { until, changes } = await look(ask, begin);

  expect(changes).toBeNull();
  const [next = ''] = await write(writer);
  expect((await seenAfter(ask, until)).seen).toEqual([next]);
});

describe('a look on a server with other transaction ids', () => {
  it('returns null when the server is another one than before', async () => {
    const ask = await asker();
    const { snapshot } = await beginToLook(ask);

    expect((await look(ask, { snapshot, server: '2020-01-01 00:00:00+00' })).changes).toBeNull();
  });

  it('returns null when the last snapshot is ahead of the server', async () => {
    const ask = await asker();
    const { server } = await beginToLook(ask);

    expect((await look(ask, { snapshot: '900000000000:900000000000:', server })).changes).toBeNull();
  });

  it('skips rows of a restored dump with transaction ids in the future, and finds every new row', async () => {
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
