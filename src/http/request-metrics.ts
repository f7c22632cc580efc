/**
 * Counts requests where their responses end, so also those that are answered before Nest sees them. The state poll is
 * answered in 20 µs, of which prom-client's look-up of labels would take three. So each route has plain numbers, which
 * become metrics when they are asked for.
 */
import type { FastifyInstance } from 'fastify';
import { processMetrics, REQUEST_SECONDS } from '../common/metrics.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** A long poll or an event stream: its duration is the client's wish. */
    isWaiting: boolean;
  }
}

interface RouteNumbers {
  readonly labels: { readonly method: string; readonly route: string };
  /** By status. */
  readonly requests: Map<number, number>;
  /** Not cumulative, by the index of REQUEST_SECONDS; the last is beyond all of them. */
  readonly durations: number[];
  durationSum: number;
}

const newNumbers = (method: string, route: string): RouteNumbers => ({
  labels: { method, route },
  requests: new Map(),
  durations: Array.from({ length: REQUEST_SECONDS.length + 1 }, () => 0),
  durationSum: 0,
});

const byRoute = new Map<string, RouteNumbers>();

const numbersOf = (method: string, route: string): RouteNumbers => {
  const key = `${method} ${route}`;
  const numbers = byRoute.get(key) ?? newNumbers(method, route);
  byRoute.set(key, numbers);
  return numbers;
};

/** Call it before the routes are registered. */
export const measureRequests = (server: FastifyInstance): void => {
  server.decorateRequest('isWaiting', false);
  server.addHook('onRoute', (route) => {
    // The routes that refuse all other methods of a path have a list of them, which differs by Node's version.
    const methods = [route.method].flat();
    const numbers = numbersOf(methods.length === 1 ? String(methods[0]) : 'any', route.url);
    route.onResponse = [route.onResponse ?? []].flat().concat((request, reply, done) => {
      count(numbers, reply.statusCode, request.isWaiting ? null : reply.elapsedTime / 1_000);
      done();
    });
  });
  // Without a route, method and path are what a stranger has sent.
  const unknown = numbersOf('any', 'none');
  server.addHook('onResponse', (request, reply, done) => {
    if (request.is404) count(unknown, reply.statusCode, reply.elapsedTime / 1_000);
    done();
  });
};

const count = (numbers: RouteNumbers, status: number, seconds: number | null): void => {
  numbers.requests.set(status, (numbers.requests.get(status) ?? 0) + 1);
  if (seconds === null) return;
  numbers.durationSum += seconds;
  let bucket = 0;
  while (bucket < REQUEST_SECONDS.length && seconds > (REQUEST_SECONDS[bucket] ?? 0)) bucket++;
  numbers.durations[bucket] = (numbers.durations[bucket] ?? 0) + 1;
};

interface Value {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

const requestValues = ({ labels, requests }: RouteNumbers): Value[] =>
  [...requests].map(([status, value]) => ({ labels: { ...labels, status }, value }));

const durationValues = (name: string, { labels, durations, durationSum }: RouteNumbers): Value[] => {
  let sum = 0;
  const cumulative = durations.map((number) => (sum += number));
  if (sum === 0) return [];
  return [
    ...cumulative.map((value, index) => ({
      metricName: `${name}_bucket`,
      labels: { le: REQUEST_SECONDS[index] ?? '+Inf', ...labels },
      value,
    })),
    { metricName: `${name}_sum`, labels, value: durationSum },
    { metricName: `${name}_count`, labels, value: sum },
  ];
};

const REQUESTS = {
  name: 'ringback_http_requests_total',
  help: 'Requests that were answered; an event stream when it ends.',
  type: 'counter',
  labelNames: ['method', 'route', 'status'],
};

const DURATIONS = {
  name: 'ringback_http_request_duration_seconds',
  help: 'Time from the head of a request to the end of its response, without long polls and event streams.',
  type: 'histogram',
  labelNames: ['method', 'route'],
};

/** A registry reads metrics by `get` alone; its types know the classes of prom-client only. */
const register = (metric: typeof REQUESTS, values: (numbers: RouteNumbers) => Value[]): void => {
  const get = () => Promise.resolve({ ...metric, values: [...byRoute.values()].flatMap(values) });
  processMetrics.registerMetric({ ...metric, get } as unknown as Parameters<typeof processMetrics.registerMetric>[0]);
};
register(REQUESTS, requestValues);
register(DURATIONS, (numbers) => durationValues(DURATIONS.name, numbers));
