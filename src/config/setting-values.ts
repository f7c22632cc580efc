/**
 * Parsers of setting values. Each throws an Error with what was expected. The message never repeats the text, which may
 * be a secret.
 */
import { isSupportedCountry } from 'libphonenumber-js/max';
import { DAY_MINUTES, readTimesOfDay, type TimesOfDay } from './times-of-day.js';

/**
 * Files and Kubernetes secrets often end with a line break. It is refused and not removed: the other party may include
 * it in the shared secret, and then every token would be rejected.
 */
export const text = (value: string): string => {
  if (value !== value.trim()) throw new Error('expected no blank or line break at its beginning or end');
  return value;
};

export const wholeNumber =
  (min: number, max: number) =>
  (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      throw new Error(`expected a whole number from ${min} to ${max}`);
    }
    return number;
  };

export const numberBetween =
  (min: number, max: number) =>
  (value: string): number => {
    const number = Number(value);
    if (value.trim() === '' || !Number.isFinite(number) || number < min || number > max) {
      throw new Error(`expected a number from ${min} to ${max}`);
    }
    return number;
  };

export const boolean = (value: string): boolean => {
  if (value !== 'true' && value !== 'false') throw new Error('expected true or false');
  return value === 'true';
};

export const oneOf =
  <T extends string>(...choices: T[]) =>
  (value: string): T => {
    const found = choices.find((choice) => choice === value);
    if (!found) throw new Error(`expected one of ${choices.join(', ')}`);
    return found;
  };

export const urlOf = (value: string, protocols: readonly string[]): URL => {
  if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return new URL(value);
  throw new Error(`expected a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`);
};

export const url =
  (...protocols: string[]) =>
  (padded: string): string => {
    const value = padded.trim();
    // The URL is shown to admins. Credentials have settings of their own.
    const { protocol, username, password } = urlOf(value, protocols);
    if (protocol.startsWith('http') && username + password !== '')
      throw new Error('expected a URL without a user in it');
    // The WHATWG parser drops or encodes them, and whoever gets the text may not.
    if (/[\s\p{Cc}]/u.test(value)) throw new Error('expected a URL without blanks and control characters');
    return value;
  };

/** Twilio takes a document of 4,000 characters. With ten numbers and all else that a dial may have, this leaves 300 of them. */
const LONGEST_WHISPER_URL = 400;

export const twilioWhisperUrl = (padded: string): string => {
  const value = url('https:', 'http:')(padded);
  if (value.replaceAll('&', '&amp;').length > LONGEST_WHISPER_URL) {
    throw new Error(
      `expected at most ${LONGEST_WHISPER_URL} characters, of which each & counts as five: every dial carries it, and Twilio ` +
        'refuses a document of more than 4,000',
    );
  }
  return value;
};

/** Whether the percent-encoding is valid and decodes to UTF-8. */
export const isEncoded = (value = ''): boolean => {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
};

/** A URL to which paths are appended. */
export const baseUrl =
  (...protocols: string[]) =>
  (padded: string): string => {
    const value = url(...protocols)(padded);
    if (/[?#]/.test(value)) throw new Error('expected a URL without ? and #');
    return value;
  };

/** OTLP's form of headers: name=value, both percent-encoded, comma-separated. */
export const headers = (value: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    value.split(',').map((pair) => {
      const [, name = '', text = ''] = /^\s*([\w!#$%&'*+.^`|~-]+)=(.*?)\s*$/s.exec(pair) ?? [];
      if (name === '' || !isEncoded(name) || !isEncoded(text)) {
        throw new Error('expected name=value, percent-encoded and comma-separated');
      }
      const decoded = decodeURIComponent(text);
      if (/[^\t\x20-\x7e]/.test(decoded)) throw new Error('expected values of printable ASCII characters');
      return [decodeURIComponent(name), decoded];
    }),
  );

export const list =
  <T>(parse: (item: string) => T) =>
  (value: string): readonly T[] =>
    value.split(',').map((item) => parse(item.trim()));

export const optional =
  <T>(parse: (value: string) => T) =>
  (value: string): T | undefined =>
    value === '' ? undefined : parse(value);

/** Null is off. */
export const portOrOff = (value: string): number | null => {
  if (value === 'off') return null;
  if (!/^\d+$/.test(value)) throw new Error('expected a whole number from 0 to 65535, or off');
  return wholeNumber(0, 65_535)(value);
};

export const cell = (value: string): string => {
  if (!/^\d{3}$/.test(value)) throw new Error('expected three digits, such as 001');
  return value;
};

/** Null is no limit. */
export const limit =
  (parse: (value: string) => number) =>
  (value: string): number | null =>
    value === '' ? null : parse(value);

/**
 * RFC 7518 §3.2: an HS256 key has at least as many bits as its hash. Surrounding blanks are refused and not removed, as
 * in `text`.
 */
export const hmacKeys = (value: string): readonly string[] => {
  const keys = value.split(',').map(text);
  if (!keys.every((key) => Buffer.byteLength(key) >= 32))
    throw new Error('expected at least 32 bytes each, comma-separated');
  return keys;
};

/** Of a JWT. A refusal repeats it in a quoted string of WWW-Authenticate, so it has no quotes. */
export const claimName = (value: string): string => {
  if (!/^[\w.:/#~-]{1,200}$/.test(value))
    throw new Error('expected a claim such as sub or https://app.example.com/user_id');
  return value;
};

/** For a country that libphonenumber does not know, such as UK instead of GB, no number would be valid. */
export const openIdScope = (value: string): string => {
  if (!value.split(/ +/).includes('openid'))
    throw new Error('expected scopes, separated by spaces, with openid among them');
  return value;
};

export const region = (value: string): string => {
  if (!isSupportedCountry(value)) throw new Error('expected a two-letter country code of ISO 3166 such as CN');
  return value;
};

/** Null is every country. */
export const countries = (value: string): readonly string[] | null => {
  if (value === '*') return null;
  const all = value.split(',').map((country) => country.trim());
  if (!all.every((country) => isSupportedCountry(country))) {
    throw new Error('expected two-letter country codes of ISO 3166 such as CN,HK, or * for every country');
  }
  return all;
};

/** Of numbers as they are stored: in E.164, or a short number without a country code. */
export const numberPrefix = (value: string): string => {
  if (!/^\+?[1-9]\d{0,14}$/.test(value)) throw new Error('expected prefixes such as +4420 or 955, comma-separated');
  return value;
};

/** So many calls, or numbers called, within so many seconds, in a sliding window. */
export interface CallRate {
  readonly calls: number;
  readonly seconds: number;
}

/** Shorter than a day, or nobody could ever be called. */
export const timesOfDay = (value: string): TimesOfDay => {
  const times = readTimesOfDay(value.trim());
  if (times === null || times.to - times.from === DAY_MINUTES) {
    throw new Error('expected two times of day such as 21:00-08:00');
  }
  return times;
};

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** A day: each call's time is kept for the longest window of any rate. */
export const LONGEST_RATE_SECONDS = 86_400;

/** `off` is an empty list. */
const ratesUpTo =
  (max: number, what: string) =>
  (value: string): readonly { readonly amount: number; readonly seconds: number }[] => {
    if (value === 'off') return [];
    return value.split(',').map((text) => {
      const [, amount, number, unit = ''] = /^([1-9]\d{0,5})\/([1-9]\d{0,4})([smhd])$/.exec(text.trim()) ?? [];
      const seconds = Number(number) * (UNIT_SECONDS[unit] ?? NaN);
      if (!(seconds <= LONGEST_RATE_SECONDS && Number(amount) <= max))
        throw new Error(`expected rates of ${what}, or off`);
      return { amount: Number(amount), seconds };
    });
  };

export const callRates = (value: string): readonly CallRate[] =>
  ratesUpTo(
    1_000,
    '1 to 1000 in at most a day such as 6/1m,200/1d',
  )(value).map(({ amount, seconds }) => ({ calls: amount, seconds }));

/** So many requests within so many seconds. */
export interface RequestRate {
  readonly requests: number;
  readonly seconds: number;
}

export const requestRates = (value: string): readonly RequestRate[] =>
  ratesUpTo(
    100_000,
    '1 to 100000 requests in at most a day such as 20/1s,600/1m',
  )(value).map(({ amount, seconds }) => ({ requests: amount, seconds }));

export const twilioSid = (value: string): string => {
  if (!/^AC[0-9a-f]{32}$/.test(value)) throw new Error('expected AC and 32 hexadecimal digits');
  return value;
};

export const uuid = (value: string): string => {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) throw new Error('expected a UUID in lower case');
  return value;
};

/** A public key, as base64 of its 32 bytes. */
export const ed25519Key = (value: string): string => {
  if (!/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(value)) throw new Error('expected base64 of 32 bytes');
  return value;
};

export const yuntongxunSid = (value: string): string => {
  if (!/^[0-9A-Za-z]{1,64}$/.test(value)) throw new Error('expected 1 to 64 letters and digits');
  return value;
};

/** A secret created by the provider. A shorter one could be guessed. */
export const sharedSecret = (value: string): string => {
  if (text(value).length < 16) throw new Error('expected at least 16 characters each');
  return value;
};

export const pathToken = (value: string): string => {
  if (!/^[\w-]{22,200}$/.test(value)) throw new Error('expected 22 to 200 letters, digits, - or _');
  return value;
};

export const e164 = (value: string): string => {
  if (!/^\+[1-9]\d{6,14}$/.test(value)) throw new Error('expected a number in E.164 such as +14155550100');
  return value;
};

/** Any kind: mobile, landline with area code, 400 or short number. */
export const chineseNumber = (value: string): string => {
  if (!/^(?:1\d{10}|0\d{9,11}|[48]00\d{7}|[1-9]\d{2,7})$/.test(value)) {
    throw new Error('expected a number as it is dialled within China, digits alone, such as 01052823298 or 4008001234');
  }
  return value;
};

/** A text with placeholders in braces. */
export const template =
  (...names: string[]) =>
  (value: string): string => {
    nonEmpty(value);
    const braces = value.match(/\{[^}]*\}?|\}/g) ?? [];
    const known = names.map((name) => `{${name}}`);
    if (!braces.every((brace) => known.includes(brace))) {
      throw new Error(`expected no other text in braces than ${known.join(', ')}`);
    }
    return value;
  };

/** An argument of an option of Asterisk's Dial, so it has no character that would end it. */
export const soundNames = (value: string): string => {
  if (!/^[\w./-]+(?:&[\w./-]+)*$/.test(value)) {
    throw new Error('expected names of sounds such as custom/from-the-app, joined by &');
  }
  return value;
};

/** A prefix may be empty, a dial string may not. The first equals sign separates them. */
export const dialRules = (value: string): readonly { readonly prefix: string; readonly dialString: string }[] => {
  const rules = value.split(',').map((text) => {
    const [, prefix, dialString] = /^(\+?\d*)=([A-Za-z][A-Za-z0-9]*\/\S+)$/.exec(text.trim()) ?? [];
    if (prefix === undefined || dialString === undefined) {
      throw new Error('expected rules such as +86=PJSIP/0{rest}@trunk or =PJSIP/{number}, comma-separated');
    }
    return { prefix, dialString: template('number', 'digits', 'rest')(dialString) };
  });
  refuseTwice(rules.map(({ prefix }) => prefix));
  return rules;
};

export interface AsteriskPlace {
  /** `asterisk@<name>`, or `asterisk` without a name. */
  readonly provider: string;
  readonly url: string;
  /** Its share of the calls. */
  readonly weight: number;
}

/** One may be without a name: a second one can then be added while the first has calls. */
export const asterisks = (value: string): readonly AsteriskPlace[] => {
  const places = value.split(',').map((text): AsteriskPlace => {
    const [, name, weight = '1', address = ''] =
      /^(?:([a-z][a-z0-9-]{0,30})(?:\*([1-9]\d{0,3}))?=)?(.+)$/.exec(text.trim()) ?? [];
    const provider = name === undefined ? 'asterisk' : `asterisk@${name}`;
    return { provider, url: baseUrl('http:', 'https:')(address), weight: Number(weight) };
  });
  for (const field of ['provider', 'url'] as const) {
    if (new Set(places.map((place) => place[field])).size !== places.length) {
      throw new Error('expected a name and a URL of its own for each Asterisk: east=http://a:8088,west=http://b:8088');
    }
  }
  return places;
};

/** The second of two rules for the same numbers would never be used. */
const refuseTwice = (kinds: readonly string[]): void => {
  if (new Set(kinds).size !== kinds.length) throw new Error('expected each prefix or country once');
};

/** A provider that is listed twice would be tried again after its refusal. */
export const routes = (value: string): readonly { readonly to: string; readonly providers: readonly string[] }[] => {
  const all = value.split(',').map((written) => {
    const [, to, names] =
      /^((?:\+?[1-9]\d*)?|[A-Z]{2})=([a-z-]+(?:@[a-z0-9-]+)?(?:\/[a-z-]+(?:@[a-z0-9-]+)?)*)$/.exec(written.trim()) ??
      [];
    const providers = names?.split('/') ?? [];
    if (to === undefined || new Set(providers).size !== providers.length || providers.length === 0) {
      throw new Error('expected routes such as +86=yuntongxun/twilio or US=twilio or =asterisk, comma-separated');
    }
    if (/^[A-Z]/.test(to)) region(to);
    return { to, providers };
  });
  refuseTwice(all.map(({ to }) => to));
  all.forEach(({ to }, index) => {
    const earlier = all.slice(0, index).find((one) => to.startsWith(one.to) && !/^[A-Z]/.test(one.to));
    if (earlier)
      throw new Error(
        `expected ${to || 'the rest'} before ${earlier.to || 'what fits every number'}: the first route that fits decides`,
      );
  });
  return all;
};

/** Standard Webhooks: `whsec_` and 24 to 64 random bytes in base64. */
export const webhookSecrets = (value: string): readonly [string, ...string[]] => {
  const [first = '', ...more] = value.split(',').map((secret) => secret.trim());
  for (const secret of [first, ...more]) {
    const bytes = /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret) ? Buffer.from(secret.slice(6), 'base64').length : 0;
    if (bytes < 24 || bytes > 64) throw new Error('expected whsec_ and 24 to 64 bytes in base64, comma-separated');
  }
  return [first, ...more];
};

export const nonEmpty = (value: string): string => {
  if (/[\0-\x1f\x7f]/.test(value)) throw new Error('expected no line break or other control character');
  if (value.trim() === '') throw new Error('expected some text');
  return value;
};

/** When a user's calls are frozen (call/freezing). Null: by no such rule. */
export interface FreezeRules {
  readonly newCountries: FreezeLimit | null;
  readonly refusals: FreezeLimit | null;
  readonly shortCalls: FreezeLimit | null;
  /** So many times the usual number of calls an hour. */
  readonly rate: number | null;
}

/** More than so many within so many seconds. */
export interface FreezeLimit {
  readonly count: number;
  readonly seconds: number;
}

const FREEZE_LIMITS = { new_countries: 'newCountries', refusals: 'refusals', short_calls: 'shortCalls' } as const;

/** `off` is no rule. */
export const freezeRules = (value: string): FreezeRules => {
  const rules = new Map<string, string>();
  for (const text of value === 'off' ? [] : value.split(',')) {
    const [, name = '', limit = ''] = /^([a-z_]+)=(\S+)$/.exec(text.trim()) ?? [];
    if (rules.has(name) || !(name === 'rate' || name in FREEZE_LIMITS)) throw notFreezeRules();
    rules.set(name, limit);
  }
  const limitOf = (name: keyof typeof FREEZE_LIMITS): FreezeLimit | null => {
    const text = rules.get(name);
    if (text === undefined) return null;
    const [, count, amount, unit = ''] = /^(\d{1,5})\/([1-9]\d{0,4})([smhd])$/.exec(text) ?? [];
    const seconds = Number(amount) * (UNIT_SECONDS[unit] ?? NaN);
    if (!(seconds <= LONGEST_RATE_SECONDS)) throw notFreezeRules();
    return { count: Number(count), seconds };
  };
  const factor = rules.get('rate');
  if (factor !== undefined && !/^([2-9]|[1-9]\d)x$/.test(factor)) throw notFreezeRules();
  return {
    newCountries: limitOf('new_countries'),
    refusals: limitOf('refusals'),
    shortCalls: limitOf('short_calls'),
    rate: factor === undefined ? null : Number(factor.slice(0, -1)),
  };
};

const notFreezeRules = (): Error =>
  new Error('expected rules such as new_countries=3/1d,rate=5x,refusals=100/1h,short_calls=30/1h within a day, or off');
