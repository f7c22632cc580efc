import {
  isWrittenPhone,
  maskPhone,
  maskPhonesIn,
  normalisePhone,
  readPhone,
  writtenPhone,
} from '../../src/common/phone-number.js';

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
    ['a bank behind the country code', '+86 95588', '95588'],
    ['a bank behind the international prefix', '0086 95588', '95588'],
    ['a carrier behind the country code', '+86 10086', '10086'],
    ['directory inquiries', '114', '114'],
    ['the courier of China Post', '11183', '11183'],
    ['China Post', '11185', '11185'],
    ['the information service of China Mobile', '12580', '12580'],
    ['the 12345 line of a city with an area code of three digits', '0571-12345', '+8657112345'],
    ['the 12345 line of a city with an area code of two digits', '010-12345', '+861012345'],
    ['the 12345 line of a city in E.164', '+8657112345', '+8657112345'],
    ['a mobile with China Telecom’s prefix 149', '149 1234 5678', '+8614912345678'],
    ['a mobile whose country code is in brackets', '(+86)13800138000', '+8613800138000'],
    ['a mobile whose country code is in full-width brackets', '（＋86）138 0013 8000', '+8613800138000'],
    ['a mobile whose country code has one zero', '086 138 0013 8000', '+8613800138000'],
    ['a landline whose country code has one zero', '086-571-8888-8888', '+8657188888888'],
    ['a German direct dial-in number (DIN 5008)', '+49 89 12345-67', '+49891234567'],
    ['a number abroad', '+44 20 7946 0000', '+442079460000'],
  ])('accepts %s', (_, text, normalised) => {
    expect(normalisePhone(text, 'CN')).toBe(normalised);
  });

  it.each([
    '13800138000',
    '010-56469588',
    '4008100000',
    '95588',
    '10086',
    '114',
    '0571-12345',
    '14912345678',
    '+12025550123',
  ])('does not change the stored form of %s', (text) => {
    const stored = normalisePhone(text, 'CN')!;

    expect(normalisePhone(stored, 'CN')).toBe(stored);
  });

  it.each([
    ['left-to-right override', '\u202d'],
    ['end of direction', '\u202c'],
    ['left-to-right mark', '\u200e'],
    ['first strong isolate', '\u2068'],
    ['end of isolate', '\u2069'],
    ['zero-width space', '\u200b'],
    ['soft hyphen', '\u00ad'],
    ['word joiner', '\u2060'],
    ['byte order mark', '\ufeff'],
  ])('drops an invisible %s, which pasted contacts may contain', (_, mark) => {
    expect(normalisePhone(`${mark}138${mark}0013${mark}8000${mark}`, 'CN')).toBe('+8613800138000');
    expect(normalisePhone(`${mark}955${mark}88`, 'CN')).toBe('95588');
  });

  it('reads a national number by the configured region', () => {
    expect(normalisePhone('(202) 555-0123', 'US')).toBe('+12025550123');
    expect(normalisePhone('95588', 'US')).toBeNull();
    // A short number of China is another number in another country.
    expect(normalisePhone('+86 95588', 'US')).toBeNull();
    expect(normalisePhone('+86 149 1234 5678', 'US')).toBe('+8614912345678');
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
    ['a mobile with one digit missing', '1380013800'],
    ['a mobile with one extra digit', '138001380001'],
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
    ['a mobile with a right-to-left override, which shows its digits in another order', '\u202e13800138000'],
    ['a bank’s number and an extension', '95588-1'],
    ['a bank’s number and a footnote', '95588¹'],
    ['a bank’s number and a digit in a circle', '95588①'],
    ['a 400 number whose last digit is in a circle', '400000000①'],
    ['a service number and a ten in a circle', '95588⑩'],
    ['a bank’s number and an extension after a blank', '95588 1'],
    ['a bank’s number behind the country code and an extension', '+86 95588-1'],
    ['a bank’s number behind an area code and an extension', '0755-95588-1'],
    ['a bank’s number in two groups and an extension', '955 88-1'],
    ['a public service and an extension', '12345-6'],
    ['a provincial service and an extension', '96110-12'],
    ['a city’s 12345 line and an extension', '0571-12345-6'],
    ['a landline and an extension', '010-56469588-5'],
    ['a mobile and an extension', '13800138000-1'],
    ['a number abroad that becomes another number with its extension', '+82 2-312-3456-7'],
    ['the paid voice services of 12590', '12590'],
    ['the traffic police behind the country code', '+86 122'],
    ['rescue at sea behind the international prefix', '0086 12395'],
    ['the coast guard behind a country code with one zero', '086 95110'],
    ['rescue at sea behind an area code of three digits', '0571-12395'],
    ['more than 40 characters, blanks included', `13800138000${' '.repeat(30)}`],
  ])('refuses %s', (_, text) => {
    expect(normalisePhone(text, 'CN')).toBeNull();
  });
});

describe('a number with an extension', () => {
  it.each([
    ['010-56469588转8001', '+861056469588', '8001'],
    ['010-56469588 轉 8001', '+861056469588', '8001'],
    ['010-56469588转分机8001', '+861056469588', '8001'],
    ['010-56469588 分机8001', '+861056469588', '8001'],
    ['010-56469588,8001', '+861056469588', '8001'],
    ['010-56469588，，8001', '+861056469588', '8001'],
    ['010-56469588 ext 8001', '+861056469588', '8001'],
    ['010-56469588 Ext. 8001', '+861056469588', '8001'],
    ['010-56469588 extension 8001', '+861056469588', '8001'],
    ['010-56469588#8001', '+861056469588', '8001'],
    ['010-56469588 x5', '+861056469588', '5'],
    ['+861056469588;ext=8001', '+861056469588', '8001'],
    ['０１０－５６４６９５８８转８００１', '+861056469588', '8001'],
    ['010-56469588-8001', '+861056469588', '8001'],
    ['(010)56469588-0', '+861056469588', '0'],
    ['4008100000转110', '+864008100000', '110'],
    ['95588-1', '95588', '1'],
    ['955 88-1', '95588', '1'],
    ['+86 95588-1', '95588', '1'],
    ['12345-6', '12345', '6'],
    ['0571-12345-6', '+8657112345', '6'],
    ['+82 2-312-3456-7', '+8223123456', '7'],
    ['+1 415 555 0100 ext 12', '+14155550100', '12'],
  ])('%s is %s and %s', (text, number, extension) => {
    const phone = readPhone(text, 'CN');

    expect(phone).toEqual({ number, extension });
    expect(readPhone(writtenPhone(number, extension), 'CN')).toEqual(phone);
  });

  it.each(['13800138000', '010-56469588', '95588', '+49 89 12345-67'])('%s has none', (text) => {
    expect(readPhone(text, 'CN')).toEqual({ number: normalisePhone(text, 'CN'), extension: null });
  });

  it.each([
    ['two numbers after each other', '13800138000,13900139000'],
    ['an extension of seven digits', '010-56469588转1234567'],
    ['two extensions', '010-56469588转8001转1'],
    ['two extensions after hyphens', '95588-1-2'],
    ['an extension in a circle', '95588转①'],
    ['a footnote', '95588¹'],
    ['an extension after a blank', '95588 1'],
    ['an extension without a number', '转8001'],
    ['an extension without digits', '010-56469588转'],
    ['an extension of letters', '010-56469588转abc'],
    ['the police behind a mark', '110转1'],
    ['the coast guard and an extension', '95110-1'],
    ['the coast guard in two groups', '9511-0'],
    ['rescue at sea in two groups', '123-95'],
    ['a premium-rate number and an extension', '16888888转1'],
    ['a German number that is too long with its direct dial-in digits', '+49 89 12345678-901234'],
    ['more than 40 characters', `010-56469588${' '.repeat(30)}转8001`],
  ])('refuses %s', (_, text) => {
    expect(readPhone(text, 'CN')).toBeNull();
  });

  it('is masked with its extension, alone and in a text', () => {
    expect(maskPhone('+8613812345678;ext=8001')).toBe('138****5678;ext=****');
    expect(maskPhonesIn('dialled +861056469588;ext=8001.')).toBe('dialled +86****9588;ext=****.');
  });
});

describe('numbers in a text', () => {
  it.each([
    ['asked by 137 7770 0010', 'asked by 137****0010'],
    ['王 137-7770-0011, 1377770-0012', '王 137****0011, 137****0012'],
    ['+1 (415) 555-2671 or +86 139 0000 1001', '+14****2671 or 139****1001'],
    ['+49 89 12345678.', '+49****5678.'],
    ['+86 10 5646 9588;ext=8001', '+86****9588;ext=****'],
  ])('are masked in %s', (text, masked) => {
    expect(maskPhonesIn(text)).toBe(masked);
  });

  it.each([
    '2026-11-30 17:48:01',
    'UTC+8 2026-11-30',
    '1970-0101-0000',
    'v1.2.3',
    '+08:00',
    '16090510160925480001030600243044',
  ])('are none in %s', (text) => {
    expect(maskPhonesIn(text)).toBe(text);
  });
});

describe('a text that is too long for a number', () => {
  // NFKC sorts combining marks in quadratic time, so it must not get a text of unlimited length.
  const normalize = jest.spyOn(String.prototype, 'normalize');
  afterAll(() => normalize.mockRestore());

  it.each([
    ['pairs of combining marks', `a${'\u0315\u0300'.repeat(20)}`],
    ['41 characters', '1'.repeat(41)],
    ['41 characters of two code units each', '𝟏'.repeat(41)],
  ])('of %s is refused before it is normalised', (_, text) => {
    normalize.mockClear();

    expect(normalisePhone(text, 'CN')).toBeNull();
    expect(isWrittenPhone(text)).toBe(false);
    expect(normalize).not.toHaveBeenCalled();
  });

  it('is measured in code points', () => {
    expect(normalisePhone('𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎', 'CN')).toBe('+8613800138000');
    expect(isWrittenPhone('𝟏'.repeat(40))).toBe(true);
  });
});

it.each([
  ['+8613812345678', '138****5678'],
  ['+861056469588', '+86****9588'],
  ['95588', '95****'],
])('masks %s as %s', (phone, masked) => {
  expect(maskPhone(phone)).toBe(masked);
});
