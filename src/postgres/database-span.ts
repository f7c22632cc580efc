import { inChildSpan, SpanKind } from '../common/tracing.js';

const TERMS = { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } };

/** A span for one statement, or for a transaction. @param name a word of ours, never of the text or its values */
export const inStatementSpan = <T>(name: string, work: () => Promise<T>): Promise<T> =>
  inChildSpan(`statement ${name}`, TERMS, work);

export const inTransactionSpan = <T>(name: string, work: () => Promise<T>): Promise<T> =>
  inChildSpan(`transaction ${name}`, TERMS, work);
