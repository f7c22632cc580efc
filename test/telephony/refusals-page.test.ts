/** docs/providers/refusals.md lists the refusals that are passed over. These tests compare the list with the code. */
import { readFile } from 'node:fs/promises';
import { isPassedOver } from '../../src/call/placement/fail-over.js';
import {
  ARI_REFUSALS,
  CAUSE_REFUSALS,
  refusalByAri,
  refusalOfLegA,
  SIP_REFUSALS,
} from '../../src/telephony/asterisk/refusals.js';
import type { RefusalCategory } from '../../src/telephony/telephony-provider.js';
import { ERROR_CODES, refusalOf } from '../../src/telephony/twilio/error-codes.js';
import { SIGNALWIRE_ERROR_CODES } from '../../src/telephony/twilio/signalwire-dialect.js';
import { TELNYX_ERROR_CODES } from '../../src/telephony/twilio/telnyx-dialect.js';
import { outcomeOf } from '../../src/telephony/yuntongxun/status-codes.js';

const page = await readFile(new URL('../../docs/providers/refusals.md', import.meta.url), 'utf8');
const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

const rows = page
  .split('\n')
  .filter((line) => /^\| (?:asterisk|twilio|telnyx|signalwire|yuntongxun|simulator|every one) /.test(line))
  .flatMap((line) => {
    const [, provider = '', codes = '', categories = ''] = line.split('|').map((cell) => cell.trim());
    return quoted(codes).map((code) => ({ provider, code, categories: quoted(categories) as RefusalCategory[] }));
  });
const codesOf = (provider: string, pattern: RegExp) =>
  rows.filter((row) => row.provider === provider && pattern.test(row.code));

it('the page has only categories that are passed over', () => {
  const refusal = (category: RefusalCategory) => ({ category, code: '', text: '' });

  expect(rows.length).toBeGreaterThan(15);
  for (const { categories } of rows) expect(categories.map((one) => isPassedOver(refusal(one)))).not.toContain(false);
});

it('the page has every refusal of leg A that the Asterisk provider passes over, and no other', () => {
  const coded = [...SIP_REFUSALS, ...CAUSE_REFUSALS].map(({ code, category }) => `${code} ${category}`);
  const listed = codesOf('asterisk', /^(?:SIP|Q850)/).map(({ code, categories }) => `${code} ${categories.join()}`);

  expect(listed.sort()).toEqual(coded.sort());
});

it('the page has every ARI error that is passed over: errors of a trunk and of Asterisk itself', () => {
  const passedOver = Object.values(ARI_REFUSALS).filter((row) => isPassedOver({ ...row, text: '' }));
  const listed = codesOf('asterisk', /^ARI/).map(({ code }) => code);

  expect(listed.filter((code) => code !== 'ARI-409').sort()).toEqual(passedOver.map(({ code }) => code).sort());
  const categoryOf = (status: number, isPhone: boolean) => refusalByAri(status, '', isPhone)?.category;
  expect([500, 409].map((status) => categoryOf(status, false))).toEqual(['provider_down', 'provider_down']);
  expect([500, 409].map((status) => categoryOf(status, true))).toEqual(['bad_number', 'bad_number']);
  expect([401, 403, 404, 503].map((status) => categoryOf(status, true))).toEqual(Array(4).fill('provider_down'));
  expect(categoryOf(400, false)).toBe('forbidden');
  // Of a proxy that may have passed the order on.
  expect([502, 504].map((status) => refusalByAri(status, '', false))).toEqual([null, null]);
});

it.each(codesOf('twilio', /^\d/))('the page has the category of Twilio’s error $code', ({ code, categories }) => {
  const refusal = refusalOf(ERROR_CODES, { status: code === '429' ? 429 : 400, code: Number(code), message: '' });

  expect([refusal.category]).toEqual(categories);
});

it.each([
  ['telnyx', TELNYX_ERROR_CODES],
  ['signalwire', SIGNALWIRE_ERROR_CODES],
] as const)('the page has every error of %s that is passed over', (name, codes) => {
  const passedOver = Object.entries(codes).filter(([, row]) => isPassedOver({ ...row, code: '', text: '' }));
  const listed = codesOf(name, /^\d/).filter(({ code }) => code !== '429');

  expect(listed.map(({ code, categories }) => `${code} ${categories.join()}`).sort()).toEqual(
    passedOver.map(([code, { category }]) => `${code} ${category}`).sort(),
  );
});

it.each(codesOf('yuntongxun', /^\d/))(
  'the page has the category of Yuntongxun’s code $code',
  ({ code, categories }) => {
    expect([outcomeOf(code)]).toEqual(categories);
  },
);

describe('the refusal code of leg A,', () => {
  const story = (facts: Record<string, string>) => new Map(Object.entries(facts));

  it.each<[string, Record<string, string>, string | null]>([
    ['refused by a trunk’s server', { state: 'Down', cause_a: '34', sip_a: '503' }, 'SIP-503'],
    [
      'refused with a SIP status that maps to no cause of its own',
      { state: 'Down', cause_a: '34', sip_a: '513' },
      'SIP-513',
    ],
    ['refused on a channel that is not SIP', { state: 'Down', cause_a: '44' }, 'Q850-44'],
    ['refused because the number does not exist', { state: 'Down', cause_a: '1', sip_a: '404' }, null],
    ['refused for its number on a channel that is not SIP', { state: 'Down', cause_a: '1' }, null],
    ['declined by a person', { state: 'Down', cause_a: '21', sip_a: '603' }, null],
    ['refused after it rang', { state: 'Ringing', cause_a: '34', sip_a: '503' }, null],
    ['after it answered', { state: 'Up', caller_answered: 'then', cause_a: '34', sip_a: '200' }, null],
    ['with an empty story', {}, null],
  ])('%s', (_, facts, code) => {
    expect(refusalOfLegA(story(facts))?.code ?? null).toBe(code);
  });
});
