/** What a desk is sent whose token shows no numbers; and that texts are made once for all desks. */
import { DeskView } from '../../src/admin/live-calls/desk-view.js';
import { mayReadNumbers } from '../../src/auth/access.js';
import type { LiveChanges } from '../../src/call/live/live-calls.service.js';
import { readPosition } from '../../src/call/live/live-position.js';
import type { ShownCall } from '../../src/call/search/call-view.js';
import { withoutNumbersInTurns } from '../../src/common/masked-numbers.js';

const CALL_SID = '26112408160312000012345678901234';

const call = {
  callSid: CALL_SID,
  callerId: '1001',
  callerPhone: '+8613900001001',
  calleePhone: '+8613800002000',
  recording: 'https://records.example.com/13900001001-13800002000.wav',
  metadata: { phone: '139 0000 1001' },
} as unknown as ShownCall;

const change = {
  type: 'call.ringing',
  timestamp: '2026-11-24T08:16:05.000Z',
  data: { callSid: CALL_SID, number: 2, stateType: '2', metadata: { phone: '139 0000 1001' } },
} as unknown as LiveChanges['changes'][number]['change'];

const changes = (): LiveChanges => ({
  kind: 'changes',
  until: { snapshot: '840:844:841', server: '1764000000000' },
  changes: [{ bytes: JSON.stringify(change), change, call }],
});

const NUMBERS = /13900001001|13800002000|139 0000 1001/;

it('masks numbers wherever they stand, and shows them to who may see them', async () => {
  const masked = new DeskView({ isMasked: true, matches: null });
  const whole = new DeskView({ isMasked: false, matches: null });
  const item = changes();

  expect(await masked.textOf({ kind: 'calls', calls: [call] })).not.toMatch(NUMBERS);
  expect(await masked.textOf(item)).not.toMatch(NUMBERS);
  expect(await masked.textOf(item)).toContain('139****1001');
  expect(await whole.textOf({ kind: 'calls', calls: [call] })).toMatch(NUMBERS);
  expect(await whole.textOf(item)).toMatch(NUMBERS);
});

it('makes the text of a change once for all desks', async () => {
  const fresh = { ...call };
  const item = { ...changes(), changes: [{ bytes: JSON.stringify(change), change, call: fresh }] };
  const stringify = jest.spyOn(JSON, 'stringify');
  try {
    const texts = await Promise.all(
      Array.from({ length: 20 }, () => new DeskView({ isMasked: false, matches: null }).textOf(item)),
    );

    expect(new Set(texts).size).toBe(1);
    expect(stringify.mock.calls.filter(([value]) => value === fresh)).toHaveLength(1);
  } finally {
    stringify.mockRestore();
  }
});

describe('others get turns', () => {
  let immediate: NodeJS.Immediate;
  let turns: number;

  /** Each look at the clock finds it later by more than a turn may last. */
  beforeEach(() => {
    let now = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
    turns = 0;
    const counting = (): void => {
      turns++;
      immediate = setImmediate(counting);
    };
    immediate = setImmediate(counting);
  });
  afterEach(() => {
    clearImmediate(immediate);
    jest.restoreAllMocks();
  });

  const MANY = 200;

  it.each([true, false])('while the texts of many changes are made (masked: %s)', async (isMasked) => {
    const many = Array.from({ length: MANY }, () => changes().changes).flat();

    await new DeskView({ isMasked, matches: null }).textOf({ ...changes(), changes: many });

    expect(turns).toBeGreaterThanOrEqual(MANY - 1);
  });

  it('while a long response is masked', async () => {
    const buckets = Array.from({ length: MANY }, () => ({ groups: [{ key: '13900001001' }] }));

    const masked = await withoutNumbersInTurns({ buckets });

    expect(masked.buckets.at(-1)).toEqual({ groups: [{ key: '13900001001' }] });
    expect(turns).toBeGreaterThanOrEqual(MANY - 1);
  });
});

it.each([
  [['admin'], true],
  [['admin:numbers'], true],
  [['calls:read'], false],
  [[], false],
])('numbers for the scopes %j: %s', (scopes, expected) => {
  expect(mayReadNumbers({ subject: '1', scopes: new Set(scopes), expiresAt: 0 })).toBe(expected);
});

it.each(['1764000000000-840:844:841', '1-840:840:', '1-840:844:840,843'])('reads the position %s', (text) => {
  expect(readPosition(text)).toEqual({ server: text.split('-')[0], snapshot: text.split('-')[1] });
});

it.each([
  '',
  '1-0:0:',
  '1-844:840:',
  '1-840:844:839',
  '1-840:844:844',
  '1-840:844:843,841',
  'x',
  `1-${'9'.repeat(20)}:1:`,
])('does not read the position %j', (text) => {
  expect(readPosition(text)).toBeNull();
});
