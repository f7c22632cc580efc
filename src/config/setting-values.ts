/**
 * How the text of a setting becomes a value. Each throws an Error that says what was expected, and never repeats the text:
 * it may be a secret.
 */
import ipaddr from 'ipaddr.js';
import { isSupportedCountry } from 'libphonenumber-js/max';

/**
 * Files and Kubernetes secrets often end with a line break. It is not dropped: the other side of a shared secret may count it
 * in, and then every token would be refused.
 */
export const text = (value: string): string => {
  if (value !== value.trim()) throw new Error('expected no blank or line break at its beginning or end');
  return value;
};

export const wholeNumber =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most) {
      throw new Error(`expected a whole number from ${least} to ${most}`);
    }
    return number;
  };

export const numberBetween =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value);
    if (value.trim() === '' || !Number.isFinite(number) || number < least || number > most) {
      throw new Error(`expected a number from ${least} to ${most}`);
    }
    return number;
  };

export const yesOrNo = (value: string): boolean => {
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

const urlOf = (value: string, protocols: readonly string[]): URL => {
  if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return new URL(value);
  throw new Error(`expected a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`);
};

export const url =
  (...protocols: string[]) =>
  (padded: string): string => {
    const value = padded.trim();
    // Where to is shown to admins; who we are there has settings of its own.
    const { protocol, username, password } = urlOf(value, protocols);
    if (protocol.startsWith('http') && username + password !== '')
      throw new Error('expected a URL without a user in it');
    return value;
  };

/** Paths are put behind it. */
export const baseUrl =
  (...protocols: string[]) =>
  (padded: string): string => {
    const value = url(...protocols)(padded);
    if (/[?#]/.test(value)) throw new Error('expected a URL without ? and #');
    return value;
  };

/** It may hold a user and a password. */
export const proxy = (padded: string): URL => urlOf(padded.trim(), ['http:', 'https:']);

export const list =
  <T>(parse: (item: string) => T) =>
  (value: string): readonly T[] =>
    value.split(',').map((item) => parse(item.trim()));

export const optional =
  <T>(parse: (value: string) => T) =>
  (value: string): T | undefined =>
    value === '' ? undefined : parse(value);

/** Null is no limit. */
export const limit =
  (parse: (value: string) => number) =>
  (value: string): number | null =>
    value === '' ? null : parse(value);

/** RFC 7518 §3.2: a key for HS256 has at least as many bits as its hash. */
export const hmacKey = (value: string): string => {
  text(value);
  if (Buffer.byteLength(value) < 32) throw new Error('expected at least 32 bytes');
  return value;
};

/** Whom libphonenumber does not know, no number would be valid for: UK, say, which is GB. */
export const region = (value: string): string => {
  if (!isSupportedCountry(value)) throw new Error('expected a two-letter country code of ISO 3166 such as CN');
  return value;
};

export const twilioSid = (value: string): string => {
  if (!/^AC[0-9a-f]{32}$/.test(value)) throw new Error('expected AC and 32 hexadecimal digits');
  return value;
};

export const yuntongxunSid = (value: string): string => {
  if (!/^[0-9A-Za-z]{1,64}$/.test(value)) throw new Error('expected 1 to 64 letters and digits');
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

/** Of any kind: mobile, landline with its area code, 400 or a short number. */
export const chineseNumber = (value: string): string => {
  if (!/^(?:1\d{10}|0\d{9,11}|[48]00\d{7}|[1-9]\d{2,7})$/.test(value)) {
    throw new Error('expected a number as it is dialled within China, digits alone, such as 01052823298 or 4008001234');
  }
  return value;
};

/** A prefix may be empty, a dial string not; the first equals sign stands between them. */
export const dialRules = (value: string): readonly { readonly prefix: string; readonly dialString: string }[] =>
  value.split(',').map((text) => {
    const [, prefix, dialString] = /^(\+?\d*)=([A-Za-z][A-Za-z0-9]*\/\S+)$/.exec(text.trim()) ?? [];
    if (prefix === undefined || dialString === undefined) {
      throw new Error('expected rules such as +86=PJSIP/0{rest}@trunk or =PJSIP/{number}, comma between two');
    }
    return { prefix, dialString };
  });

/** A provider twice on a route would be asked a second time for what it has refused. */
export const routes = (value: string): readonly { readonly to: string; readonly providers: readonly string[] }[] =>
  value.split(',').map((written) => {
    const [, to, names] = /^(\+?\d*|[A-Z]{2})=([a-z-]+(?:\/[a-z-]+)*)$/.exec(written.trim()) ?? [];
    const providers = names?.split('/') ?? [];
    if (to === undefined || new Set(providers).size !== providers.length || providers.length === 0) {
      throw new Error('expected routes such as +86=yuntongxun/twilio or US=twilio or =asterisk, comma between two');
    }
    if (/^[A-Z]/.test(to)) region(to);
    return { to, providers };
  });

/** Standard Webhooks: `whsec_` and 24 to 64 random bytes in base64. */
export const webhookSecrets = (value: string): readonly [string, ...string[]] => {
  const [first = '', ...more] = value.split(',').map((secret) => secret.trim());
  for (const secret of [first, ...more]) {
    const bytes = /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret) ? Buffer.from(secret.slice(6), 'base64').length : 0;
    if (bytes < 24 || bytes > 64) throw new Error('expected whsec_ and 24 to 64 bytes in base64, comma between two');
  }
  return [first, ...more];
};

/** Anything shorter than four numbers, which ipaddr.js would take, is more likely a slip than a range. */
export const addressRanges = list((range) => {
  const written = asRange(range);
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(written) && !ipaddr.IPv6.isValidCIDR(written)) {
    throw new Error('expected addresses and ranges such as 10.0.0.0/8 or fd00::/8, comma between two');
  }
  return unmapped(ipaddr.parseCIDR(written));
});

type Range = ReturnType<typeof ipaddr.parseCIDR>;

/** IPv4 in IPv6 is compared as IPv4, so ::ffff:10.0.0.0/104 would contain no address. */
const unmapped = ([address, prefixLength]: Range): Range =>
  address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && prefixLength >= 96
    ? [address.toIPv4Address(), prefixLength - 96]
    : [address, prefixLength];

/** An address alone is the range that has no other. */
const asRange = (written: string): string => {
  if (ipaddr.IPv4.isValidFourPartDecimal(written)) return `${written}/32`;
  return ipaddr.IPv6.isValid(written) ? `${written}/128` : written;
};

/** Bits. Half of the Internet is nobody's proxies. */
const SHORTEST_OF_PROXIES = 7;

/**
 * How many, or where they are. A client can write any address into X-Forwarded-For, and a proxy appends the true one: whoever
 * trusts every entry takes the client's word.
 */
export const trustedProxies = (value: string): number | ReturnType<typeof addressRanges> => {
  if (value === 'false') return 0;
  if (/^\d{1,2}$/.test(value)) return Number(value);
  try {
    const ranges = addressRanges(value);
    if (ranges.every(([, prefixLength]) => prefixLength >= SHORTEST_OF_PROXIES)) return ranges;
  } catch {
    // The sentence below says more.
  }
  throw new Error(
    'expected the number of reverse proxies in front, 1 for one, or their addresses and ranges such as 10.0.0.0/8, comma ' +
      'between two' +
      (value === 'true'
        ? '; `true` is not accepted any more, because it took an address that a client can make up'
        : ''),
  );
};

/** As browsers write them in the header Origin. Every site at once is no wish that anybody has: tokens are not theirs. */
export const origins = list((origin) => {
  if (!/^https?:/.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw new Error('expected origins such as https://app.example.com, without a path, comma between two');
  }
  return origin;
});

export const nonEmpty = (value: string): string => {
  if (value.trim() === '') throw new Error('expected some text');
  return value;
};
