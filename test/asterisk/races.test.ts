/** Many calls at once on a real Asterisk, and cancels that race with answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import { wereJoined } from './call-detail.js';
import { newPeople, numberOf, reached, shownCall, startPbxService } from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const missing = await fetchAsterisk();

const RACES = 120;
/** More at once would slow each other down on two cores. */
const AT_ONCE = 10;
/** Longer than ten concurrent cancels take on a busy machine, so that an immediate cancel arrives before the answer. */
const RING_MS = 600;
/** Leg A answers at once, and leg B starts to ring a little later. */
const UNTIL_ANSWERED_MS = 630;
const SCATTER_MS = 120;
/** Large enough to find the moment of the answer within two rounds of ten, even on a slow machine. */
const STEP_MS = 40;
const CALLS = 50;

describeOnAsterisk(missing, 'on a real Asterisk,', () => {
  let asterisk: Asterisk;
  let service: TestApp;
  let callers: Phone;
  let callees: Phone;

  beforeAll(async () => {
    asterisk = await startAsterisk();
    service = await startPbxService(asterisk, { RING_CALLER: '20', RING_CALLEE: '20' });
    callers = await startPhone(asterisk.folder, { ringMs: 1, calls: 10_000 });
    callees = await startPhone(asterisk.folder, { ringMs: RING_MS, calls: 10_000 });
  });
  afterAll(async () => {
    await service.close();
    await Promise.all([callers.end(), callees.end()]);
    await asterisk.remove();
  });

  const place = async () => {
    const { callerId, calleeId } = await newPeople(service, numberOf(callers), numberOf(callees));
    const { data } = await service.ask(callerId, `call/${calleeId}`);
    return { callerId, callSid: data?.callSid ?? '' };
  };

  it.each(['', '?before=3'])(
    'cancel%s at a random moment around the answer: response, record and phones agree on the winner',
    async (when) => {
      const results: { callSid: string; callerId: string; canceled: boolean }[] = [];
      let aimMs = UNTIL_ANSWERED_MS;
      const race = async (): Promise<void> => {
        const { callSid, callerId } = await place();
        await sleep(Math.max(0, aimMs + (Math.random() - 0.5) * SCATTER_MS));
        const { data, returnMsg } = await service.ask(callerId, `callCancel/${callSid}${when}`);
        const canceled = data?.isSuccess === 'success';
        if (!canceled) expect(returnMsg).toBe('取消呼叫失败!');
        // If the cancel lost, the next one is sent earlier. So both sides win about equally often on any machine.
        if (when) aimMs = Math.max(0, aimMs + (canceled ? STEP_MS : -STEP_MS));
        results.push({ callSid, callerId, canceled });
      };
      for (let done = 0; done < RACES / 2; done += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, race));

      for (const { callSid, callerId, canceled } of results) {
        const call = await shownCall(service, callSid);
        const answered = call.events.some(({ type }) => type === 'answered');
        if (!canceled) {
          // The call goes on, so this cancel ends it.
          expect({ callSid, answered }).toEqual({ callSid, answered: true });
          await service.ask(callerId, `callCancel/${callSid}`);
        } else if (when) expect({ callSid, answered }).toEqual({ callSid, answered: false });
        const { endReason, endedBy, events } = await reached(service, callSid, '4');
        // Asterisk's end and our own cancel may be stored in either order.
        const canceledByUs = events.some(({ type }) => type === 'canceled');
        expect({ callSid, endedBy, canceledByUs }).toEqual({ callSid, endedBy: 'cancel', canceledByUs: true });
        expect({ callSid, endReason }).toEqual({ callSid, endReason: answered ? 'completed' : 'canceled' });
      }
      await waitFor('no channel', async () => (await asterisk.channels()).length === 0);
      for (const { callSid } of results) {
        const { endReason } = await shownCall(service, callSid);
        const joined = wereJoined(await asterisk.callDetails(callSid));
        if (endReason === 'completed') expect({ callSid, joined }).toEqual({ callSid, joined: true });
      }
      const won = results.filter(({ canceled }) => canceled).length;
      process.stdout.write(`${results.length} cancels${when} around the answer: ${won} taken\n`);
      if (when) {
        // Both outcomes must occur, or the test proves nothing. How often depends on the machine.
        expect(won).toBeGreaterThan(0);
        expect(won).toBeLessThan(results.length);
      }
    },
  );

  it('fifty concurrent calls are all connected, and all end', async () => {
    const calls = await Promise.all(Array.from({ length: CALLS }, place));
    for (const { callSid } of calls) await reached(service, callSid, '3');
    expect(await asterisk.channels()).toHaveLength(2 * CALLS);

    await Promise.all(calls.map(({ callerId, callSid }) => service.ask(callerId, `callCancel/${callSid}`)));

    for (const { callSid } of calls)
      expect(await reached(service, callSid, '4')).toMatchObject({ endReason: 'completed' });
    await waitFor('no channel', async () => (await asterisk.channels()).length === 0);
  });
});
