/** The stories of ended calls that the dialplan keeps in AstDB: the last 50,000, at any call rate. */
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import { newPeople, NUMBER_OF_NOBODY, numberOf, reached, startPbxService } from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import type { TestApp } from '../support/test-app.js';

const missing = await fetchAsterisk();

const SLOTS = 50_000;
/** Keys of a call that ended with version 0.1's dialplan, and of a call that ended 50,000 calls ago. */
const [BY_DAY, OLDEST] = ['26010100000000000000000000000001', '26010200000000000000000000000002'];
const OLD_STORY = 'ended=2026-01-01T00:00:01.000Z&status=BUSY';

describeOnAsterisk(missing, 'the stories of ended calls in AstDB', () => {
  let asterisk: Asterisk;
  let database: TestDatabase;
  let service: TestApp;
  let phone: Phone;

  beforeEach(async () => {
    asterisk = await startAsterisk();
    database = await createTestDatabase();
    service = await startPbxService(asterisk, {}, database.url);
    phone = await startPhone(asterisk.folder, { ringMs: 1, calls: 10_000 });
  });
  afterEach(async () => {
    await service.close();
    await phone.end();
    await asterisk.remove();
    await database.drop();
  });

  const put = (family: string, key: string, value: string) =>
    asterisk.command(`database put ${family} ${key} "${value}"`);
  const keysOf = async (family: string): Promise<string[]> =>
    [...(await asterisk.command(`database show ${family}`)).matchAll(/^\/\S+\/(\S+)/gm)].map(([, key]) => key!).sort();
  const slot = async (key: string | number) =>
    /^Value: (\S+)/m.exec(await asterisk.command(`database get ringback-slot ${key}`))?.[1];

  /** Places a call that ends at once, because leg B has no phone. */
  const endedCall = async (): Promise<string> => {
    const { callerId, calleeId } = await newPeople(service, numberOf(phone), NUMBER_OF_NOBODY);
    const { data } = await service.ask(callerId, `call/${calleeId}`);
    const callSid = data!.callSid!;
    await reached(service, callSid, '4');
    return callSid;
  };

  it('replace the oldest story, and wrap from the last slot to the first', async () => {
    await put('ringback-slot', 'next', String(SLOTS - 1));
    await put('ringback-slot', String(SLOTS - 1), OLDEST);
    await put('ringback-story', OLDEST, OLD_STORY);

    const first = await endedCall();
    expect(await keysOf('ringback-story')).toEqual([first]);
    expect([await slot(SLOTS - 1), await slot('next')]).toEqual([first, '0']);

    const second = await endedCall();
    expect(await keysOf('ringback-story')).toEqual([first, second].sort());
    expect([await slot(0), await slot('next')]).toEqual([second, '1']);
  });

  it('have one slot each when many calls end at the same time', async () => {
    const ended = (await Promise.all(Array.from({ length: 20 }, endedCall))).sort();

    expect(await keysOf('ringback-story')).toEqual(ended);
    const slots = await Promise.all(ended.map((_, at) => slot(at)));
    expect(slots.sort()).toEqual(ended);
  });

  it('are replaced correctly when Asterisk was killed before it advanced to the next slot', async () => {
    await put('ringback-slot', '7', OLDEST);
    await put('ringback-story', OLDEST, OLD_STORY);
    await put('ringback-slot', 'next', '7');

    const callSid = await endedCall();

    expect(await keysOf('ringback-story')).toEqual([callSid]);
  });

  it('of version 0.1 are removed after a thousand newer calls have ended', async () => {
    await put(`ringback/${BY_DAY.slice(0, 6)}`, BY_DAY, OLD_STORY);
    await put('ringback-slot', 'next', '999');

    await endedCall();
    expect(await keysOf('ringback')).toEqual([BY_DAY]);
    await endedCall();

    expect(await keysOf('ringback')).toEqual([]);
    expect(await keysOf('ringback-story')).toHaveLength(2);
  });
});
