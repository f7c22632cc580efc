/** docs/providers/refusals.md lists the refusals that are passed over: exactly those that the code passes over. */
import { readFile } from 'node:fs/promises';
import { isPassedOver } from '../../src/call/placement/fail-over.js';
import { NO_SLOT } from '../../src/call/placement/provider-rate-limit.js';
import * as asterisk from '../../src/telephony/asterisk/refusals.js';
import { NOT_SENT_CODE, NOT_SENT_TEXTS } from '../../src/telephony/provider-circuit.js';
import { SCRIPTS } from '../../src/telephony/simulator/call-script.js';
import * as simulator from '../../src/telephony/simulator/own-refusals.js';
import type { Refusal, RefusalCategory } from '../../src/telephony/telephony-provider.js';
import type { Dialect } from '../../src/telephony/twilio/dialect.js';
import { STATUS_CATEGORIES } from '../../src/telephony/twilio/error-codes.js';
import { ownRefusals } from '../../src/telephony/twilio/own-refusals.js';
import { SIGNALWIRE } from '../../src/telephony/twilio/signalwire-dialect.js';
import { telnyxDialect } from '../../src/telephony/twilio/telnyx-dialect.js';
import { TWILIO } from '../../src/telephony/twilio/twilio-dialect.js';
import * as yuntongxun from '../../src/telephony/yuntongxun/own-refusals.js';
import { outcomeOf, STATUS_CODES } from '../../src/telephony/yuntongxun/status-codes.js';

const page = await readFile(new URL('../../docs/providers/refusals.md', import.meta.url), 'utf8');
const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

/** Of the table. Its first two lines are its head. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => {
    const [, provider = '', codes = '', categories = ''] = line.split('|').map((cell) => cell.trim());
    return { provider, codes: quoted(codes), categories: quoted(categories) as RefusalCategory[] };
  });
/** `code category`, of each code of a provider with each of its categories. */
const listedOf = (provider: string): string[] =>
  rows
    .filter((row) => row.provider === provider)
    .flatMap(({ codes, categories }) => codes.flatMap((code) => categories.map((category) => `${code} ${category}`)));

type Row = Pick<Refusal, 'code' | 'category'>;

const ofStatus = ([status, category]: [string, RefusalCategory]): Row => ({ code: `HTTP ${status}`, category });
const ofDialect = (dialect: Dialect): Row[] => [
  ...Object.values(ownRefusals(dialect)),
  ...Object.entries(dialect.errorCodes).map(([code, { category }]) => ({ code, category })),
  ...Object.entries(STATUS_CATEGORIES).map(ofStatus),
];
/** Of a trunk. */
const ofAri = (): Row[] =>
  Array.from({ length: 500 }, (_, index) => asterisk.refusalByAri(100 + index, '', false)).filter(
    (row) => row !== null,
  );
const ofYuntongxun = (): Row[] =>
  STATUS_CODES.flatMap(({ from, to, outcome }) =>
    outcome === 'unknown_outcome' ? [] : [{ code: from === to ? from : `${from}–${to}`, category: outcome }],
  );
const ofScripts = (): Row[] =>
  Object.values(SCRIPTS).flatMap(({ reply }) => (typeof reply === 'object' ? [reply] : []));

/** All refusals that the code knows, by the provider's name on the page. */
const REFUSALS: Readonly<Record<string, readonly Row[]>> = {
  'every one': [
    ...Object.keys(NOT_SENT_TEXTS).map((category) => ({ code: NOT_SENT_CODE, category: category as RefusalCategory })),
    ...Object.values(NO_SLOT),
  ],
  asterisk: [...Object.values(asterisk.OWN_REFUSALS), ...ofAri(), ...asterisk.SIP_REFUSALS, ...asterisk.CAUSE_REFUSALS],
  twilio: ofDialect(TWILIO),
  telnyx: ofDialect(telnyxDialect('1')),
  signalwire: ofDialect(SIGNALWIRE),
  yuntongxun: [...Object.values(yuntongxun.OWN_REFUSALS), ...ofYuntongxun()],
  simulator: [...Object.values(simulator.OWN_REFUSALS), ...ofScripts()],
};

it('the page has only providers that the code has', () => {
  expect([...new Set(rows.map(({ provider }) => provider))].sort()).toEqual(Object.keys(REFUSALS).sort());
});

it.each(Object.keys(REFUSALS))('the page has every refusal of %s that is passed over, and no other', (provider) => {
  const passedOver = REFUSALS[provider]!.filter((row) => isPassedOver({ ...row, text: '' }));

  expect(listedOf(provider).sort()).toEqual(passedOver.map(({ code, category }) => `${code} ${category}`).sort());
});

it('no code of Yuntongxun without a row is passed over', () => {
  const category = outcomeOf('999999') as RefusalCategory;

  expect(isPassedOver({ category, code: '999999', text: '' })).toBe(false);
});

it('an ARI error of the number’s own device is not passed over', () => {
  const categoryOf = (status: number) => asterisk.refusalByAri(status, '', true)?.category;

  expect([500, 409].map(categoryOf)).toEqual(['bad_number', 'bad_number']);
  expect([401, 403, 404, 503].map(categoryOf)).toEqual(Array(4).fill('provider_down'));
});

it.each([502, 504])('an ARI status of a proxy that may have passed the order on is no refusal: %i', (status) => {
  expect(asterisk.refusalByAri(status, '', false)).toBeNull();
});

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
    ['forbidden, by a trunk or by the phone', { state: 'Down', cause_a: '21', sip_a: '403' }, null],
    ['declined by a person', { state: 'Down', cause_a: '21', sip_a: '603' }, null],
    ['refused after it rang', { state: 'Ringing', cause_a: '34', sip_a: '503' }, null],
    ['after it answered', { state: 'Up', caller_answered: 'then', cause_a: '34', sip_a: '200' }, null],
    ['with an empty story', {}, null],
  ])('%s', (_, facts, code) => {
    expect(asterisk.refusalOfLegA(story(facts))?.code ?? null).toBe(code);
  });
});
