/** Yuntongxun's codes: the outcome of each table row, and that the docs list them all. */
import { readFile } from 'node:fs/promises';
import { BYE_TYPES } from '../../src/telephony/yuntongxun/hangup-causes.js';
import { outcomeOf, STATUS_CODES, UNLISTED } from '../../src/telephony/yuntongxun/status-codes.js';
import { PROVIDER_END_REASONS, REFUSAL_CATEGORIES } from '../../src/telephony/telephony-provider.js';
import type { YuntongxunProvider } from '../../src/telephony/yuntongxun/yuntongxun.provider.js';
import { writeNotification } from '../support/yuntongxun-calls.js';
import { callbackRequest, replyTimeout, providerFor, WEBHOOK_TARGET } from '../support/yuntongxun-provider.js';
import { startYuntongxunServer, type YuntongxunServer } from '../support/yuntongxun-server.js';

let server: YuntongxunServer;
let provider: YuntongxunProvider;
let docs: string;

beforeAll(async () => {
  server = await startYuntongxunServer();
  provider = providerFor(server);
  docs = await readFile(new URL('../../docs/providers/yuntongxun.md', import.meta.url), 'utf8');
});
afterAll(async () => {
  await provider.close();
  await server.close();
});

const dialAnsweredBy = (code: string) => {
  server.replyInstead = (_, response) => response.end(JSON.stringify({ statusCode: code, statusMsg: 'as it says' }));
  return provider.dial(callbackRequest(server, '13'), replyTimeout());
};

describe('a dial that is answered with', () => {
  const codes = STATUS_CODES.flatMap(({ from, to, outcome }) =>
    [...new Set([from, to])].map((code) => ({ code, outcome })),
  );

  it.each(codes.filter(({ outcome }) => outcome !== 'unknown_outcome'))(
    '$code is refused as $outcome, with the code and the text',
    async ({ code, outcome }) => {
      expect(await dialAnsweredBy(code)).toEqual({ kind: 'refused', category: outcome, code, text: 'as it says' });
    },
  );

  it.each(codes.filter(({ outcome }) => outcome === 'unknown_outcome'))(
    '$code has an unknown outcome',
    async ({ code }) => {
      await expect(dialAnsweredBy(code)).rejects.toThrow(code);
    },
  );

  it.each(['110999', '111183', '121000', '999999', '1', '1111000', '0000001'])(
    '%s, which is in no row, is refused as forbidden with that code',
    async (code) => {
      expect(await dialAnsweredBy(code)).toMatchObject({ kind: 'refused', category: UNLISTED, code });
    },
  );
});

it('the rows of status codes are in order and do not overlap', () => {
  const bounds = STATUS_CODES.flatMap(({ from, to }) => [from, to]);

  expect(bounds).toEqual([...bounds].sort());
  expect(bounds.every((code) => /^\d{6}$/.test(code))).toBe(true);
  expect(STATUS_CODES.every(({ from, outcome }) => outcomeOf(from) === outcome)).toBe(true);
});

it('only the known guesses among the status codes have no source', () => {
  const guessed = STATUS_CODES.filter(({ source }) => source === null).map(({ from }) => from);

  expect(guessed).toEqual(['111144', '112000']);
});

describe('a Hangup with byetype', () => {
  const eventsOf = (byetype: string) => {
    const fields = { type: '1', callSid: 'a1', starttime: '20260131155900', endtime: '20260131160000', byetype };
    const body = Buffer.from(writeNotification('xml', { action: 'Hangup', ...fields }));
    const reading = provider.readWebhook({ headers: {}, body, target: WEBHOOK_TARGET, address: '127.0.0.1' });
    return reading.kind === 'genuine' ? reading.events : [];
  };

  it.each(BYE_TYPES.map((row) => [row.byeType, row] as const))('%s yields the events of its row', (byetype, row) => {
    const { endReason, leg, category, wasAnswered, callerAnswered } = row;
    const events = eventsOf(byetype);

    const before = wasAnswered ? ['answered'] : callerAnswered === false ? [] : ['caller_answered'];
    expect(events.map(({ type }) => type)).toEqual([...before, 'ended']);
    expect(events.at(-1)).toMatchObject({ endReason });
    expect(events.at(-1)?.detail).toEqual({ byetype, ...(leg && { leg }), ...(category && { category }) });
  });

  it.each(['5', '-12', '', 'x'])('%j, which is in no row, is failed with that byetype', (byetype) => {
    expect(eventsOf(byetype).at(-1)).toMatchObject({ type: 'ended', endReason: 'failed', detail: { byetype } });
  });

  it('-14 is a cancel, and -11 is an account without funds', () => {
    expect(eventsOf('-14').at(-1)).toMatchObject({ type: 'ended', endReason: 'canceled' });
    expect(eventsOf('-11').at(-1)).toMatchObject({ endReason: 'failed', detail: { category: 'no_funds' } });
  });

  it('has at most one row in the table', () => {
    expect(new Set(BYE_TYPES.map(({ byeType }) => byeType)).size).toBe(BYE_TYPES.length);
  });
});

describe('the docs', () => {
  const rowsUnder = (heading: string): string[][] => {
    const section = docs.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
    const lines = section.split('\n').filter((line) => line.startsWith('|'));
    return lines.slice(2).map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  };

  it('list every status code, and no other', () => {
    const known = STATUS_CODES.map(({ from, to, outcome, means, source }) => [
      from === to ? from : `${from}–${to}`,
      outcome,
      means,
      source ?? 'none: a guess',
    ]);

    expect(rowsUnder('Status codes')).toEqual(known);
    expect(STATUS_CODES.every(({ outcome }) => [...REFUSAL_CATEGORIES, 'unknown_outcome'].includes(outcome))).toBe(
      true,
    );
  });

  it('list every byetype, and no other', () => {
    const known = BYE_TYPES.map(({ byeType, endReason, leg, category, means }) => [
      ...[byeType, endReason, leg ?? '', category ?? '', means],
    ]);

    expect(rowsUnder('How a call ended')).toEqual(known);
    expect(BYE_TYPES.every(({ endReason }) => PROVIDER_END_REASONS.includes(endReason))).toBe(true);
    expect(BYE_TYPES.flatMap(({ category }) => category ?? []).every((one) => REFUSAL_CATEGORIES.includes(one))).toBe(
      true,
    );
  });
});
