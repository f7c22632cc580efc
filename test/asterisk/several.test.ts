/** Two real Asterisks that share the calls. One is killed while both have a call. */
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import { DIAL, newPeople, numberOf, reached, shownCall, startPbxService } from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import { Spending } from '../../src/call/spending/spending.service.js';
import { backend } from '../support/backend.js';
import { putPrices } from '../support/put-prices.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const missing = await fetchAsterisk();

/** With even weights, all of these go to one of two Asterisks once in a million runs. */
const CALLS = 20;
/** Numbers with this prefix have a route of their own, to one Asterisk. */
const ONLY_WEST = '+86138';

describeOnAsterisk(missing, 'with two Asterisks,', () => {
  let east: Asterisk;
  let west: Asterisk;
  let shared: TestDatabase;
  let service: TestApp;
  let callers: Phone;
  let callees: Phone;

  const start = (): Promise<TestApp> =>
    startPbxService(
      east,
      {
        ASTERISK_URL: `east=${east.url},west=${west.url}`,
        ASTERISK_DIAL: `${DIAL},${ONLY_WEST}=PJSIP/phone/sip:phone@127.0.0.1:{rest}`,
        ROUTES: `${ONLY_WEST}=asterisk@west,=asterisk`,
      },
      shared.url,
    );

  beforeEach(async () => {
    [east, west] = await Promise.all([startAsterisk(), startAsterisk()]);
    shared = await createTestDatabase();
    service = await start();
    [callers, callees] = await Promise.all([
      startPhone(west.folder, { ringMs: 1, calls: 1_000 }),
      startPhone(west.folder, { ringMs: 1, calls: 1_000 }),
    ]);
  });
  afterEach(async () => {
    await service.close();
    await Promise.all([callers.end(), callees.end()]);
    await Promise.all([east.remove(), west.remove()]);
    await shared.drop();
  });

  const place = async (calleePhone = numberOf(callees)) => {
    const { callerId, calleeId } = await newPeople(service, numberOf(callers), calleePhone);
    const { data, returnMsg } = await service.ask(callerId, `call/${calleeId}`);
    if (!data?.callSid) throw new Error(returnMsg);
    return { callerId, callSid: data.callSid };
  };
  const placeOn = async (provider: string) => {
    for (let tried = 0; tried < CALLS; tried++) {
      const call = await place();
      if ((await providerOf(call.callSid)) === provider) return call;
    }
    throw new Error(`none of ${CALLS} calls went by ${provider}`);
  };
  const providerOf = async (callSid: string): Promise<string> => {
    const call = (await (await service.admin('GET', `calls/${callSid}`)).json()) as { provider: string };
    return call.provider;
  };
  const legsOn = async (asterisk: Asterisk, callSid: string): Promise<number> =>
    (await asterisk.channels()).filter(({ accountcode }) => accountcode === callSid).length;

  it('both have calls, one that is killed is passed over, and each call stays where it was placed', async () => {
    const [onEast, onWest] = [await placeOn('asterisk@east'), await placeOn('asterisk@west')];
    for (const { callSid } of [onEast, onWest]) await reached(service, callSid, '3');
    expect(await legsOn(east, onEast.callSid)).toBe(2);
    expect(await legsOn(west, onWest.callSid)).toBe(2);

    await east.kill();
    const since = await Promise.all(Array.from({ length: 5 }, () => place()));

    for (const { callSid } of since) {
      await reached(service, callSid, '3');
      expect(await providerOf(callSid)).toBe('asterisk@west');
    }
    expect(await shownCall(service, onWest.callSid)).toMatchObject({ stateType: '3' });

    await service.close();
    service = await start();
    expect(await service.ask(onWest.callerId, `callCancel/${onWest.callSid}`)).toMatchObject({ returnCode: 200 });
    await waitFor('no leg', async () => (await legsOn(west, onWest.callSid)) === 0);

    await east.start();
    expect(await reached(service, onEast.callSid, '4')).toMatchObject({ endReason: 'lost' });
    const back = await waitFor('a call on the one that is back', () => placeOn('asterisk@east').catch(() => undefined));
    expect(await reached(service, back.callSid, '3')).toMatchObject({ endReason: null });
  });

  it('sub-accounts and prices are for both', async () => {
    const prices = await putPrices(
      service,
      'provider,prefix,pricePerMinute,currency,billingStep,connectionFee\nasterisk,,0.1,CNY,60,0\n',
    );
    expect(prices.status).toBe(200);
    const budget = { kind: 'sub_account', subject: 'asterisk/extension', amount: '1000' };
    expect((await service.admin('PUT', 'budgets', { ...budget, period: 'day', timeZone: 'Asia/Shanghai' })).ok).toBe(
      true,
    );
    await service.app.nest.get(Spending, { strict: false }).look();
    const { callerId, calleeId } = await newPeople(service, numberOf(callers), numberOf(callees));
    const account = { externalId: 'extension', secret: 'none needed' };

    expect((await service.admin('PUT', `users/${callerId}/sub-accounts/asterisk`, account)).ok).toBe(true);
    expect((await service.admin('PUT', `users/${callerId}/sub-accounts/asterisk@east`, account)).status).toBe(404);
    const { data } = await service.ask(callerId, `call/${calleeId}`);

    expect(await providerOf(data?.callSid ?? '')).toMatch(/^asterisk@/);
    const cost = await service.database.query<{ providers: string[] }[]>(
      `select array(select jsonb_object_keys(prices) order by 1) as providers from call_cost where call_sid = $1`,
      [data?.callSid],
    );
    expect(cost).toEqual([{ providers: ['asterisk@east', 'asterisk@west'] }]);
  });

  it('a route and a backend may name one', async () => {
    for (let count = 0; count < 5; count++) {
      const { callSid } = await place(numberOf(callees).replace('+86139', ONLY_WEST));
      expect(await providerOf(callSid)).toBe('asterisk@west');
    }

    const [caller, callee] = [{ phone: numberOf(callers) }, { phone: numberOf(callees) }];
    const { body } = await backend(service).place({ caller, callee, provider: 'asterisk@east' });
    expect(await providerOf(String(body.callSid))).toBe('asterisk@east');

    const shown = await (await service.admin('GET', 'providers')).json();
    expect(shown).toMatchObject({ items: [{ name: 'asterisk@east' }, { name: 'asterisk@west' }] });
  });
});
