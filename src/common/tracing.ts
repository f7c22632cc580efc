/**
 * The spans of a call. Every room makes them with `inSpan`, and knows nothing of the SDK, which only src/tracing loads and
 * only if OTEL_EXPORTER_OTLP_ENDPOINT is set. Without it there is no tracer, and each function here returns at once.
 * Attributes hold callSids and words of ours: never a phone number, a name, a token, a body, a URL or an error's message.
 */
import {
  context,
  createContextKey,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { logAboutTrace } from './log-context.js';

export { SpanKind } from '@opentelemetry/api';

let tracer: Tracer | undefined;

/** Call it before anything is traced. Undefined, as at the start: nothing is. */
export const traceWith = (own: Tracer | undefined): void => {
  tracer = own;
};

export const isTracing = (): boolean => tracer !== undefined;

/** The call that the running code is about, so that code that runs within it need not read the call's trace. */
const CALL_SID = createContextKey('callSid');
/** What the client has sent. It is used where a call is placed, and so for nobody who has not shown a token. */
const CLIENT = createContextKey('traceparent of the client');

interface SpanTerms<T> {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** What the work's result adds. */
  readonly outcomeOf?: (result: T) => Attributes;
}

/** Runs work in a span, which is a child of the one around it. */
export const inSpan = <T>(
  name: string,
  { kind = SpanKind.INTERNAL, attributes = {}, outcomeOf }: SpanTerms<T>,
  work: () => Promise<T>,
): Promise<T> => {
  if (!tracer) return work();
  const callSid = context.active().getValue(CALL_SID);
  const about = typeof callSid === 'string' ? { 'ringback.call_sid': callSid } : {};
  return tracer.startActiveSpan(name, { kind, attributes: { ...about, ...attributes } }, async (span) => {
    logAboutTrace(span.spanContext().traceId);
    try {
      const result = await work();
      if (outcomeOf) span.setAttributes(outcomeOf(result));
      return result;
    } catch (error) {
      // The message may contain what a provider or a client has sent.
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', error instanceof Error ? error.constructor.name : 'unknown');
      throw error;
    } finally {
      span.end();
    }
  });
};

/** As `inSpan`, and only within another one: what belongs to no call makes no trace of its own. */
export const inChildSpan = <T>(name: string, terms: SpanTerms<T>, work: () => Promise<T>): Promise<T> =>
  tracer && trace.getActiveSpan() ? inSpan(name, terms, work) : work();

/** Adds the callSid to the span around, and to those that are made within `work`. */
export const aboutCall = <T>(callSid: string, work: () => T): T => {
  if (!tracer) return work();
  trace.getActiveSpan()?.setAttribute('ringback.call_sid', callSid);
  return context.with(context.active().setValue(CALL_SID, callSid), work);
};

export const isAboutCall = (callSid: string): boolean => context.active().getValue(CALL_SID) === callSid;

/** Runs work as a part of the call's trace. @param parent as the record keeps it; null begins a trace of its own */
export const inTrace = <T>(callSid: string, parent: string | null, work: () => T): T =>
  tracer ? context.with(remote(parent).setValue(CALL_SID, callSid), work) : work();

/** For what many calls share, and what goes on after the span around: it must not become a part of one call's trace. */
export const outsideTraces = (work: () => void): void => {
  if (tracer) context.with(ROOT_CONTEXT, work);
  else work();
};

/** Makes no span: `inTraceOfClient` does, where it is wanted. */
export const carryTraceParent = (header: string | readonly string[] | undefined, work: () => void): void => {
  if (tracer && typeof header === 'string') context.with(context.active().setValue(CLIENT, header), work);
  else work();
};

/** Runs work in the trace of the client, if it has sent one; an invalid one is ignored (W3C Trace Context, 4.2). */
export const inTraceOfClient = <T>(work: () => T): T => {
  const header = tracer && context.active().getValue(CLIENT);
  return typeof header === 'string' ? context.with(remote(header), work) : work();
};

/** The span around, in the form of W3C; null if there is none. */
export const traceParent = (): string | null => {
  if (!tracer) return null;
  const span = trace.getActiveSpan()?.spanContext();
  if (!span || !isSpanContextValid(span)) return null;
  return `00-${span.traceId}-${span.spanId}-0${span.traceFlags & 1}`;
};

const NO_HEADERS = Object.freeze({});

/** For requests to providers and to backends. A client's tracestate is dropped: it is not ours to pass on to them. */
export const traceHeaders = (): Readonly<Record<string, string>> => {
  const traceparent = traceParent();
  return traceparent === null ? NO_HEADERS : { traceparent };
};

export const traceIdOf = (parent: string | null): string | null => spanIn(parent)?.traceId ?? null;

/** Version, trace id, span id, flags; later versions may add more (W3C Trace Context, 3.2). */
const TRACE_PARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})($|-)/;

const remote = (parent: string | null): Context => {
  const span = spanIn(parent);
  return span ? trace.setSpanContext(ROOT_CONTEXT, span) : ROOT_CONTEXT;
};

const spanIn = (parent: string | null): SpanContext | null => {
  const [, traceId = '', spanId = '', flags = '', more] = TRACE_PARENT.exec(parent ?? '') ?? [];
  if (more !== '' && parent?.startsWith('00')) return null;
  const span = { traceId, spanId, traceFlags: parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return isSpanContextValid(span) ? span : null;
};
