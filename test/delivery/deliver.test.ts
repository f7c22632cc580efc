import { Webhook } from 'standardwebhooks';
import type { EntityManager } from 'typeorm';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { openTestCall, publishStep, endedTestCall } from '../support/test-call.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { registerEndpoint, retryNow, type RegisteredEndpoint } from '../support/webhook-endpoint.js';

let service: TestApp;
let receiver: WebhookReceiver;
let endpoint: RegisteredEndpoint;

beforeAll(async () => {
  service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' } });
});
afterAll(() => service.close());

beforeEach(async () => {
  await service.database.query('delete from webhook_endpoint');
  receiver = await startWebhookReceiver();
  endpoint = await registerEndpoint(service, { url: receiver.url });
});
afterEach(() => receiver.close());

const numbersTaken = (callSid: string): number[] => receiver.accepted(callSid).map(({ change }) => change.data.number);

const allTaken = (callSid: string, count = 4): Promise<unknown> =>
  waitFor(`${count} deliveries`, () => receiver.accepted(callSid).length >= count);

/** Whatever waits is tried again, until the condition holds. */
const retriedUntil = (what: string, condition: () => boolean): Promise<unknown> =>
  waitFor(what, async () => {
    await retryNow(service.database);
    return condition();
  });

/** In one snapshot: an attempt is written down before it is made, and its outcome before its slot is free. */
const attemptsAt = async (endpointId: string): Promise<{ underWay: number; over: number }> => {
  const [counts] = await service.database.query<[{ underWay: number; over: number }]>(
    `select count(*) filter (where duration_ms is null)::int as "underWay",
       count(*) filter (where duration_ms is not null)::int as over
     from webhook_attempt where endpoint_id = $1`,
    [endpointId],
  );
  return counts;
};

interface WaitingJob {
  /** As the job has it, and as they are written down. */
  readonly failures: number;
  readonly attempts: number;
}

/** Jobs of the endpoint that no worker has taken. */
const waitingJobs = (): Promise<WaitingJob[]> =>
  service.database.query<WaitingJob[]>(
    `select job.attempts as failures, (
       select count(*)::int from webhook_attempt attempt
       where attempt.endpoint_id = $1 and job.key = webhook_job_key(attempt.endpoint_id, attempt.call_sid)
     ) as attempts
     from graphile_worker.jobs job where starts_with(job.key, webhook_job_key($1, '')) and job.locked_at is null`,
    [endpoint.id],
  );

describe('the changes of a call', () => {
  it('reach the endpoint in order, once each, in the bytes of the timeline and the long poll', async () => {
    const { data } = await service.ask('1001', 'call/2000');
    const callSid = data?.callSid ?? '';
    await waitFor('the end', async () => (await service.ask('1001', `callState/${callSid}`)).data?.stateType === '4');

    await allTaken(callSid);

    const bodies = receiver.accepted(callSid).map(({ body }) => body);
    expect(numbersTaken(callSid)).toEqual([1, 2, 3, 4]);
    const timeline = await (await service.admin('GET', `calls/${callSid}`)).text();
    for (const body of bodies) expect(timeline).toContain(`"change":${body}`);
    const token = await service.token('1001');
    const poll = await fetch(`${service.url}/v1/app/callState/${callSid}?afterNumber=0&access_token=${token}`);
    expect(await poll.text()).toContain(`"changes":[${bodies.join(',')}]`);
  });

  it('are signed as Standard Webhooks has it, with an id of call and number', async () => {
    const callSid = await endedTestCall(service);
    await allTaken(callSid);

    for (const { headers, body, id, change } of receiver.accepted(callSid)) {
      expect(id).toBe(`${callSid}-${change.data.number}`);
      expect(headers['content-type']).toBe('application/json');
      expect(new Webhook(endpoint.secret).verify(body, headers as Record<string, string>)).toEqual(change);
      expect(() => new Webhook(endpoint.secret).verify(`${body} `, headers as Record<string, string>)).toThrow();
    }
  });

  it('wait for the one before, while other calls go on; and each is taken once more when the endpoint heals', async () => {
    let sick = '';
    // Its first change may be on its way before its callSid is known here.
    receiver.replyWith(({ change }) => (sick === '' || change.data.callSid === sick ? 500 : 204));
    sick = await openTestCall(service);
    for (const number of [2, 3, 4] as const) await publishStep(service, sick, number);
    const well = await endedTestCall(service);
    await allTaken(well);
    const failures = () =>
      receiver.received.filter(({ change, answered }) => change.data.callSid === sick && answered === 500);
    await retriedUntil('three failures', () => failures().length >= 3);
    expect(numbersTaken(well)).toEqual([1, 2, 3, 4]);
    expect(new Set(failures().map(({ id }) => id))).toEqual(new Set([`${sick}-1`]));

    receiver.replyWith(() => 204);
    await retriedUntil('four deliveries', () => receiver.accepted(sick).length >= 4);

    expect(numbersTaken(sick)).toEqual([1, 2, 3, 4]);
  });

  it('are all delivered, although they go on being made while others are on their way', async () => {
    const calls: string[] = [];
    const lane = async (): Promise<void> => {
      for (let count = 0; count < 8; count++) calls.push(await endedTestCall(service));
    };
    await Promise.all([lane(), lane(), lane()]);

    for (const callSid of calls) {
      await allTaken(callSid);
      expect(numbersTaken(callSid)).toEqual([1, 2, 3, 4]);
    }
    expect(receiver.mostConcurrent).toBe(1);
  });

  it('do not have a failing delivery start its waiting anew', async () => {
    receiver.replyWith(() => 503);
    const callSid = await openTestCall(service);
    const job = () =>
      service.database.query<{ attempts: number; run_at: Date }[]>(
        `select attempts, run_at from graphile_worker.jobs where key like 'deliver:%' || $1 and locked_at is null and attempts > 0`,
        [callSid],
      );
    const [before] = await waitFor('a first failure', async () => {
      const jobs = await job();
      return jobs.length > 0 && jobs;
    });

    await publishStep(service, callSid, 2);

    expect(await job()).toEqual([before]);
  });

  it('of only the wanted types reach an endpoint that names types', async () => {
    await service.admin('PATCH', `webhook-endpoints/${endpoint.id}`, { eventTypes: ['call.ringing', 'call.over'] });

    const callSid = await endedTestCall(service);
    await allTaken(callSid, 2);

    expect(numbersTaken(callSid)).toEqual([2, 4]);
    expect(await service.database.query('select 1 from webhook_delivery where call_sid = $1', [callSid])).toHaveLength(
      2,
    );
  });

  it('reach every endpoint, whatever becomes of the others', async () => {
    const other = await startWebhookReceiver();
    await registerEndpoint(service, { url: other.url });
    receiver.replyWith(() => 'cut');

    const callSid = await endedTestCall(service);
    await waitFor('four deliveries', () => other.accepted(callSid).length === 4);

    expect(other.accepted(callSid).map(({ change }) => change.data.number)).toEqual([1, 2, 3, 4]);
    expect(numbersTaken(callSid)).toEqual([]);
    await other.close();
  });

  it('do not wait for an endpoint that hangs, although thirty calls come for it at one instant', async () => {
    receiver.replyWith(() => 'silence');
    await Promise.all(Array.from({ length: 30 }, () => openTestCall(service)));
    await waitFor(
      'the attempts that one endpoint may have',
      async () => (await attemptsAt(endpoint.id)).underWay === 5,
    );
    const other = await startWebhookReceiver();
    await registerEndpoint(service, { url: other.url });
    let mostUnderWay = 0;

    const callSid = await endedTestCall(service);

    await waitFor('four deliveries', async () => {
      const { underWay } = await attemptsAt(endpoint.id);
      mostUnderWay = Math.max(mostUnderWay, underWay);
      return other.accepted(callSid).length === 4;
    });
    expect(other.accepted(callSid).map(({ change }) => change.data.number)).toEqual([1, 2, 3, 4]);
    // So it was delivered while the first attempts at the other endpoint were held.
    expect(await attemptsAt(endpoint.id)).toEqual({ underWay: 5, over: 0 });
    expect(mostUnderWay).toBe(5);
    await other.close();
  });

  it('do not wait for three endpoints that hang', async () => {
    const silent = await Promise.all([startWebhookReceiver(), startWebhookReceiver(), startWebhookReceiver()]);
    for (const one of silent) {
      one.replyWith(() => 'silence');
      await registerEndpoint(service, { url: one.url });
    }
    await Promise.all(Array.from({ length: 30 }, () => openTestCall(service)));
    const attempts = (): number => silent.reduce((sum, { received }) => sum + received.length, 0);
    // One each, and five more for all of them.
    await waitFor('the attempts that they may have', () => attempts() === 8);

    const callSid = await endedTestCall(service);

    await waitFor('four deliveries', () => receiver.accepted(callSid).length === 4);
    expect(attempts()).toBe(8);
    await Promise.all(silent.map((one) => one.close()));
  });

  it('that find no free slot at their endpoint wait without an attempt on their account, and in their order', async () => {
    receiver.replyWith(() => 500);
    const calls = await Promise.all(Array.from({ length: 30 }, () => openTestCall(service)));
    await waitFor('each to have failed once', async () => {
      const jobs = await waitingJobs();
      return jobs.length === 30 && jobs.every(({ failures }) => failures > 0);
    });
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    receiver.replyWith(async () => {
      await held;
      return 500;
    });

    await retryNow(service.database);
    const rest = await waitFor('five attempts, and all others to be put back', async () => {
      const jobs = await waitingJobs();
      return (await attemptsAt(endpoint.id)).underWay === 5 && jobs.length === 25 && jobs;
    });

    for (const { failures, attempts } of rest) expect(failures).toBe(attempts);
    release();
    await Promise.all(calls.map((callSid) => publishStep(service, callSid, 2)));
    receiver.replyWith(() => 204);
    await retriedUntil('all deliveries', () => receiver.accepted().length >= 60);
    for (const callSid of calls) expect(numbersTaken(callSid)).toEqual([1, 2]);
    expect(receiver.mostConcurrent).toBe(1);
  });
});

describe('a delivery is written down', () => {
  it('with the change, or not at all', async () => {
    const written = (database: Pick<EntityManager, 'query'>): Promise<unknown> =>
      database.query(
        `select (select count(*)::int from webhook_delivery where endpoint_id = $1) as deliveries,
           (select count(*)::int from graphile_worker.jobs where key like 'deliver:' || $1 || ':%') as jobs`,
        [endpoint.id],
      );

    await expect(
      service.database.transaction(async (database) => {
        await database.query(
          `insert into call_event (provider, event_id, call_sid, type, occurred_at, change_number, change)
           values ('simulator', 'rolled-back', $1, 'requested', now(), 1, '{"type":"call.requested"}')`,
          ['1'.repeat(32)],
        );
        expect(await written(database)).toEqual([{ deliveries: 1, jobs: 1 }]);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');

    expect(await written(service.database)).toEqual([{ deliveries: 0, jobs: 0 }]);
  });

  it('for nobody where there is no endpoint', async () => {
    await service.admin('DELETE', `webhook-endpoints/${endpoint.id}`);

    const callSid = await endedTestCall(service);

    expect(await service.database.query('select 1 from webhook_delivery where call_sid = $1', [callSid])).toEqual([]);
  });
});
