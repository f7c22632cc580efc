/**
 * Metrics of the process, in prom-client's registry. Each room declares its own beside the code that counts, and
 * docs/metrics.md lists them all; a test compares the two. The values of a label come from a short list of ours: never an
 * id, a phone number, a path or a text from outside, because each value is a time series for ever.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export const processMetrics = new Registry();

interface Declaration<Label extends string> {
  /** With the unit as its last word, such as `_seconds`; a counter ends with `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Label[];
}

const registers = [processMetrics];

export const counter = <Label extends string = never>(declaration: Declaration<Label>): Counter<Label> =>
  new Counter({ ...declaration, registers });

export const gauge = <Label extends string = never>(declaration: Declaration<Label>): Gauge<Label> =>
  new Gauge({ ...declaration, registers });

/** @param buckets upper bounds, ascending */
export const histogram = <Label extends string = never>(
  declaration: Declaration<Label> & { readonly buckets: number[] },
): Histogram<Label> => new Histogram({ ...declaration, registers });

/** From a database statement to a request that waits for its time limit. */
export const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
