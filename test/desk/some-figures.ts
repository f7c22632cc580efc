/** Calls that are over, and counted, for the pages that show figures. */
import type { EndReason } from '../../src/call/record/call-lifecycle.js';
import { applyEvent, storeCall } from '../support/stored-call.js';
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

/** By provider, how its calls end. Those that are completed ring after 3 s and are answered after 8 s. */
type Ends = Readonly<Record<string, readonly EndReason[]>>;

const countedIn = async (service: TestApp): Promise<number> => {
  const [row] = await service.database.query<[{ calls: number }]>(
    `select coalesce(sum(calls), 0)::int as calls from call_statistics where grouped_by = 'provider' and minutes = 15`,
  );
  return row.calls;
};

/** They are counted when it returns. */
export const countCalls = async (service: TestApp, ends: Ends): Promise<void> => {
  const before = await countedIn(service);
  const calls = Object.entries(ends).flatMap(([provider, reasons]) => reasons.map((reason) => ({ provider, reason })));
  for (const { provider, reason } of calls) {
    const { callSid } = await storeCall(service.database, { provider });
    const begun = Date.now();
    const after = (seconds: number): Date => new Date(begun + seconds * 1_000);
    if (reason === 'completed') {
      await applyEvent(service.database, callSid, { type: 'ringing', occurredAt: after(3) });
      await applyEvent(service.database, callSid, { type: 'answered', occurredAt: after(8) });
    }
    await applyEvent(service.database, callSid, { type: 'ended', endReason: reason, occurredAt: after(98) });
  }
  await waitFor('the calls to be counted', async () => (await countedIn(service)) === before + calls.length);
};

/** A call of now a week ago that ended busy. It is counted when it returns. */
export const countBusyCallOfWeekBefore = async (service: TestApp, provider: string): Promise<void> => {
  const before = await countedIn(service);
  await service.database.query(
    `insert into end_to_count (requested_at, provider, callee_phone, end_reason, ended_at)
     values (now() - interval '7 days', $1, '+8613800002000', 'busy', now() - interval '7 days' + interval '98 seconds')`,
    [provider],
  );
  await waitFor('the call to be counted', async () => (await countedIn(service)) === before + 1);
};

/** Two weeks of calls, more of them by day than by night and more of them now than the week before. They are counted when it returns. */
export const countPastCalls = async (service: TestApp): Promise<void> => {
  await service.database.query(`
    insert into end_to_count (requested_at, provider, callee_phone, end_reason, ringing_at, answered_at, ended_at)
    select at, provider, '+8613800002000', reason,
      case when reason not in ('unreachable', 'failed') then at + ringing * interval '1 second' end,
      case when reason = 'completed' then at + (ringing + 2 + 9 * random()) * interval '1 second' end,
      at + (40 + 200 * random()) * interval '1 second'
    from (
      select slot + random() * interval '14 minutes' as at, 1.5 + 3 * random() ^ 3 as ringing,
        (array['yuntongxun', 'yuntongxun', 'yuntongxun', 'twilio', 'telnyx'])[1 + floor(random() * 5)::int] as provider,
        (array['completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'no_answer', 'no_answer', 'busy',
          'canceled', 'rejected', 'unreachable', 'failed'])[1 + floor(random() * 14)::int] as reason
      from generate_series(date_trunc('hour', now()) - interval '14 days', date_trunc('hour', now()) - interval '1 hour', interval '2 hours') slot,
        lateral generate_series(1, (4 + 14 * sin(pi() * extract(hour from slot at time zone 'Asia/Shanghai') / 24) ^ 2
          * (case when slot > now() - interval '7 days' then 1.25 else 1 end))::int)
    ) call`);
  await waitFor('the calls to be counted', async () => {
    const [{ waiting }] = await service.database.query<[{ waiting: number }]>(
      'select count(*)::int as waiting from end_to_count',
    );
    return waiting === 0;
  });
};
