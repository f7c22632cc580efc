/**
 * Loads OpenTelemetry's SDK, which sends spans to OTEL_EXPORTER_OTLP_ENDPOINT. Only start.ts imports this file, and only if
 * that is set. No package that changes other packages is used: the spans are those that the rooms make.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { context, TraceFlags } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  TracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { runWithLogContext } from '../common/log-context.js';
import type { Logger } from '../common/logger.js';
import { traceWith } from '../common/tracing.js';
import { VERSION } from '../common/version.js';
import type { Config } from '../config/config.js';

export interface Tracing {
  /** Sends the spans that wait, for two seconds at most. */
  close(): Promise<void>;
}

const FLUSH_LIMIT_MS = 2_000;
/** A megabyte or two. */
const MAX_WAITING = 2_048;
const WARN_EVERY_MS = 60_000;
/** ExportResultCode of a package that is not ours to import. */
const SUCCESS = 0;

export const startTracing = (
  { otlpEndpoint = '', otlpHeaders, otelServiceName, tracesSampler, tracesSamplerRatio }: Config,
  logger: Logger,
): Tracing => {
  const warn = warnings(logger);
  const exporter = new OTLPTraceExporter({
    url: `${otlpEndpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: { ...otlpHeaders },
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': otelServiceName,
      'service.version': VERSION,
      'service.instance.id': randomUUID(),
    }),
    sampler: samplerOf(tracesSampler, tracesSamplerRatio),
    spanProcessors: [batches(exporter, warn)],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  traceWith(provider.getTracer('ringback', VERSION));
  return {
    async close() {
      const late = sleep(FLUSH_LIMIT_MS, new Error(`the last were not sent within ${FLUSH_LIMIT_MS} ms`));
      const error = await Promise.race([provider.shutdown().catch((reason: unknown) => reason), late]);
      if (error !== undefined) warn({ error });
    },
  };
};

const samplerOf = (name: Config['tracesSampler'], ratio: number): Sampler => {
  const isByParent = name.startsWith('parentbased_');
  const root = rootSamplerOf(name.replace('parentbased_', ''), ratio);
  return isByParent ? new ParentBasedSampler({ root }) : root;
};

const rootSamplerOf = (name: string, ratio: number): Sampler => {
  if (name === 'traceidratio') return new TraceIdRatioBasedSampler(ratio);
  return name === 'always_off' ? new AlwaysOffSampler() : new AlwaysOnSampler();
};

type Warn = (facts: { readonly error: unknown; readonly spans?: number }) => void;

const warnings = (logger: Logger): Warn => {
  let warnedAt = -Infinity;
  return (facts) => {
    if (performance.now() - warnedAt < WARN_EVERY_MS) return;
    warnedAt = performance.now();
    // The SDK's timer runs in the context of the request that set it, but the line is about no request.
    runWithLogContext({}, () => {
      logger.warn(facts, 'spans could not be sent and are lost');
    });
  };
};

/** The message of an error with a status is the collector's own, and may repeat the key in OTEL_EXPORTER_OTLP_HEADERS. */
const withoutWords = (error: unknown): unknown => {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'number' ? new Error(`the collector answered with status ${code}`) : error;
};

/**
 * The SDK says nothing of spans that it drops: those of an attempt that fails, and those that end while as many as it keeps
 * wait already.
 */
const batches = (exporter: SpanExporter, warn: Warn): SpanProcessor => {
  let waiting = 0;
  const processor = new BatchSpanProcessor({
    maxQueueSize: MAX_WAITING,
    exporter: {
      export(spans, done) {
        waiting -= spans.length;
        exporter.export(spans, (result) => {
          const code: number = result.code;
          if (code !== SUCCESS) warn({ error: withoutWords(result.error), spans: spans.length });
          done(result);
        });
      },
      forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
      shutdown: () => exporter.shutdown(),
    },
  });
  return {
    onStart(span, parent) {
      processor.onStart(span, parent);
    },
    onEnd(span) {
      const isSampled = (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
      if (isSampled && waiting >= MAX_WAITING) warn({ error: new Error(`${MAX_WAITING} spans wait already`) });
      else if (isSampled) waiting++;
      processor.onEnd(span);
    },
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  };
};
