/** The price list as CSV. */
import { csvHead, csvLine, Faults, faultsIn, readCsv } from '../../common/csv.js';
import { amountOf, amountShown } from '../../protection/call-cost.js';
import type { Price } from './price.entity.js';

const REQUIRED = ['provider', 'prefix', 'pricePerMinute', 'currency'] as const;
const OTHERS = ['billingStep', 'connectionFee'] as const;

/** Lines, with those that are empty. */
export const MAX_PRICES = 50_000;

/** Seconds. */
const USUAL_STEP = 60;
const LONGEST_STEP = 3_600;

export const PRICES_HEAD = csvHead([...REQUIRED, ...OTHERS]);

export const priceLine = (price: Price, currency: string): string =>
  csvLine([
    price.provider,
    price.prefix,
    amountShown(BigInt(price.perMinute)),
    currency,
    String(price.stepSeconds),
    amountShown(BigInt(price.connection)),
  ]);

export interface ImportedPrice extends Price {
  readonly currency: string;
}

/** @throws AppError with the faults of all rows */
export const readPrices = (text: string): Promise<ImportedPrice[]> => {
  const lineOfKey = new Map<string, number>();
  let first: { readonly currency: string; readonly line: number } | undefined;
  return readCsv(text, {
    required: REQUIRED,
    others: OTHERS,
    maxRows: MAX_PRICES,
    unknownColumns: 'refuse',
    read: (cell, line) => {
      const [provider, prefix, currency] = [cell('provider') ?? '', cell('prefix') ?? '', cell('currency') ?? ''];
      const perMinute = amountOf(cell('pricePerMinute') ?? '');
      const connection = amountOf(cell('connectionFee') ?? '0');
      const stepSeconds = stepOf(cell('billingStep'));
      if (CURRENCY.test(currency)) first ??= { currency, line };
      const key = `${provider} ${prefix}`;
      const twin = lineOfKey.get(key);
      if (twin === undefined) lineOfKey.set(key, line);
      const faults = faultsIn({
        provider: PROVIDER.test(provider) ? null : 'must be the name of a provider',
        prefix: prefixFault(prefix, twin),
        pricePerMinute: perMinute === null ? NO_AMOUNT : null,
        currency: currencyFault(currency, first),
        billingStep: stepSeconds === null ? `must be whole seconds, 1 to ${LONGEST_STEP}` : null,
        connectionFee: connection === null ? NO_AMOUNT : null,
      });
      if (faults || perMinute === null || connection === null || stepSeconds === null) return faults ?? new Faults({});
      return {
        provider,
        prefix,
        perMinute: String(perMinute),
        connection: String(connection),
        stepSeconds,
        currency,
      };
    },
  });
};

const PROVIDER = /^[a-z][a-z0-9_-]{0,49}$/;
/** Of a number as it is stored; empty for all numbers. */
const PREFIX = /^(?:\+?\d{1,15})?$/;
const CURRENCY = /^[A-Z]{3}$/;
export const NO_AMOUNT = 'must be an amount such as 0.125, with at most 6 decimal places, below 1000000000';

const prefixFault = (prefix: string, twin: number | undefined): string | null => {
  if (!PREFIX.test(prefix)) return 'must be the beginning of a number as it is stored, such as +8613 or 955; or empty';
  return twin === undefined ? null : `is the prefix of line ${twin} again`;
};

const currencyFault = (
  currency: string,
  first: { readonly currency: string; readonly line: number } | undefined,
): string | null => {
  if (!CURRENCY.test(currency)) return 'must be the three letters of a currency, as ISO 4217 has them';
  if (first === undefined || first.currency === currency) return null;
  return `is another currency than in line ${first.line}, and a price list has one`;
};

const stepOf = (text: string | null): number | null => {
  if (text === null) return USUAL_STEP;
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return seconds >= 1 && seconds <= LONGEST_STEP ? seconds : null;
};
