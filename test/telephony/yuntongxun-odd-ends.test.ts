/** Ends of calls as no platform should report them. */
import { providerAlone } from '../support/yuntongxun-provider.js';
import { asXml, readBy } from '../support/yuntongxun-webhook.js';

const HANG_UP = {
  action: 'Hangup',
  type: '1',
  subid: 'sub',
  caller: '13800001001',
  called: '13800002000',
  callSid: '160115094848497400010006000021ed',
  starttime: '20260131155900',
  endtime: '20260131160000',
  byetype: '4',
  userData: '26013108000050012345678901234567',
};

const provider = providerAlone();
afterAll(() => provider.close());

const endIn = (body: string) => {
  const reading = readBy(provider, body);
  return reading.kind === 'genuine' ? reading.events.at(-1) : reading.reason;
};

it('of an element that comes twice, the first counts', () => {
  const once = asXml(HANG_UP);
  const twice = once.replace(/<byetype>4<\/byetype>/, '<byetype>4</byetype><byetype>-1</byetype>');

  expect(twice).not.toBe(once);
  expect(endIn(twice)).toEqual(endIn(once));
});

it('an end in the year 9999 is now', () => {
  const before = Date.now();

  const end = endIn(asXml({ ...HANG_UP, endtime: '99991231235959' }));

  expect(end).toMatchObject({ type: 'ended', occurredAt: expect.any(Date) });
  const at = (end as { occurredAt: Date }).occurredAt.getTime();
  expect(at).toBeGreaterThanOrEqual(before);
  expect(at).toBeLessThanOrEqual(Date.now());
});
