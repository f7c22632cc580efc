/**
 * Loads OpenTelemetry's SDK, which sends spans to OTEL_EXPORTER_OTLP_ENDPOINT. Only start.ts imports this file, and only if
 * that is set. No package that changes other packages is used: the spans are those that the rooms make.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
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
} from '@opentelemetry/sdk-trace';
import type { Logger } from '../common/logger.js';
import { traceWith } from '../common/tracing.js';
import { VERSION } from '../common/version.js';
import type { Config } from '../config/config.js';

export interface Tracing {
  /** Sends the spans that wait, for two seconds at most. */
  close(): Promise<void>;
}

const FLUSH_LIMIT_MS = 2_000;
const WARN_EVERY_MS = 60_000;

export const startTracing = (
  { otlpEndpoint = '', otlpHeaders, otelServiceName, tracesSampler, tracesSamplerRatio }: Config,
  logger: Logger,
): Tracing => {
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
    spanProcessors: [new BatchSpanProcessor({ exporter: warning(exporter, logger) })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  traceWith(provider.getTracer('ringback', VERSION));
  return {
    async close() {
      const flushed = provider.shutdown().catch((error: unknown) => {
        logger.debug({ error }, 'the last spans could not be sent');
      });
      await Promise.race([flushed, sleep(FLUSH_LIMIT_MS, undefined, { ref: false })]);
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

/** The SDK drops what could not be sent, and says nothing. */
const warning = (exporter: SpanExporter, logger: Logger): SpanExporter => {
  let warnedAt = -Infinity;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.code !== 0 && performance.now() - warnedAt > WARN_EVERY_MS) {
          warnedAt = performance.now();
          logger.warn({ error: result.error, spans: spans.length }, 'spans could not be sent and are lost');
        }
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
};
