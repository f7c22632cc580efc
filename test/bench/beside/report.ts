/** What one work has shown: a table for people, and what was to be reached. */
export interface Aim {
  /** As in "≥ 0.5 of bare Fastify". */
  readonly text: string;
  /** What came of it, as in "0.47". */
  readonly figure: string;
  readonly isReached: boolean;
}

export interface Report {
  /** As it is named on the command line. */
  readonly work: string;
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly aims: readonly Aim[];
}
