/** What comes in by itself: whose word it is, and that hearing it twice does no harm. */
import type { WebhookReading } from '../../../src/telephony/telephony-provider.js';
import type { Abilities, Forger } from './bench.js';
import type { Delivery, Stage } from './stage.js';

export const keepsADoor = ({ tellsBy }: Abilities, on: () => Stage): void => {
  if (tellsBy === 'webhooks') believesOnlyItsOwn(on);
  else hasNoDoor(on);
};

const hasNoDoor = (on: () => Stage): void => {
  it('keeps a stream, and has no door at which anybody could tell anything', async () => {
    const { provider } = on();

    expect(provider.listen).toBeDefined();
    expect(provider.readWebhook).toBeUndefined();
    const target = `/v1/webhooks/${provider.name}`;
    expect((await on().post({ headers: {}, body: Buffer.from('{}'), target, address: '' })).status).toBe(404);
  });
};

const believesOnlyItsOwn = (on: () => Stage): void => {
  const idsIn = (reading: WebhookReading): string[] =>
    reading.kind === 'genuine' ? reading.events.map(({ eventId }) => eventId) : [];
  const forger = (): Forger => on().bench.forger!;
  /** One that tells of the end: the provider may send more than one, in any order. */
  const lastDelivery = async () => {
    const call = await on().dial('answers and hangs up');
    const tellsEnd = ({ reading }: Delivery): boolean =>
      reading.kind === 'genuine' && reading.events.some(({ type }) => type === 'ended');
    const delivery = (await on().deliveriesOf(call)).find(tellsEnd)!;
    return { ...call, ...delivery };
  };

  it('keeps no stream beside its webhooks', () => {
    expect(on().provider.listen).toBeUndefined();
  });

  it('understands whatever its provider sends', async () => {
    await lastDelivery();

    // Of all tests so far, but for what they posted themselves.
    expect(on().sentByProvider.length).toBeGreaterThan(0);
    for (const { reading } of on().sentByProvider) expect(reading.kind).toBe('genuine');
  });

  it('hears what is delivered again as the same, and nothing changes', async () => {
    const { callSid, request, reading } = await lastDelivery();
    const before = await on().eventsOf(callSid);

    const { status, reading: again } = await on().post(request);

    expect(idsIn(again!)).toEqual(idsIn(reading));
    // Who signs each delivery anew is told of a replay; who does not may only have missed our answer.
    const isReplay = reading.kind === 'genuine' && reading.receipt !== null;
    expect(status).toBe(isReplay ? 409 : reading.kind === 'genuine' && reading.reply ? 200 : 204);
    expect(await on().eventsOf(callSid)).toEqual(before);
  });

  it('believes nothing that is not proven to the last part', async () => {
    const { request } = await lastDelivery();
    const { name } = on().provider;
    const bare = { headers: {}, body: request.body, target: `/v1/webhooks/${name}`, address: request.address };
    const forgeries = forger().forgeriesOf(request);
    expect(forgeries.length).toBeGreaterThan(0);

    for (const forgery of [bare, ...forgeries]) {
      // One that changes nothing is the genuine request.
      expect(forgery).not.toEqual(request);
      expect(await on().post(forgery)).toEqual({
        status: 401,
        reading: { kind: 'forged', reason: expect.stringMatching(/\.$/) },
      });
    }
  });

  it('says so where it is told what it cannot understand', async () => {
    const { request } = await lastDelivery();

    const posted = await on().post(forger().nonsenseLike(request));

    expect(posted).toEqual({ status: 400, reading: { kind: 'malformed', reason: expect.stringMatching(/\.$/) } });
  });
};
