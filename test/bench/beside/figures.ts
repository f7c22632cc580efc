/** The stored figures of runs. A run of one work replaces only the figures of that work. */
import type { Report } from './report.js';

/** Machine, commit and date of a measurement. */
export interface Circumstances {
  readonly machine: string;
  readonly commit: string;
  /** As in 2026-11-26. */
  readonly date: string;
  /** Duration of a round. */
  readonly seconds: number;
}

export interface WorkFigures extends Circumstances {
  readonly reports: readonly Report[];
}

/** Keyed by the work's name on the command line, in the order of the page. */
export type Figures = Readonly<Record<string, WorkFigures>>;

/** @param order of all works; figures of other works are dropped */
export const replaceFigures = (kept: Figures, order: readonly string[], name: string, measured: WorkFigures): Figures =>
  Object.fromEntries(
    order.flatMap((work) => {
      const figures = work === name ? measured : kept[work];
      return figures ? [[work, figures]] : [];
    }),
  );
