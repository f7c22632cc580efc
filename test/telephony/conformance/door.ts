/** What comes in by itself: whose word it is, and that hearing it twice does no harm. */
import type { WebhookReading } from '../../../src/telephony/telephony-provider.js';
import type { Abilities, Forger } from './bench.js';
import type { Stage } from './stage.js';

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
  /** The last that came of a whole call: it tells of the end. */
  const lastDelivery = async () => {
    const call = await on().dial('answers and hangs up');
    const delivery = (await on().deliveriesOf(call)).at(-1)!;
    return { ...call, ...delivery };
  };

  it('keeps no stream beside its webhooks', () => {
    expect(on().provider.listen).toBeUndefined();
  });

  it('understands whatever its provider sends', async () => {
    await lastDelivery();

    // Of all tests so far, but for what they forged themselves.
    expect(on().deliveries.length).toBeGreaterThan(0);
    for (const { reading } of on().deliveries) expect(reading.kind).toBe('genuine');
  });

  it('hears what is delivered again as the same, and nothing changes', async () => {
    const { callSid, request, reading } = await lastDelivery();
    const before = await on().eventsOf(callSid);

    const { status } = await on().post(request);

    expect(idsIn(on().deliveries.at(-1)!.reading)).toEqual(idsIn(reading));
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
      expect(await on().post(forgery)).toMatchObject({ status: 401 });
      expect(on().deliveries.at(-1)!.reading).toEqual({ kind: 'forged', reason: expect.stringMatching(/\.$/) });
    }
  });

  it('says so where it is told what it cannot understand', async () => {
    const { request } = await lastDelivery();

    expect(await on().post(forger().nonsenseLike(request))).toMatchObject({ status: 400 });

    expect(on().deliveries.at(-1)!.reading).toEqual({ kind: 'malformed', reason: expect.stringMatching(/\.$/) });
  });
};
