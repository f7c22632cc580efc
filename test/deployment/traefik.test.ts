/**
 * The files for Traefik, which no package has here, so they are only read. When they were written, they fitted the JSON schemas
 * of its configuration (SchemaStore, traefik-v3 and traefik-v3-file-provider).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/config.js';
import { startTestApp } from '../support/test-app.js';
import { REPOSITORY } from './repository.js';

type Named<T> = Readonly<Record<string, T>>;

interface StartFile {
  readonly entryPoints: Named<{
    readonly transport: {
      readonly respondingTimeouts: { readonly readTimeout: string; readonly writeTimeout: string };
    };
  }>;
  readonly certificatesResolvers: Named<unknown>;
  readonly providers: { readonly file: { readonly filename: string } };
  readonly accessLog: { readonly format: string; readonly fields: { readonly names: Named<string> } };
}

interface RoutingFile {
  readonly http: {
    readonly routers: Named<{
      readonly entryPoints: readonly string[];
      readonly middlewares: readonly string[];
      readonly service: string;
      readonly tls: { readonly certResolver: string };
    }>;
    readonly middlewares: Named<Named<unknown>>;
    readonly services: Named<{
      readonly loadBalancer: {
        readonly serversTransport: string;
        readonly healthCheck: { readonly path: string; readonly interval: string; readonly timeout: string };
      };
    }>;
    readonly serversTransports: Named<{
      readonly forwardingTimeouts: { readonly responseHeaderTimeout: string; readonly idleConnTimeout: string };
    }>;
  };
}

const read = async <T>(name: string): Promise<T> =>
  parse(await readFile(join(REPOSITORY, 'deploy/traefik', name), 'utf8')) as T;

const start = await read<StartFile>('traefik.yml');
const { http } = await read<RoutingFile>('ringback.yml');
const router = http.routers.ringback!;
const { loadBalancer } = http.services[router.service]!;
const { forwardingTimeouts } = http.serversTransports[loadBalancer.serversTransport]!;

const secondsIn = (duration: string): number => Number(/^(\d+)s$/.exec(duration)?.[1]);

it('the files name only what they define', () => {
  expect(router.entryPoints).toEqual(Object.keys(start.entryPoints));
  expect(router.middlewares).toEqual(Object.keys(http.middlewares));
  expect([router.service]).toEqual(Object.keys(http.services));
  expect([loadBalancer.serversTransport]).toEqual(Object.keys(http.serversTransports));
  expect([router.tls.certResolver]).toEqual(Object.keys(start.certificatesResolvers));
  expect(start.providers.file.filename).toBe('/etc/traefik/ringback.yml');
});

it('nothing holds back the events of a stream, and no time-out ends it', () => {
  const kinds = Object.values(http.middlewares).flatMap((middleware) => Object.keys(middleware));
  expect(kinds).toEqual(['headers', 'retry']);
  expect(start.entryPoints.websecure!.transport.respondingTimeouts.writeTimeout).toBe('0s');
});

it('the time-outs and the health check fit the service', async () => {
  const service = await startTestApp();
  try {
    const { keepAliveTimeout, requestTimeout } = service.app.nest.getHttpServer();
    const { readTimeout } = start.entryPoints.websecure!.transport.respondingTimeouts;
    expect(secondsIn(forwardingTimeouts.idleConnTimeout) * 1_000).toBeLessThan(keepAliveTimeout);
    expect(secondsIn(readTimeout) * 1_000).toBeGreaterThan(requestTimeout);
    // The longest long poll.
    expect(secondsIn(forwardingTimeouts.responseHeaderTimeout)).toBeGreaterThan(60);
    const { path, interval, timeout } = loadBalancer.healthCheck;
    expect((await fetch(service.url + path)).status).toBe(200);
    expect(secondsIn(interval) + secondsIn(timeout)).toBeLessThan(readConfig({}).drainSeconds);
  } finally {
    await service.close();
  }
});

it('the access log has no token and no secret of a path', () => {
  // Only this format obeys `fields`.
  expect(start.accessLog.format).toBe('json');
  expect(start.accessLog.fields.names).toEqual({ RequestPath: 'drop', RequestLine: 'drop' });
});
