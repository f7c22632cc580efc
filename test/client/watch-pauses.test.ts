/** How long a watch waits before it asks again: longer after each failure in a row, and what was received in between ends the row. */
import { fails, follow, poll, portal, streams, streamsEnd, type Reply } from './scripted-service.js';
import { changeOf } from './source-client.js';

const SEVERAL = 12;
const several = (reply: Reply): Reply[] => Array.from({ length: SEVERAL }, () => reply);
/** The longest first pause, and two steps of the clock. */
const SHORT_MS = 750;
/** The shortest of the longest pauses. */
const LONG_MS = 7_500;

it('waits longer after each failure in a row', async () => {
  const { outcome, gaps } = await follow([...several(fails), streamsEnd]);

  expect(outcome).toEqual(['4']);
  expect(gaps[0]).toBeLessThanOrEqual(SHORT_MS);
  expect(gaps.at(-1)).toBeGreaterThanOrEqual(LONG_MS);
});

it('takes an empty long poll for a success', async () => {
  const { outcome, asked, gaps } = await follow([portal, ...several(poll('3')), fails, poll('4', changeOf(1, '4'))]);

  expect(outcome).toEqual(['4']);
  expect(asked).toEqual(['stream', ...asked.slice(1).map(() => 'poll')]);
  expect(gaps.filter((gap) => gap > SHORT_MS)).toEqual([]);
});

it.each([
  ['a heartbeat', ':'],
  ['a change that it has already', `data: ${changeOf(0, '3')}`],
])('takes a stream with %s for a success', async (_, line) => {
  const { outcome, gaps } = await follow([...several(streams(line)), fails, streamsEnd]);

  expect(outcome).toEqual(['4']);
  expect(gaps.filter((gap) => gap > SHORT_MS)).toEqual([]);
});

it('does not count the failures before a change when its stream ends', async () => {
  const { gaps } = await follow([
    ...several(fails),
    streams(`data: ${changeOf(1, '1')}`),
    streams(`data: ${changeOf(2, '4')}`),
  ]);

  expect(gaps.at(-1)).toBeLessThanOrEqual(SHORT_MS);
});
