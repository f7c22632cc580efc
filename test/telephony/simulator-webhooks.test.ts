/** What the simulator sends, and what it does when the receiver fails. */
import { Webhook } from 'standardwebhooks';
import { createLogger } from '../../src/common/logger.js';
import type { CarrierEvent } from '../../src/telephony/simulator/call-log.js';
import { randomWebhookSecret, SimulatorProvider } from '../../src/telephony/simulator/simulator.provider.js';
import { InProcessCarrierClient } from '../../src/telephony/simulator/in-process-carrier-client.js';
import { WebhookSender } from '../../src/telephony/simulator/webhook-sender.js';
import { dialRequest } from '../support/simulator-call.js';
import { startReceiver, type Receiver } from '../support/simulator-receiver.js';
import { waitFor } from '../support/wait-for.js';

const secret = randomWebhookSecret();

/** Everything that a test opened. It is closed in reverse order. */
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});
const open = <T extends { close(): Promise<void> }>(one: T): T => {
  opened.push(one);
  return one;
};

const receiverThat = async (...args: Parameters<typeof startReceiver>) => open(await startReceiver(...args));
const senderTo = (target: string, limits: { giveUpAfterMs?: number; attemptLimitMs?: number } = {}) =>
  open(new WebhookSender({ logger: createLogger('silent'), secret, targets: () => [target], ...limits }));

const simulatorWith = ({
  speed,
  secrets,
  target,
}: {
  speed: number;
  secrets: readonly [string, ...string[]];
  target: string;
}) =>
  new SimulatorProvider(
    new InProcessCarrierClient({ logger: createLogger('silent'), speed, secret: secrets[0], targets: () => [target] }),
    secrets,
  );

const event = (callSid: string, number = 1): CarrierEvent => ({
  id: `SIM-${callSid}-${number}`,
  type: 'ringing',
  callSid,
  callId: `SIM-${callSid}`,
  occurredAt: '2026-01-31T08:00:00.000Z',
  detail: { leg: 'B' },
});

const arrivals = (receiver: Receiver, count: number) =>
  waitFor(`${count} deliveries`, () => receiver.deliveries.length >= count && receiver.deliveries);

describe('a webhook', () => {
  it('is signed over its raw bytes, and contains the event', async () => {
    const receiver = await receiverThat();

    senderTo(receiver.url).send(event('call'));
    const [delivery] = await arrivals(receiver, 1);

    expect(new Webhook(secret).verify(delivery!.body, { ...delivery!.headers })).toEqual({
      type: 'call.ringing',
      call: { id: 'SIM-call', reference: 'call' },
      occurredAt: '2026-01-31T08:00:00.000Z',
      detail: { leg: 'B' },
      delivery: expect.any(String),
    });
    expect(delivery!.headers).toMatchObject({ 'webhook-id': 'SIM-call-1', 'content-type': 'application/json' });
  });

  it('is signed with the first of two secrets', async () => {
    const receiver = await receiverThat();
    const secrets = [randomWebhookSecret(), randomWebhookSecret()] as const;
    const simulator = open(simulatorWith({ speed: 1000, secrets, target: receiver.url }));

    await simulator.dial(dialRequest('05'), new AbortController().signal);
    const [delivery] = await arrivals(receiver, 1);

    expect(() => new Webhook(secrets[0]).verify(delivery!.body, { ...delivery!.headers })).not.toThrow();
    expect(() => new Webhook(secrets[1]).verify(delivery!.body, { ...delivery!.headers })).toThrow();
  });

  it.each([400, 404, 500, 503, 302, 'cut', 'silence'] as const)(
    'answered by %s is redelivered under the same id with a new signature',
    async (refusal) => {
      const receiver = await receiverThat((_, count) => (count < 3 ? refusal : 204));
      const reader = open(simulatorWith({ speed: 1, secrets: [secret], target: receiver.url }));

      senderTo(receiver.url, { attemptLimitMs: 100 }).send(event('call'));
      const deliveries = await arrivals(receiver, 3);

      expect(deliveries.map(({ id }) => id)).toEqual(Array.from({ length: 3 }, () => 'SIM-call-1'));
      const readings = deliveries.map((delivery) => reader.readWebhook(delivery));
      expect(readings).toEqual(readings.map(() => expect.objectContaining({ kind: 'genuine' })));
      expect(new Set(readings.map((reading) => reading.kind === 'genuine' && reading.receipt)).size).toBe(3);
    },
  );

  it('reaches a receiver that was down at first', async () => {
    const earlier = await startReceiver();
    await earlier.close();
    senderTo(earlier.url).send(event('call'));

    const receiver = await receiverThat(() => 204, earlier.port);

    expect(await arrivals(receiver, 1)).toMatchObject([{ id: 'SIM-call-1' }]);
  });

  it('whose target is not known yet is delivered when the target is known', async () => {
    const receiver = await receiverThat();
    let url = '';
    open(new WebhookSender({ logger: createLogger('silent'), secret, targets: () => [url].filter(Boolean) })).send(
      event('call'),
    );

    url = receiver.url;

    expect(await arrivals(receiver, 1)).toMatchObject([{ id: 'SIM-call-1' }]);
  });

  it('that one target rejects goes to the next target, and later webhooks try that target first', async () => {
    const [down, up] = [await receiverThat(() => 503), await receiverThat()];
    const sender = open(
      new WebhookSender({ logger: createLogger('silent'), secret, targets: () => [down.url, up.url] }),
    );

    sender.send(event('call', 1));
    sender.send(event('call', 2));
    await arrivals(up, 2);

    expect(down.deliveries.map(({ id }) => id)).toEqual(['SIM-call-1']);
    expect(up.deliveries.map(({ id }) => id)).toEqual(['SIM-call-1', 'SIM-call-2']);
  });

  it.each([200, 204, 409])('answered by %d is not redelivered', async (status) => {
    const receiver = await receiverThat(() => status);
    const sender = senderTo(receiver.url);

    sender.send(event('call', 1));
    sender.send(event('call', 2));
    await arrivals(receiver, 2);
    await sender.close();

    expect(receiver.deliveries.map(({ id }) => id)).toEqual(['SIM-call-1', 'SIM-call-2']);
  });

  it('is delivered before later webhooks of its call, even if it is refused several times', async () => {
    const receiver = await receiverThat((_, count) => (count < 3 ? 500 : 204));
    const sender = senderTo(receiver.url);

    for (const number of [1, 2, 3]) sender.send(event('call', number));
    await arrivals(receiver, 5);

    expect(receiver.deliveries.map(({ id }) => id.slice(-1))).toEqual(['1', '1', '1', '2', '3']);
  });

  it('that is refused or not answered does not delay other calls', async () => {
    const receiver = await receiverThat(({ callSid }) => ({ bad: 500, mute: 'silence' as const })[callSid] ?? 204);
    const sender = senderTo(receiver.url);

    sender.send(event('bad'));
    sender.send(event('mute'));
    for (let number = 1; number <= 20; number++) sender.send(event('good', number));

    await waitFor('the good call', () => receiver.of('good').length === 20);
    expect(receiver.of('mute')).toHaveLength(1);
  });

  it('is dropped after the time limit, and the next one is delivered', async () => {
    const receiver = await receiverThat(({ id }) => (id === 'SIM-call-1' ? 500 : 204));
    const sender = senderTo(receiver.url, { giveUpAfterMs: 400 });

    sender.send(event('call', 1));
    sender.send(event('call', 2));
    await waitFor('the second event', () => receiver.deliveries.some(({ id }) => id === 'SIM-call-2'));

    // Attempts at once, after 50, 100 and 200 ms, or fewer on a busy machine. The next pause, 400 ms, would exceed the limit.
    expect(receiver.deliveries.map(({ id }) => id.slice(-1)).join('')).toMatch(/^1{1,4}2$/);
  });
});

describe('after close()', () => {
  /** Sockets and timers that keep the process alive. */
  const handles = () => process.getActiveResourcesInfo().filter((kind) => /TCP|Timeout/.test(kind));

  it.each([
    ['a receiver that does not answer', 'silence'],
    ['a receiver that refuses everything', 500],
  ] as const)('no socket or timer remains of deliveries to %s', async (_, reply) => {
    const before = handles();
    const receiver = await startReceiver(() => reply);
    const sender = new WebhookSender({ logger: createLogger('silent'), secret, targets: () => [receiver.url] });
    for (let number = 1; number <= 3; number++) sender.send(event('call', number));
    sender.send(event('other'));
    await arrivals(receiver, 2);

    await sender.close();
    await sender.close();
    sender.send(event('late'));
    await receiver.close();

    expect(receiver.of('late')).toEqual([]);
    await waitFor('everything to be let go', () => handles().length <= before.length, 1_000);
  });

  it('the simulator’s calls stop, and its waiting dials are rejected', async () => {
    const receiver = await receiverThat();
    const simulator = simulatorWith({ speed: 1, secrets: [secret], target: receiver.url });
    const before = handles();
    for (const script of ['00', '05', '13']) await simulator.dial(dialRequest(script), new AbortController().signal);
    const pendingDial = simulator.dial(dialRequest('08'), new AbortController().signal);
    const refused = expect(pendingDial).rejects.toThrow();
    expect(handles().length).toBe(before.length + 4);
    await expect(simulator.checkReachable()).resolves.toBeUndefined();

    await simulator.close();
    await simulator.close();

    await refused;
    expect(handles()).toEqual(before);
    await expect(simulator.checkReachable()).rejects.toThrow();
    expect(await simulator.dial(dialRequest('00'), new AbortController().signal)).toMatchObject({
      kind: 'refused',
      category: 'provider_down',
    });
    expect(receiver.deliveries).toEqual([]);
  });

  it('the simulator’s unfinished deliveries are aborted', async () => {
    const receiver = await receiverThat(() => 'silence');
    const simulator = open(simulatorWith({ speed: 1000, secrets: [secret], target: receiver.url }));
    await simulator.dial(dialRequest('00'), new AbortController().signal);
    await arrivals(receiver, 1);
    expect(await receiver.connections()).toBe(1);

    await simulator.close();

    await waitFor('the connection to be let go', async () => (await receiver.connections()) === 0, 1_000);
  });
});
