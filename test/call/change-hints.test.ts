/** Hints to the other replicas: how many are sent, and when none is. */
import { ChangeHints } from '../../src/call/updates/change-hints.js';
import { FeedConnection } from '../../src/call/updates/feed-connection.js';
import { createTestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

describe('hints', () => {
  let sent: (readonly string[])[];
  let isAlone: boolean;
  let hints: ChangeHints;

  beforeEach(() => {
    [sent, isAlone] = [[], false];
    const ask = ({ values }: { readonly values: unknown[] }) => {
      sent.push(values[0] as string[]);
      return Promise.resolve({ rows: [] });
    };
    hints = new ChangeHints(ask as never, () => isAlone);
  });

  it('of a change go at once, and those of changes soon after it go together', async () => {
    hints.give('1');
    await waitFor('the first', () => sent.length === 1);
    for (const change of ['2', '3']) {
      hints.give(change);
      await new Promise(setImmediate);
    }

    await hints.settled();

    expect(sent).toEqual([['1'], ['2', '3']]);
  });

  it('are not sent where no other replica listens', async () => {
    isAlone = true;
    hints.give('1');
    await hints.settled();
    isAlone = false;
    hints.give('2');
    await hints.settled();

    expect(sent).toEqual([['2']]);
  });
});

describe('a connection of the feed', () => {
  it('knows whether other replicas listen', async () => {
    const database = await createTestDatabase();
    const open = async (): Promise<FeedConnection> => {
      const nothing = () => undefined;
      const owner = {
        onConnected: async () => undefined,
        onNotification: nothing,
        onHearing: nothing,
        onLost: nothing,
      };
      const connection = new FeedConnection(database.url, [], owner);
      await connection.open();
      return connection;
    };
    const one = await open();
    // Until the probes of others would have come, it takes them to be there.
    expect(one.isAlone).toBe(false);
    await waitFor('to be alone', () => one.isAlone);

    const other = await open();

    await waitFor('company', () => !one.isAlone);
    expect(other.isAlone).toBe(false);
    await other.close();
    await one.close();
    await database.drop();
  });
});
