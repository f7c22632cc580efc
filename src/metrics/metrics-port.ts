/**
 * METRICS_PORT: the metrics in the text format of Prometheus, on a port of its own, which a deployment does not publish.
 * A scrape needs no token: it shows counts and times, and no number, name or id of anybody.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { collectDefaultMetrics } from 'prom-client';
import type { Draining } from '../common/draining.js';
import type { Logger } from '../common/logger.js';
import { gauge, processMetrics } from '../common/metrics.js';
import { VERSION } from '../common/version.js';
import { urlOf } from '../common/reachable-url.js';
import type { Config } from '../config/config.js';
import { LIMITS, limitConnections } from '../http/connection-limits.js';
import { answerClientError, nodeServerOptions, REQUEST_TIMES } from '../http/node-server.js';

const build = gauge({
  name: 'ringback_build_info',
  help: 'Always 1; the label says which version runs.',
  labelNames: ['version'],
});
build.set({ version: VERSION }, 1);

/** Far more than there are scrapers. Each response ends its connection, so that a stranger must come again too. */
const MAX_CONNECTIONS = 1_000;

/** The port that OpenTelemetry gives to exporters for Prometheus. */
const USUAL_PORT = 9464;

/** Gauges of prom-client with the ending of counters. `nodejs_active_resources` and the like have the same, by type. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export interface MetricsPort {
  /** @returns the URL of the metrics on this machine; null if there is none */
  listen(): Promise<string | null>;
  close(): Promise<void>;
}

/** @param lookNow the metrics that are read when they are asked for */
export const openMetricsPort = (
  { metricsPort, host }: Config,
  logger: Logger,
  draining: Draining,
  lookNow: () => Promise<string>,
): MetricsPort => {
  let writing: Promise<Buffer> | undefined;
  /** Requests that come meanwhile share it: writing takes a millisecond of the processor. */
  const text = (): Promise<Buffer> =>
    (writing ??= writeMetrics(lookNow).finally(() => {
      writing = undefined;
    }));
  const server = createServer(nodeServerOptions(REQUEST_TIMES), (request, response) => {
    void answer(request, response, text).catch((error: unknown) => {
      logger.error({ error }, 'metrics could not be written');
      response.destroy();
    });
  });
  server.on('clientError', answerClientError);
  limitConnections(server, draining, { ...LIMITS, connections: MAX_CONNECTIONS });
  return {
    async listen() {
      if (metricsPort === null) return null;
      if (!processMetrics.getSingleMetric('process_cpu_seconds_total')) {
        collectDefaultMetrics({ register: processMetrics });
        for (const name of MISNAMED) processMetrics.removeSingleMetric(name);
      }
      try {
        await once(server.listen(metricsPort ?? USUAL_PORT, host), 'listening');
      } catch (error) {
        // Nobody has asked for this port, so it must not keep the service from starting.
        if (metricsPort !== undefined) throw error;
        logger.warn({ error, port: USUAL_PORT }, 'metrics are not served');
        return null;
      }
      return `${urlOf(server)}/metrics`;
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

const writeMetrics = async (lookNow: () => Promise<string>): Promise<Buffer> => {
  // After the other requests of this turn have joined.
  await setImmediate();
  return Buffer.from((await processMetrics.metrics()) + (await lookNow()));
};

const answer = async (
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
  text: () => Promise<Buffer>,
): Promise<void> => {
  response.setHeader('connection', 'close');
  const isKnown = (method === 'GET' || method === 'HEAD') && url.split('?')[0] === '/metrics';
  if (!isKnown) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('The metrics are at /metrics.\n');
    return;
  }
  const body = method === 'HEAD' ? undefined : await text();
  response.writeHead(200, { 'content-type': processMetrics.contentType, 'cache-control': 'no-store' });
  response.end(body);
};
