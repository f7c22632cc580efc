/** What a desk is sent whose token shows no numbers; and that texts are made once for all desks. */
import { DeskView } from '../../src/admin/live-calls/desk-view.js';
import { mayReadNumbers } from '../../src/auth/access.js';
import type { LiveCondition } from '../../src/call/live/live-filter.js';
import type { LiveChanges } from '../../src/call/live/live-calls.service.js';
import { readPosition } from '../../src/call/live/live-position.js';
import type { CallChange } from '../../src/call/record/call-change.js';
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
  const masked = new DeskView({ isMasked: true, condition: null, isResumed: false });
  const whole = new DeskView({ isMasked: false, condition: null, isResumed: false });
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
      Array.from({ length: 20 }, () =>
        new DeskView({ isMasked: false, condition: null, isResumed: false }).textOf(item),
      ),
    );

    expect(new Set(texts).size).toBe(1);
    expect(stringify.mock.calls.filter(([value]) => value === fresh)).toHaveLength(1);
  } finally {
    stringify.mockRestore();
  }
});

describe('a filter', () => {
  const isRinging: LiveCondition = {
    matches: ({ stateType, callerId }) => stateType === '2' && callerId === '1001',
    mayMatch: ({ callerId }) => callerId === '1001',
  };
  const changeTo = (stateType: string, number: number, callerId = '1001'): LiveChanges => {
    const [one] = changes().changes;
    const { data } = one!.change;
    const numbered = { ...one!.change, data: { ...data, stateType, number } } as CallChange;
    return { ...changes(), changes: [{ ...one!, change: numbered, call: { ...call, callerId, stateType } }] };
  };
  const view = (isResumed: boolean): DeskView => new DeskView({ isMasked: false, condition: isRinging, isResumed });
  const IS_GONE = `"gone":["${CALL_SID}"]`;

  it('lets a call leave once, and come and leave again', async () => {
    const desk = view(false);

    expect(await desk.textOf(changeTo('2', 2))).toContain('"changes":[{');
    expect(await desk.textOf(changeTo('3', 3))).toContain(IS_GONE);
    expect(await desk.textOf(changeTo('3', 4))).not.toContain('data');
    expect(await desk.textOf(changeTo('2', 5))).toContain('"changes":[{');
    expect(await desk.textOf(changeTo('4', 6))).toContain(IS_GONE);
  });

  it('tells a desk that has resumed of a call that it may have, once', async () => {
    const desk = view(true);

    expect(await desk.textOf(changeTo('3', 3))).toContain(IS_GONE);
    expect(await desk.textOf(changeTo('3', 4))).not.toContain('data');
    expect(await desk.textOf(changeTo('4', 5))).not.toContain('data');
  });

  it.each([
    ['one that has not resumed', false, changeTo('3', 3)],
    ['one that has resumed, of a new call', true, changeTo('1', 1)],
    ['one that has resumed, of a call that never matched', true, changeTo('3', 3, '1002')],
  ])('does not tell a desk of a call that it cannot have: %s', async (_, isResumed, item) => {
    expect(await view(isResumed).textOf(item)).not.toContain('data');
  });

  it('knows after a reset what a desk has', async () => {
    const desk = view(true);

    await desk.textOf({ kind: 'reset', reason: 'too_many_changes' });

    expect(await desk.textOf(changeTo('3', 3))).not.toContain('data');
  });
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

    await new DeskView({ isMasked, condition: null, isResumed: false }).textOf({ ...changes(), changes: many });

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
