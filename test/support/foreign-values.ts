/** Values as another process may send them, and what has to hold for what is made of them. */
import fc from 'fast-check';
import { isInstant } from '../../src/common/instant.js';
import type { ProviderEvent } from '../../src/telephony/telephony-provider.js';

export const CALL_SID = '16090510160925480001030600243044';

/** Those that are known to be dangerous are more frequent than chance would have them. */
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

/** An object with any of these fields, some of them right, the others of any type; or no such object at all. */
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

/** As PostgreSQL needs it. A text may be longer than our own are. */
export const expectStorable = (value: unknown): void => {
  expect(textsIn(value).filter((one) => /[\0\p{Surrogate}]/u.test(one) || one.length > 2_000)).toEqual([]);
};

export const expectStorableEvents = (events: readonly ProviderEvent[]): void => {
  for (const event of events) {
    expect(isInstant(event.occurredAt)).toBe(true);
    expectStorable(event);
  }
};
