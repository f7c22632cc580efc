/** Incoming webhooks: only genuine ones are accepted, and a repeated one does no harm. */
import type { WebhookReading } from '../../../src/telephony/telephony-provider.js';
import type { Abilities, Forger } from './bench.js';
import type { Delivery, Stage } from './stage.js';

export const incomingEventTests = ({ reportsBy }: Abilities, stage: () => Stage): void => {
  if (reportsBy === 'webhooks') acceptsOnlyGenuineWebhooks(stage);
  else hasNoWebhooks(stage);
};

const hasNoWebhooks = (stage: () => Stage): void => {
  it('come by a stream, and the provider has no webhook path', async () => {
    const { provider } = stage();

    expect(provider.listen).toBeDefined();
    expect(provider.readWebhook).toBeUndefined();
    const target = `/v1/webhooks/${provider.name}`;
    expect((await stage().post({ headers: {}, body: Buffer.from('{}'), target, address: '' })).status).toBe(404);
  });
};

const acceptsOnlyGenuineWebhooks = (stage: () => Stage): void => {
  const idsIn = (reading: WebhookReading): string[] =>
    reading.kind === 'genuine' ? reading.events.map(({ eventId }) => eventId) : [];
  const forger = (): Forger => stage().bench.forger!;
  /** The webhook with the end: the provider may send several webhooks, in any order. */
  const lastDelivery = async () => {
    const call = await stage().dial('answers and hangs up');
    const hasEnd = ({ reading }: Delivery): boolean =>
      reading.kind === 'genuine' && reading.events.some(({ type }) => type === 'ended');
    const delivery = (await stage().deliveriesOf(call)).find(hasEnd)!;
    return { ...call, ...delivery };
  };

  it('come by webhooks only, not by a stream', () => {
    expect(stage().provider.listen).toBeUndefined();
  });

  it('are genuine whenever the provider sent them', async () => {
    await lastDelivery();

    // From all tests so far, except the requests that they posted themselves.
    expect(stage().sentByProvider.length).toBeGreaterThan(0);
    for (const { reading } of stage().sentByProvider) expect(reading.kind).toBe('genuine');
  });

  it('have the same ids when they are redelivered, and change nothing', async () => {
    const { callSid, request, reading } = await lastDelivery();
    const ids = idsIn(reading);
    // Other events of the call may still arrive.
    const stored = async () => (await stage().eventsOf(callSid)).filter(({ eventId }) => ids.includes(eventId));
    const before = await stored();

    const { status, reading: again } = await stage().post(request);

    expect(idsIn(again!)).toEqual(ids);
    // A provider that signs each delivery anew gets 409 for a replay. Another one may only have missed our response.
    const isReplay = reading.kind === 'genuine' && reading.receipt !== null;
    expect(status).toBe(isReplay ? 409 : reading.kind === 'genuine' && reading.reply ? 200 : 204);
    expect(before).toHaveLength(ids.length);
    expect(await stored()).toEqual(before);
  });

  it('are rejected as forged when any part of their proof is altered', async () => {
    const { request } = await lastDelivery();
    const { name } = stage().provider;
    const bare = { headers: {}, body: request.body, target: `/v1/webhooks/${name}`, address: request.address };
    const forgeries = forger().forgeriesOf(request);
    expect(forgeries.length).toBeGreaterThan(0);

    for (const forgery of [bare, ...forgeries]) {
      // A forgery that changes nothing would be the genuine request.
      expect(forgery).not.toEqual(request);
      expect(await stage().post(forgery)).toEqual({
        status: 401,
        reading: { kind: 'forged', reason: expect.stringMatching(/\.$/) },
      });
    }
  });

  it('are rejected with 400 when they are genuine but malformed', async () => {
    const { request } = await lastDelivery();

    const posted = await stage().post(forger().malformedLike(request));

    expect(posted).toEqual({ status: 400, reading: { kind: 'malformed', reason: expect.stringMatching(/\.$/) } });
  });
};
