/** As pictures.ts, of the pages that need calls of a certain kind, or several providers: Now, Figures and the limits. */
import { applyEvent, storeCall } from '../support/stored-call.js';
import type { TestApp } from '../support/test-app.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';
import { ON_A_PHONE } from './desk-page.js';
import { startDrawing, type Drawing } from './drawing.js';
import { countPastCalls } from './some-figures.js';

/** The calls are stored, and no provider knows them: nobody must ask what became of them. */
const SETTINGS = {
  YUNTONGXUN_CALLS_AT_ONCE: '30',
  YUNTONGXUN_CALLS_PER_SECOND: '10',
  TWILIO_CALLS_AT_ONCE: '6',
  TWILIO_CALLS_PER_SECOND: '1',
  SWEEP_EVERY: '600',
};

/** So many live calls of each state. */
const LIVE = { requested: 2, ringing: 3, talking: 9 };

const placeLiveCalls = async ({ database }: TestApp): Promise<void> => {
  const providers = ['yuntongxun', 'twilio', 'telnyx'];
  const count = LIVE.requested + LIVE.ringing + LIVE.talking;
  for (let number = 0; number < count; number++) {
    const digits = String(1_000 + ((number * 7_919) % 9_000));
    const { callSid } = await storeCall(database, {
      callerId: String(2_100 + number),
      callerPhone: `+86139${digits}${String(number).padStart(4, '0')}`,
      calleePhone: `+86138${digits}2${String(number).padStart(3, '0')}`,
      calleeId: String(3_100 + ((number * 31) % 97)),
      ...(number % 5 === 4 && { calleeId: null, serviceLineId: '1', calleePhone: '+864008008000' }),
      provider: providers[number % 3]!,
    });
    if (number < LIVE.talking + LIVE.ringing) await applyEvent(database, callSid, { type: 'ringing' });
    if (number < LIVE.talking) await applyEvent(database, callSid, { type: 'answered' });
    await database.query(
      `update call_records set requested_at = requested_at - $2 * interval '1 second' where call_sid = $1`,
      [callSid, number < LIVE.talking ? 40 + (LIVE.talking - number) * 37 : (count - number) * 2],
    );
  }
};

describe('draws', () => {
  let providers: TwoProviders;
  let drawing: Drawing;

  beforeAll(async () => {
    providers = await startTwoProviders(SETTINGS);
    await placeLiveCalls(providers.service);
    await countPastCalls(providers.service);
    drawing = await startDrawing(providers.service);
  });
  afterAll(async () => {
    await drawing.close();
    await providers.close();
  });

  it('the limits', () => drawing.drawInBoth('limits', 'protection/limits', 'meter'));

  it('the figures', () => drawing.drawInBoth('figures', 'figures', '.figure-drawing canvas'));

  it('the live calls, also in dark and on a phone', async () => {
    const shows = '[data-call]';
    await drawing.drawInBoth('now', 'now', shows);
    await drawing.draw('now.dark', 'now', shows, { theme: 'dark', language: 'zh-CN' });
    await drawing.draw('now.phone', 'now', shows, { ...ON_A_PHONE, isInSight: true });
  });
});
