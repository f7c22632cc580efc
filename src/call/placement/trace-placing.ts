import { inSpan, inTraceOfClient, SpanKind } from '../../common/tracing.js';

/** The span that a call's trace begins with. It includes the look for the parties, which comes before the placing itself. */
export const tracePlacing = <T>(work: () => Promise<T>): Promise<T> =>
  inTraceOfClient(() => inSpan('place call', { kind: SpanKind.SERVER }, work));
