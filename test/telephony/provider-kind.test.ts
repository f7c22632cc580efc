import { isNamedBy, kindOf, spread } from '../../src/telephony/provider-kind.js';

it.each([
  ['asterisk@east', 'asterisk', true],
  ['asterisk@east', 'asterisk@east', true],
  ['asterisk@east', 'asterisk@west', false],
  ['asterisk', 'asterisk', true],
  ['asterisk', 'asterisk@east', false],
  ['twilio', 'asterisk', false],
])('whether %s is named by %s: %s', (provider, named, expected) => {
  expect(isNamedBy(provider, named)).toBe(expected);
});

it('the kind of a provider is its name without its own part', () => {
  expect(['asterisk@east', 'asterisk', 'twilio'].map(kindOf)).toEqual(['asterisk', 'asterisk', 'twilio']);
});

const provider = (name: string, weight: number, listens = true) => ({ name, weight, isListening: () => listens });
/** Evenly, so that the counts are the same in every run. */
const DRAWS = Array.from({ length: 100 }, (_, one) =>
  Array.from({ length: 100 }, (_, other) => [one / 100, other / 100]),
);
const firsts = (...providers: ReturnType<typeof provider>[]): string[] =>
  DRAWS.flat().map((drawn) => {
    const numbers = [...drawn];
    return spread(providers, () => numbers.shift() ?? 0)[0]?.name ?? '';
  });

it('the first place goes to each by its weight', () => {
  const all = firsts(provider('east', 1), provider('west', 3));

  const share = all.filter((name) => name === 'west').length / all.length;
  expect(share).toBeGreaterThan(0.74);
  expect(share).toBeLessThan(0.76);
});

it('one whose event stream is lost comes last', () => {
  expect(new Set(firsts(provider('east', 1000, false), provider('west', 1)))).toEqual(new Set(['west']));
});
