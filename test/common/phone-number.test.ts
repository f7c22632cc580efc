import { maskPhone, normalisePhone } from '../../src/common/phone-number.js';

describe('numbers that can be dialled', () => {
  it.each([
    ['a mobile', '13800138000', '+8613800138000'],
    ['a mobile with its country code', '+86 138 0013 8000', '+8613800138000'],
    ['a mobile with the international prefix', '008613800138000', '+8613800138000'],
    ['a mobile in full-width digits', '１３８－００１３－８０００', '+8613800138000'],
    ['a landline', '010-56469588', '+861056469588'],
    ['a landline in brackets', '(0755) 8888 8888', '+8675588888888'],
    ['a landline in full-width brackets', '（０１０）56469588', '+861056469588'],
    ['a landline with a dash of typographers', '010–56469588', '+861056469588'],
    ['a 400 number', '400-810-0000', '+864008100000'],
    ['a 400 number with its country code', '+864008100000', '+864008100000'],
    ['a bank', '95588', '95588'],
    ['a bank, with spaces', ' 95 588 ', '95588'],
    ['an insurer of six digits', '955123', '955123'],
    ['a service of eight digits', '95105105', '95105105'],
    ['a provincial service', '96110', '96110'],
    ['a carrier', '10086', '10086'],
    ['a public service', '12345', '12345'],
    ['a number abroad', '+44 20 7946 0000', '+442079460000'],
  ])('takes %s', (_, text, normalised) => {
    expect(normalisePhone(text, 'CN')).toBe(normalised);
  });

  it.each(['13800138000', '010-56469588', '4008100000', '95588', '10086', '+12025550123'])(
    'leaves the stored form of %s as it is',
    (text) => {
      const stored = normalisePhone(text, 'CN')!;

      expect(normalisePhone(stored, 'CN')).toBe(stored);
    },
  );

  it('reads a national number by the configured region', () => {
    expect(normalisePhone('(202) 555-0123', 'US')).toBe('+12025550123');
    expect(normalisePhone('95588', 'US')).toBeNull();
  });
});

describe('numbers that cannot be dialled', () => {
  it.each([
    ['the police', '110'],
    ['the fire brigade', '119'],
    ['an ambulance', '120'],
    ['the traffic police', '122'],
    ['a mobile network’s emergency number', '112'],
    ['the American emergency number', '911'],
    ['the police with the country code', '+86110'],
    ['the police with an area code', '010-110'],
    ['an ambulance with an area code', '021120'],
    ['the police by text message', '12110'],
    ['a forest fire', '12119'],
    ['rescue at sea', '12395'],
    ['the coast guard', '95110'],
    ['the coast guard with an area code', '0755-95110'],
    ['rescue at sea with an area code', '+86 20 12395'],
    ['the coast guard, in full-width digits', '９５１１０'],
  ])('refuses %s', (_, text) => {
    expect(normalisePhone(text, 'CN')).toBeNull();
  });

  it.each([
    ['a premium-rate number', '16888888'],
    ['a premium-rate number abroad', '+44 909 879 0000'],
    ['a landline without its area code', '56469588'],
    ['a mobile with a digit too few', '1380013800'],
    ['a mobile with a digit too many', '138001380001'],
    ['an extension', '010-56469588 x5'],
    ['an extension of RFC 3966', 'tel:+861056469588;ext=5'],
    ['a sentence with a number in it', 'call 13800138000 now'],
    ['a number with a NUL', '13800138000\u0000'],
    ['a number with a line break', '138001\n38000'],
    ['a bank’s number with a plus before it, which is Myanmar', '+95588'],
    ['two plus signs', '++8613800138000'],
    ['nothing', ''],
    ['spaces', '   '],
    ['a thousand digits', '1'.repeat(1000)],
    ['a lone surrogate', '\ud800'],
  ])('refuses %s', (_, text) => {
    expect(normalisePhone(text, 'CN')).toBeNull();
  });
});

it.each([
  ['+8613812345678', '138****5678'],
  ['+861056469588', '+86****9588'],
  ['95588', '95****'],
])('masks %s as %s', (phone, masked) => {
  expect(maskPhone(phone)).toBe(masked);
});
