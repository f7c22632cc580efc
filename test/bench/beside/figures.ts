/** What is kept of runs, so that a run of one work replaces the figures of that work alone. */
import type { Report } from './report.js';

/** On what, of what and when a work was measured. */
export interface Circumstances {
  readonly machine: string;
  readonly commit: string;
  /** As in 2026-11-26. */
  readonly date: string;
  /** Of a round. */
  readonly seconds: number;
}

export interface WorkFigures extends Circumstances {
  readonly reports: readonly Report[];
}

/** By the work's name on the command line, in the order of the page. */
export type Figures = Readonly<Record<string, WorkFigures>>;

/** @param order of all works; what is of none of them is left out */
export const replaceFigures = (kept: Figures, order: readonly string[], name: string, measured: WorkFigures): Figures =>
  Object.fromEntries(
    order.flatMap((work) => {
      const figures = work === name ? measured : kept[work];
      return figures ? [[work, figures]] : [];
    }),
  );
