/** Counts requests where their responses end, so also those that are answered before Nest sees them. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { counter, histogram, REQUEST_SECONDS } from '../common/metrics.js';

const requests = counter({
  name: 'ringback_http_requests_total',
  help: 'Requests that were answered; an event stream when it ends.',
  labelNames: ['method', 'route', 'status'],
});

const durations = histogram({
  name: 'ringback_http_request_duration_seconds',
  help: 'Time from the head of a request to the end of its response, without long polls and event streams.',
  labelNames: ['method', 'route'],
  buckets: REQUEST_SECONDS,
});

declare module 'fastify' {
  interface FastifyRequest {
    /** A long poll or an event stream: its duration is the client's wish. */
    isWaiting: boolean;
  }
}

/** prom-client looks up the labels of each call; for the state poll, these functions are kept. */
interface Kept {
  readonly count: () => void;
  readonly observe: (seconds: number) => void;
}
const kept = new Map<string, Kept>();

export const measureRequests = (server: FastifyInstance): void => {
  server.decorateRequest('isWaiting', false);
  server.addHook('onResponse', (request, reply, done) => {
    const { count, observe } = keptFor(request, reply.statusCode);
    count();
    if (!request.isWaiting) observe(reply.elapsedTime / 1_000);
    done();
  });
};

const keptFor = ({ method, routeOptions }: FastifyRequest, status: number): Kept => {
  // Without a route, the method is whatever a stranger has sent.
  const route = routeOptions.url ?? 'none';
  const by = routeOptions.url === undefined ? 'any' : method;
  const key = `${by} ${route} ${String(status)}`;
  const found = kept.get(key);
  if (found) return found;
  const child = requests.labels({ method: by, route, status: String(status) });
  const timer = durations.labels({ method: by, route });
  const made: Kept = {
    count: () => {
      child.inc();
    },
    observe: (seconds) => {
      timer.observe(seconds);
    },
  };
  kept.set(key, made);
  return made;
};
