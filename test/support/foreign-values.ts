/** Arbitrary values from other processes, and the checks for values that are derived from them. */
import fc from 'fast-check';
import { isInstant } from '../../src/common/instant.js';
import type { ProviderEvent } from '../../src/telephony/telephony-provider.js';

export const CALL_SID = '16090510160925480001030600243044';

/** Any text; texts that are known to be dangerous occur more often. */
export const foreignText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    '\0',
    '\ud83d',
    `${'x'.repeat(19)}😀`,
    `${'x'.repeat(199)}😀`,
    'x'.repeat(5_000),
    '-1',
    '1e999',
    '99999999999999999999',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '+275760-09-13T00:00:00Z',
    '-271821-04-20T00:00:00Z',
    '2026-11-25T05:15:33Z',
    '20261125051533',
    '00000101000000',
    '__proto__',
    CALL_SID,
  ),
  fc.string({ unit: 'binary' }),
  fc.string(),
);

/** JSON: an object with some of the fields, some correct and some of any type; or any other value. */
export const foreignJson = (right: Readonly<Record<string, unknown>>): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .record(
          Object.fromEntries(
            Object.entries(right).map(([name, value]) => [
              name,
              fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, foreignText, fc.jsonValue()),
            ]),
          ),
          { requiredKeys: [] },
        )
        .map((value) => JSON.stringify(value)),
    },
    fc.json(),
    foreignText,
    fc.constantFrom('['.repeat(500), '{"a":'.repeat(500) + '1' + '}'.repeat(500), '<html>', 'null'),
  );

const textsIn = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null && !(value instanceof Date)
      ? Object.entries(value).flatMap(([name, one]) => [name, ...textsIn(one)])
      : [];

/** PostgreSQL can store the value. The limit of length is greater than that of our own texts. */
export const expectStorable = (value: unknown): void => {
  expect(textsIn(value).filter((one) => /[\0\p{Surrogate}]/u.test(one) || one.length > 2_000)).toEqual([]);
};

export const expectStorableEvents = (events: readonly ProviderEvent[]): void => {
  for (const event of events) {
    expect(isInstant(event.occurredAt)).toBe(true);
    expectStorable(event);
  }
};
