/** What a call costs. Amounts are whole millionths of the currency's unit, so no sum is off by a rounding. Pure. */

/** As JSON keeps it: amounts are digits. */
export interface LegPrice {
  readonly perMinute: string;
  readonly stepSeconds: number;
  /** Once, if the leg is answered. */
  readonly connection: string;
}

/** To the caller's phone (a) and to the callee's (b), at one provider. */
export interface LegPrices {
  readonly a: LegPrice;
  readonly b: LegPrice;
  /** Of a hunt: the price of each number. Then b is the dearest. */
  readonly hunted?: Readonly<Record<string, LegPrice>>;
}

/** From its answer to its end; null for a leg that was not answered. */
export type LegSeconds = Readonly<Record<'a' | 'b', number | null>>;

export const callCost = (prices: LegPrices, seconds: LegSeconds): bigint =>
  legCost(prices.a, seconds.a) + legCost(prices.b, seconds.b);

/** If it is not known which number of a hunt answers. */
export const mostCost = ({ a, b, hunted }: LegPrices, seconds: LegSeconds): bigint => {
  const callees = Object.values(hunted ?? {}).map((price) => legCost(price, seconds.b));
  return legCost(a, seconds.a) + callees.reduce((most, cost) => (cost > most ? cost : most), legCost(b, seconds.b));
};

/** With the price of the number that a hunt has reached. */
export const pricesOf = (prices: LegPrices, calleePhone: string): LegPrices => ({
  ...prices,
  b: prices.hunted?.[calleePhone] ?? prices.b,
});

/** The dearest of several numbers, for a talk of these seconds. */
export const dearestOf = (
  a: LegPrice,
  hunted: Readonly<Record<string, LegPrice>>,
  seconds: number,
): LegPrices | null => {
  const [first, ...others] = Object.values(hunted);
  if (!first) return null;
  const b = others.reduce((most, one) => (legCost(one, seconds) > legCost(most, seconds) ? one : most), first);
  return others.length > 0 ? { a, b, hunted } : { a, b };
};

const MINUTE_SECONDS = 60n;

/** An answered leg has at least one step. */
const legCost = ({ perMinute, stepSeconds, connection }: LegPrice, seconds: number | null): bigint => {
  if (seconds === null) return 0n;
  const steps = Math.max(1, Math.ceil(seconds / stepSeconds));
  const paidSeconds = BigInt(steps) * BigInt(stepSeconds);
  return BigInt(connection) + (BigInt(perMinute) * paidSeconds + MINUTE_SECONDS - 1n) / MINUTE_SECONDS;
};

/** The longest prefix of the number decides. @param prices by prefix */
export const priceOf = (prices: ReadonlyMap<string, LegPrice>, phone: string): LegPrice | undefined => {
  for (let length = phone.length; length >= 0; length--) {
    const price = prices.get(phone.slice(0, length));
    if (price) return price;
  }
  return undefined;
};

const UNIT = 1_000_000n;
const UNIT_DIGITS = 6;
/** 999,999,999 units: a sum of many such amounts is still within a bigint of PostgreSQL. */
const AMOUNT = /^(\d{1,9})(?:\.(\d{1,6}))?$/;

/** @returns null if the text is no such amount, as 12 or 0.125 */
export const amountOf = (text: string): bigint | null => {
  const [, whole, part = ''] = AMOUNT.exec(text) ?? [];
  return whole === undefined ? null : BigInt(whole) * UNIT + BigInt(part.padEnd(UNIT_DIGITS, '0'));
};

export const amountShown = (amount: bigint): string => {
  const part = String(amount % UNIT)
    .padStart(UNIT_DIGITS, '0')
    .replace(/0+$/, '');
  return part === '' ? String(amount / UNIT) : `${amount / UNIT}.${part}`;
};
