/** What a desk is sent whose token shows no numbers; and that texts are made once for all desks. */
import { DeskView } from '../../src/admin/live-calls/desk-view.js';
import { seesNumbers } from '../../src/admin/sees-numbers.js';
import type { LiveChanges } from '../../src/call/live/live-calls.service.js';
import { readPosition } from '../../src/call/live/live-position.js';
import type { ShownCall } from '../../src/call/search/call-view.js';

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

it('masks numbers wherever they stand, and shows them to who may see them', () => {
  const masked = new DeskView({ isMasked: true, matches: null });
  const whole = new DeskView({ isMasked: false, matches: null });
  const item = changes();

  expect(masked.textOf({ kind: 'calls', calls: [call] })).not.toMatch(NUMBERS);
  expect(masked.textOf(item)).not.toMatch(NUMBERS);
  expect(masked.textOf(item)).toContain('139****1001');
  expect(whole.textOf({ kind: 'calls', calls: [call] })).toMatch(NUMBERS);
  expect(whole.textOf(item)).toMatch(NUMBERS);
});

it('makes the text of a change once for all desks', () => {
  const fresh = { ...call };
  const item = { ...changes(), changes: [{ bytes: JSON.stringify(change), change, call: fresh }] };
  const stringify = jest.spyOn(JSON, 'stringify');
  try {
    const texts = Array.from({ length: 20 }, () => new DeskView({ isMasked: false, matches: null }).textOf(item));

    expect(new Set(texts).size).toBe(1);
    expect(stringify.mock.calls.filter(([value]) => value === fresh)).toHaveLength(1);
  } finally {
    stringify.mockRestore();
  }
});

it.each([
  [['admin'], true],
  [['admin:numbers'], true],
  [['calls:read'], false],
  [[], false],
])('numbers for the scopes %j: %s', (scopes, expected) => {
  expect(seesNumbers({ subject: '1', scopes: new Set(scopes), expiresAt: 0 })).toBe(expected);
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
