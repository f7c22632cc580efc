import * as fc from 'fast-check';
import { readConfig } from '../../src/config/config.js';
import { spentRate } from '../../src/protection/call-rates.js';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1_000);

it.each([
  ['no call', [], null],
  ['two of three', [10, 20], null],
  ['three of three: until the first one leaves', [10, 20, 290], 10],
  ['three, one just before the window', [10, 20, 300], null],
  ['more than allowed, by an older setting: until two have left', [10, 20, 40, 60], 260],
  ['a clock that is ahead', [-5, 10, 20], 280],
])('%s', (_, placed, retryAfterSeconds) => {
  const rate = { calls: 3, seconds: 300 };
  const spent = spentRate(placed.map(ago), [rate], NOW);
  expect(spent).toEqual(retryAfterSeconds === null ? null : { rate, retryAfterSeconds });
});

it('names the rate that is spent for the longest time', () => {
  const minute = { calls: 1, seconds: 60 };
  const day = { calls: 2, seconds: 86_400 };
  expect(spentRate([ago(30)], [minute, day], NOW)).toEqual({ rate: minute, retryAfterSeconds: 30 });
  expect(spentRate([ago(30), ago(400)], [minute, day], NOW)).toEqual({ rate: day, retryAfterSeconds: 86_000 });
});

it('never allows more calls in any window than the rate, and refuses none that fits', () => {
  const rates = fc.array(
    fc.record({ calls: fc.integer({ min: 1, max: 5 }), seconds: fc.integer({ min: 1, max: 60 }) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  );
  fc.assert(
    fc.property(rates, fc.array(fc.integer({ min: 0, max: 8_000 }), { maxLength: 60 }), (allowed, gapsMs) => {
      const placed: Date[] = [];
      let now = 0;
      for (const gap of gapsMs) {
        now += gap;
        const isFull = allowed.some(
          ({ calls, seconds }) => placed.filter((at) => at.getTime() > now - seconds * 1_000).length >= calls,
        );
        const spent = spentRate(placed, allowed, new Date(now));
        expect(spent !== null).toBe(isFull);
        if (spent === null) placed.push(new Date(now));
        // The time it names is the first whole second at which the call is allowed.
        else {
          expect(spentRate(placed, allowed, new Date(now + spent.retryAfterSeconds * 1_000))).toBeNull();
          if (spent.retryAfterSeconds > 1) {
            expect(spentRate(placed, allowed, new Date(now + (spent.retryAfterSeconds - 1) * 1_000))).not.toBeNull();
          }
        }
      }
    }),
  );
});

it.each([
  [
    '6/1m,200/1d',
    [
      { calls: 6, seconds: 60 },
      { calls: 200, seconds: 86_400 },
    ],
  ],
  [' 1000/24h ', [{ calls: 1_000, seconds: 86_400 }]],
  [
    '3/90s, 10/2h',
    [
      { calls: 3, seconds: 90 },
      { calls: 10, seconds: 7_200 },
    ],
  ],
  ['off', []],
])('reads %j', (text, rates) => {
  expect(readConfig({ CALLS_PER_CALLER: text }).callsPerCaller).toEqual(rates);
});

it.each(['0/1m', '6', '6/m', '1001/1d', '6/2d', '6/1m,', '6/1 m', '-1/1m', '6/0s', '1.5/1m'])('refuses %j', (text) => {
  expect(() => readConfig({ CALLS_PER_CALLEE: text })).toThrow('CALLS_PER_CALLEE: expected rates of 1 to 1000');
});
