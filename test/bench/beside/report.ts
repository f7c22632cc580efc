/** The result of one work: a table and targets. */
export interface Aim {
  /** For example "≥ 0.5 of bare Fastify". */
  readonly text: string;
  /** The measured value, for example "0.47". */
  readonly figure: string;
  readonly isReached: boolean;
}

export interface Report {
  /** The work's name on the command line. */
  readonly work: string;
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly aims: readonly Aim[];
}
