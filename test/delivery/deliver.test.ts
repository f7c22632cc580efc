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

const numbersAccepted = (callSid: string): number[] =>
  receiver.accepted(callSid).map(({ change }) => change.data.number);

const allAccepted = (callSid: string, count = 4): Promise<unknown> =>
  waitFor(`${count} deliveries`, () => receiver.accepted(callSid).length >= count);

/** Retries every waiting delivery until the condition is true. */
const retriedUntil = (what: string, condition: () => boolean): Promise<unknown> =>
  waitFor(what, async () => {
    await retryNow(service.database);
    return condition();
  });

/** In one snapshot. An attempt is stored before it is made, and its outcome before its slot is free. */
const attemptsAt = async (endpointId: string): Promise<{ inFlight: number; over: number }> => {
  const [counts] = await service.database.query<[{ inFlight: number; over: number }]>(
    `select count(*) filter (where duration_ms is null)::int as "inFlight",
       count(*) filter (where duration_ms is not null)::int as over
     from webhook_attempts where endpoint_id = $1`,
    [endpointId],
  );
  return counts;
};

interface WaitingJob {
  /** The job's own count, and the number of stored attempts. */
  readonly failures: number;
  readonly attempts: number;
}

/** Jobs of the endpoint that no worker has locked. */
const waitingJobs = (): Promise<WaitingJob[]> =>
  service.database.query<WaitingJob[]>(
    `select job.attempts as failures, (
       select count(*)::int from webhook_attempts attempt
       where attempt.endpoint_id = $1 and job.key = webhook_job_key(attempt.endpoint_id, attempt.call_sid)
     ) as attempts
     from graphile_worker.jobs job where starts_with(job.key, webhook_job_key($1, '')) and job.locked_at is null`,
    [endpoint.id],
  );

describe('the changes of a call', () => {
  it('reach the endpoint in order, once each, with the same bytes as in the timeline and the long poll', async () => {
    const { data } = await service.ask('1001', 'call/2000');
    const callSid = data?.callSid ?? '';
    await waitFor('the end', async () => (await service.ask('1001', `callState/${callSid}`)).data?.stateType === '4');

    await allAccepted(callSid);

    const bodies = receiver.accepted(callSid).map(({ body }) => body);
    expect(numbersAccepted(callSid)).toEqual([1, 2, 3, 4]);
    const timeline = await (await service.admin('GET', `calls/${callSid}`)).text();
    for (const body of bodies) expect(timeline).toContain(`"change":${body}`);
    const token = await service.token('1001');
    const poll = await fetch(`${service.url}/v1/app/callState/${callSid}?afterNumber=0&access_token=${token}`);
    expect(await poll.text()).toContain(`"changes":[${bodies.join(',')}]`);
  });

  it('are signed as in Standard Webhooks, with an id of callSid and number', async () => {
    const callSid = await endedTestCall(service);
    await allAccepted(callSid);

    for (const { headers, body, id, change } of receiver.accepted(callSid)) {
      expect(id).toBe(`${callSid}-${change.data.number}`);
      expect(headers['content-type']).toBe('application/json');
      expect(new Webhook(endpoint.secret).verify(body, headers as Record<string, string>)).toEqual(change);
      expect(() => new Webhook(endpoint.secret).verify(`${body} `, headers as Record<string, string>)).toThrow();
    }
  });

  it('wait for the failed change before them, while other calls’ changes are delivered', async () => {
    let failing = '';
    // Its first change may be in flight before the test has its callSid.
    receiver.replyWith(({ change }) => (failing === '' || change.data.callSid === failing ? 500 : 204));
    failing = await openTestCall(service);
    for (const number of [2, 3, 4] as const) await publishStep(service, failing, number);
    const healthy = await endedTestCall(service);
    await allAccepted(healthy);
    const failures = () =>
      receiver.received.filter(({ change, answered }) => change.data.callSid === failing && answered === 500);
    await retriedUntil('three failures', () => failures().length >= 3);
    expect(numbersAccepted(healthy)).toEqual([1, 2, 3, 4]);
    expect(new Set(failures().map(({ id }) => id))).toEqual(new Set([`${failing}-1`]));

    receiver.replyWith(() => 204);
    await retriedUntil('four deliveries', () => receiver.accepted(failing).length >= 4);

    expect(numbersAccepted(failing)).toEqual([1, 2, 3, 4]);
  });

  it('are all delivered when new changes are made during deliveries', async () => {
    const calls: string[] = [];
    const lane = async (): Promise<void> => {
      for (let count = 0; count < 8; count++) calls.push(await endedTestCall(service));
    };
    await Promise.all([lane(), lane(), lane()]);

    for (const callSid of calls) {
      await allAccepted(callSid);
      expect(numbersAccepted(callSid)).toEqual([1, 2, 3, 4]);
    }
    expect(receiver.mostConcurrent).toBe(1);
  });

  it('do not restart the back-off of a failing delivery', async () => {
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

  it('reach an endpoint with eventTypes only if they have one of its types', async () => {
    await service.admin('PATCH', `webhook-endpoints/${endpoint.id}`, { eventTypes: ['call.ringing', 'call.over'] });

    const callSid = await endedTestCall(service);
    await allAccepted(callSid, 2);

    expect(numbersAccepted(callSid)).toEqual([2, 4]);
    expect(
      await service.database.query('select 1 from webhook_deliveries where call_sid = $1', [callSid]),
    ).toHaveLength(2);
  });

  it('reach an endpoint while another endpoint fails', async () => {
    const other = await startWebhookReceiver();
    await registerEndpoint(service, { url: other.url });
    receiver.replyWith(() => 'cut');

    const callSid = await endedTestCall(service);
    await waitFor('four deliveries', () => other.accepted(callSid).length === 4);

    expect(other.accepted(callSid).map(({ change }) => change.data.number)).toEqual([1, 2, 3, 4]);
    expect(numbersAccepted(callSid)).toEqual([]);
    await other.close();
  });

  it('do not wait for an endpoint that hangs with thirty concurrent calls', async () => {
    receiver.replyWith(() => 'silence');
    await Promise.all(Array.from({ length: 30 }, () => openTestCall(service)));
    await waitFor(
      'the most concurrent attempts of one endpoint',
      async () => (await attemptsAt(endpoint.id)).inFlight === 5,
    );
    const other = await startWebhookReceiver();
    await registerEndpoint(service, { url: other.url });
    let mostInFlight = 0;

    const callSid = await endedTestCall(service);

    await waitFor('four deliveries', async () => {
      const { inFlight } = await attemptsAt(endpoint.id);
      mostInFlight = Math.max(mostInFlight, inFlight);
      return other.accepted(callSid).length === 4;
    });
    expect(other.accepted(callSid).map(({ change }) => change.data.number)).toEqual([1, 2, 3, 4]);
    // So the deliveries were made while the attempts at the other endpoint were in flight.
    expect(await attemptsAt(endpoint.id)).toEqual({ inFlight: 5, over: 0 });
    expect(mostInFlight).toBe(5);
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
    // One slot each, and five shared slots.
    await waitFor('the most concurrent attempts of all three', () => attempts() === 8);

    const callSid = await endedTestCall(service);

    await waitFor('four deliveries', () => receiver.accepted(callSid).length === 4);
    expect(attempts()).toBe(8);
    await Promise.all(silent.map((one) => one.close()));
  });

  it('do not wait for an endpoint that hangs when it is told of many freezes', async () => {
    const silent = await startWebhookReceiver();
    silent.replyWith(() => 'silence');
    await registerEndpoint(service, { url: silent.url, eventTypes: ['protection.frozen'] });
    for (const subject of [
      'AT',
      'BE',
      'CH',
      'DE',
      'DK',
      'ES',
      'FI',
      'FR',
      'GB',
      'GR',
      'HU',
      'IE',
      'IT',
      'LT',
      'LV',
      'NL',
    ]) {
      for (const kind of ['country', 'sub_account']) {
        const freeze = { kind, subject: kind === 'country' ? subject : `simulator/${subject}` };
        expect((await service.admin('POST', 'freezes', freeze)).status).toBe(201);
      }
    }
    await waitFor('the most concurrent attempts of one endpoint', () => silent.received.length >= 5);

    const callSid = await endedTestCall(service);

    await allAccepted(callSid);
    expect(numbersAccepted(callSid)).toEqual([1, 2, 3, 4]);
    expect(silent.received).toHaveLength(5);
    await service.database.query('update call_freeze set lifted_at = now() where lifted_at is null');
    await silent.close();
  });

  it('wait for a free slot of their endpoint without a counted attempt, and in their order', async () => {
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
      return (await attemptsAt(endpoint.id)).inFlight === 5 && jobs.length === 25 && jobs;
    });

    for (const { failures, attempts } of rest) expect(failures).toBe(attempts);
    release();
    await Promise.all(calls.map((callSid) => publishStep(service, callSid, 2)));
    receiver.replyWith(() => 204);
    await retriedUntil('all deliveries', () => receiver.accepted().length >= 60);
    for (const callSid of calls) expect(numbersAccepted(callSid)).toEqual([1, 2]);
    expect(receiver.mostConcurrent).toBe(1);
  });
});

describe('a delivery', () => {
  it('is stored in the transaction of its change, or not at all', async () => {
    const written = (database: Pick<EntityManager, 'query'>): Promise<unknown> =>
      database.query(
        `select (select count(*)::int from webhook_deliveries where endpoint_id = $1) as deliveries,
           (select count(*)::int from graphile_worker.jobs where key like 'deliver:' || $1 || ':%') as jobs`,
        [endpoint.id],
      );

    await expect(
      service.database.transaction(async (database) => {
        await database.query(
          `insert into call_events (provider, event_id, call_sid, type, occurred_at, change_number, change)
           values ('simulator', 'rolled-back', $1, 'requested', now(), 1, '{"type":"call.requested"}')`,
          ['1'.repeat(32)],
        );
        expect(await written(database)).toEqual([{ deliveries: 1, jobs: 1 }]);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');

    expect(await written(service.database)).toEqual([{ deliveries: 0, jobs: 0 }]);
  });

  it('is not stored when there is no endpoint', async () => {
    await service.admin('DELETE', `webhook-endpoints/${endpoint.id}`);

    const callSid = await endedTestCall(service);

    expect(await service.database.query('select 1 from webhook_deliveries where call_sid = $1', [callSid])).toEqual([]);
  });
});
