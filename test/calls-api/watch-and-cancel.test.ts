/** How a backend watches the calls that it has placed, and cancels them. */
import { processMetrics } from '../../src/common/metrics.js';
import { backend, newPhone, type Backend } from '../support/backend.js';
import { openStream } from '../support/event-stream.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const METADATA = { ticket: '4711', note: 'in “quotes” and "quotes", \\ and \n' };

let receiver: WebhookReceiver;
let service: TestApp;
let calls: Backend;

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  service = await startTestApp({
    environment: { SIMULATOR_SPEED: '20', WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' },
  });
  calls = backend(service);
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});

const place = async (script: string, more: object = {}, by = calls): Promise<string> => {
  const { status, body } = await by.place({
    caller: { phone: newPhone() },
    callee: { phone: newPhone(script) },
    ...more,
  });
  expect(status).toBe(201);
  return String(body.callSid);
};
const reaches = (callSid: string, stateType: string) =>
  waitFor(`state ${stateType}`, async () => (await calls.ask('GET', `/${callSid}`)).body.stateType === stateType);
const headers = async (subject = '9001', scope = 'calls:read') => ({
  authorization: `Bearer ${await service.token(subject, scope)}`,
});
const cancel = async (callSid: string, before?: string) => {
  const { status, body } = await calls.ask('POST', `/${callSid}/cancel`, before === undefined ? undefined : { before });
  const { stateType, endReason } = (body.call ?? {}) as Record<string, unknown>;
  return { status, outcome: body.outcome, stateType, endReason };
};

describe('a call', () => {
  it('is shown to its subject with calls:read, and to no other subject', async () => {
    const callSid = await place('13', { metadata: METADATA });
    const seen = async (subject: string, scope: string, path = callSid) =>
      (await backend(service, subject, scope).ask('GET', `/${path}`)).status;

    expect(await calls.ask('GET', `/${callSid}`)).toMatchObject({ status: 200, body: { callSid, metadata: METADATA } });
    expect(await seen('9001', 'calls:read')).toBe(200);
    expect(await seen('9002', 'calls:read')).toBe(404);
    expect(await seen('9001', 'admin')).toBe(403);
    expect(await seen('9001', 'calls:read', 'x')).toBe(404);
    expect((await backend(service, '9001', 'calls:read').ask('POST', `/${callSid}/cancel`)).status).toBe(403);
  });

  it('that an app placed is not found in the API for backends, also by the same subject', async () => {
    const { data } = await service.ask('1004', 'call/2013');
    const own = backend(service, '1004');

    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/events'],
      ['POST', '/cancel'],
    ] as const) {
      expect(await own.ask(method, `/${data!.callSid!}${path}`)).toMatchObject({
        status: 404,
        body: { code: 'NOT_FOUND' },
      });
    }
  });
});

describe('the changes of a call', () => {
  it('are sent as a stream until the call’s end, with the metadata, and as webhooks with the same bytes', async () => {
    await registerEndpoint(service, { url: receiver.url });
    const callSid = await place('00', { metadata: METADATA });

    const stream = await openStream(`${service.url}/v1/calls/${callSid}/events`, {
      ...(await headers()),
      'last-event-id': '0',
    });
    await stream.ended;
    const changes = stream.events.map(({ change }) => change);
    await waitFor('the webhooks', () => receiver.accepted(callSid).length === changes.length);

    expect(changes.map(({ data }) => data.number)).toEqual([1, 2, 3, 4]);
    for (const { data } of changes) expect(data).toMatchObject({ callerId: null, calleeId: null, metadata: METADATA });
    expect(receiver.accepted(callSid).map(({ body }) => body)).toEqual(stream.events.map(({ bytes }) => bytes));
    const again = await fetch(`${service.url}/v1/calls/${callSid}/events`, {
      headers: { ...(await headers()), 'last-event-id': '4' },
    });
    expect(again.status).toBe(204);
  });

  it('have no metadata when the request had none', async () => {
    const callSid = await place('01');

    const stream = await openStream(`${service.url}/v1/calls/${callSid}/events`, await headers());
    await stream.ended;

    for (const { change } of stream.events) expect(Object.keys(change.data)).not.toContain('metadata');
  });

  it('are returned by a long poll', async () => {
    const callSid = await place('13', { metadata: METADATA });

    const { status, body } = await calls.ask('GET', `/${callSid}/events?after=2&wait=10`);

    expect(status).toBe(200);
    expect(body.stateType).toBe('3');
    expect((body.changes as { data: object }[]).at(-1)?.data).toMatchObject({ stateType: '3', metadata: METADATA });
  });

  it('are refused to a subject that is blocked while its long poll waits', async () => {
    await service.admin('POST', 'users', { id: '9004', name: 'A backend' });
    const blocked = backend(service, '9004');
    const callSid = await place('13', {}, blocked);
    const poll = blocked.ask('GET', `/${callSid}/events?afterNumber=1000000&wait=25`);
    await waitFor('the long poll', async () => {
      const waiting = await processMetrics.getSingleMetric('ringback_waiting_clients')?.get();
      return waiting?.values[0]?.value === 1;
    });

    await service.admin('PATCH', 'users/9004', { blocked: true });

    expect(await poll).toMatchObject({ status: 403, body: { code: 'USER_BLOCKED' } });
  });

  it('are refused to another subject, and for a `wait` out of range', async () => {
    const callSid = await place('13');

    expect(await backend(service, '9002').ask('GET', `/${callSid}/events`)).toMatchObject({ status: 404 });
    expect(await calls.ask('GET', `/${callSid}/events?wait=61`)).toMatchObject({ status: 400 });
  });

  it('are streamed to at most 50 clients of a subject', async () => {
    const callSid = await place('13');
    await reaches(callSid, '3');
    const own = await headers();
    const streams = await Promise.all(
      Array.from({ length: 50 }, () => openStream(`${service.url}/v1/calls/${callSid}/events`, own)),
    );

    const refused = await calls.ask('GET', `/${callSid}/events`);
    streams.forEach((stream) => {
      stream.close();
    });

    expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
    expect(refused.headers.get('retry-after')).toBe('10');
  });
});

describe('the admin API', () => {
  it('shows the metadata and who placed the call, in the search, the record and the timeline', async () => {
    const callSid = await place('01', { metadata: METADATA });
    await reaches(callSid, '4');

    const record = (await (await service.admin('GET', `calls/${callSid}`)).json()) as {
      events: { change: { data: object } | null }[];
    };
    const { items } = (await (await service.admin('GET', 'calls?endReason=busy')).json()) as {
      items: { callSid: string }[];
    };

    const expected = { callSid, callerId: null, calleeId: null, metadata: METADATA, placedBy: '9001' };
    expect(record).toMatchObject(expected);
    expect(items.find((item) => item.callSid === callSid)).toMatchObject(expected);
    expect(record.events[0]?.change?.data).toMatchObject({ metadata: METADATA });
  });
});

describe('a cancel', () => {
  it('ends a call of a phone and of a user, and has the same answer when it is repeated', async () => {
    const { body } = await calls.place({ caller: { userId: '1005' }, callee: { userId: '2013' } });

    for (const callSid of [await place('13'), String(body.callSid)]) {
      for (let time = 0; time < 2; time++) {
        expect(await cancel(callSid)).toEqual({
          status: 200,
          outcome: 'canceled',
          stateType: '4',
          endReason: expect.stringMatching(/^(?:canceled|completed)$/),
        });
      }
    }
  });

  it('has outcome `over` for a call that has ended by itself', async () => {
    const callSid = await place('01');
    await reaches(callSid, '4');

    expect(await cancel(callSid)).toEqual({ status: 200, outcome: 'over', stateType: '4', endReason: 'busy' });
  });

  it('with `before` does not end a call that has reached that state', async () => {
    const callSid = await place('13');
    await reaches(callSid, '3');

    expect(await cancel(callSid, '3')).toMatchObject({ status: 200, outcome: 'passed', stateType: '3' });
    expect(await cancel(callSid, '2')).toMatchObject({ status: 200, outcome: 'passed', stateType: '3' });
    expect(await cancel(callSid)).toMatchObject({ status: 200, outcome: 'canceled', endReason: 'completed' });
  });

  it('with `before` ends a call that has not reached that state', async () => {
    expect(await cancel(await place('05'), '2')).toMatchObject({ outcome: 'canceled', endReason: 'canceled' });
  });

  it('is refused with another value of `before`', async () => {
    const callSid = await place('13');

    for (const before of ['1', '4', 'x', 3, null]) {
      expect(await calls.ask('POST', `/${callSid}/cancel`, { before })).toMatchObject({
        status: 400,
        body: { errors: [{ where: '/before', what: expect.any(String) }] },
      });
    }
  });

  it('that races with the answer wins or loses, and reply, record and call agree', async () => {
    const races = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const callSid = await place('13');
        // Close to the time of the answer, 350 ms after the dial.
        const near = index % 2 === 0 ? 2 : 3;
        await waitFor('its time', async () => Number((await calls.ask('GET', `/${callSid}`)).body.stateType) >= near);
        return { callSid, answer: await cancel(callSid, '3') };
      }),
    );

    for (const { callSid, answer } of races) {
      expect(['canceled', 'passed']).toContain(answer.outcome);
      if (answer.outcome === 'passed') await reaches(callSid, '3');
      else expect(answer).toMatchObject({ stateType: '4', endReason: 'canceled' });
    }
  });
});
