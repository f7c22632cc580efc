/** The headers RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11). */

/** A quota of a client, and what is left of it if that is known. */
export interface Quota {
  /** Of what: `calls`, `polls`. */
  readonly of: string;
  readonly most: number;
  readonly seconds: number;
  readonly left?: {
    readonly requests: number;
    /** Whole seconds within which no more than these are allowed. */
    readonly forSeconds: number;
  };
}

export const RATE_LIMIT_HEADERS = ['ratelimit', 'ratelimit-policy'] as const;

/** For Swagger. */
export const RATE_LIMIT_DOCUMENT = {
  'RateLimit-Policy': {
    description:
      'Each rate that counts this request: its name, `q` requests, within `w` seconds (draft-ietf-httpapi-ratelimit-headers-11).',
    schema: { type: 'string' },
    example: '"calls-60s";q=6;w=60, "calls-86400s";q=200;w=86400',
  },
  RateLimit: {
    description:
      'What is left of each rate: `r` requests within the next `t` seconds. With 429, of the rate that is spent.',
    schema: { type: 'string' },
    example: '"calls-60s";r=5;t=60, "calls-86400s";r=199;t=86400',
  },
} as const;

type RateLimitHeaders = Partial<Record<(typeof RATE_LIMIT_HEADERS)[number], string>>;

/** Lists of strings with parameters (RFC 9651). Without quotas there is no header: an empty list is not allowed. */
export const rateLimitHeaders = (quotas: readonly Quota[]): RateLimitHeaders => {
  if (quotas.length === 0) return {};
  const policies = quotas.map((quota) => `${nameOf(quota)};q=${quota.most};w=${quota.seconds}`);
  const limits = quotas.flatMap((quota) =>
    quota.left ? [`${nameOf(quota)};r=${quota.left.requests};t=${quota.left.forSeconds}`] : [],
  );
  return {
    'ratelimit-policy': policies.join(', '),
    ...(limits.length > 0 && { ratelimit: limits.join(', ') }),
  };
};

const nameOf = ({ of, seconds }: Quota): string => `"${of}-${seconds}s"`;
