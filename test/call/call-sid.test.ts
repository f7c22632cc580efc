/** A callSid: its time, the cell of its database, and random digits. */
import { newCallSid } from '../../src/call/record/call-sid.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const AT = new Date('2026-11-29T23:05:09.007Z');

it('has the time to the millisecond, the cell, and 14 digits that differ', () => {
  const sids = Array.from({ length: 1_000 }, () => newCallSid(AT, '042'));

  expect(sids.filter((sid) => !/^261129230509007042\d{14}$/.test(sid))).toEqual([]);
  expect(new Set(sids).size).toBe(sids.length);
});

it('has the cell 000 by default', () => {
  expect(newCallSid(AT)).toMatch(/^261129230509007000\d{14}$/);
});

describe('of a service with a CELL', () => {
  let service: TestApp;

  beforeAll(async () => {
    service = await startTestApp({ environment: { CELL: '137' } });
  });
  afterAll(() => service.close());

  it('has it, and the call is found by it', async () => {
    const { data } = await service.ask('1004', 'call/2000');

    expect(data?.callSid).toMatch(/^\d{15}137\d{14}$/);
    expect((await service.ask('1004', `callState/${data!.callSid!}`)).returnCode).toBe(200);
  });
});
