import { setTimeout as sleep } from 'node:timers/promises';
import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { DataSource } from 'typeorm';
import { openAdminPort } from './http/admin-port.js';
import { serveApiDocument } from './http/api-document.js';
import { AppModule } from './app.module.js';
import { limitReadsOfAdmins } from './auth/admin-reads.js';
import { Authentication, authenticateRequests } from './auth/authentication.js';
import { limitRates } from './auth/request-rates.js';
import { limitRequestsOfUsers } from './auth/user-requests.js';
import { startCounting } from './call/end-metrics.js';
import { BlockedUsers, refuseBlockedUsers } from './call/updates/blocked-users.js';
import { ExternalIds, resolveExternalIds } from './call/updates/external-ids.js';
import { StateCache } from './call/updates/state-cache.js';
import { answerPollsFromMemory } from './call/updates/state-poll.js';
import { Draining } from './common/draining.js';
import { ErrorFilter } from './http/error.filter.js';
import { AppError, type Fault } from './common/error-table.js';
import { nestLogger, type Logger } from './common/logger.js';
import { RecentLines } from './common/recent-lines.js';
import { urlOf } from './common/reachable-url.js';
import type { Config } from './config/config.js';
import { DeliveryWorker } from './delivery/delivery-worker.js';
import { OUTGOING_WEBHOOKS } from './delivery/outgoing-webhook.openapi.js';
import { serveDesk } from './desk/desk-pages.js';
import { openMetricsPort } from './metrics/metrics-port.js';
import { ServiceGauges } from './metrics/service-gauges.js';
import { serveFrontPage } from './http/front-page.js';
import { maskNumbers } from './http/masked-responses.js';
import { writeInTurns } from './http/responses-in-turns.js';
import { createHttpServer } from './http/http-server.js';
import { collectRoutes } from './http/served-methods.js';
import { ProviderRegistry } from './telephony/provider-registry.js';

/** Time limit for requests in flight at shutdown; a dial takes up to DIAL_TIMEOUT. Orchestrators wait 10 s or more. */
const FINISH_LIMIT_MS = 7_000;

export interface App {
  readonly nest: NestFastifyApplication;
  /** The names of the configured providers. */
  readonly providers: readonly string[];
  /** Starts to listen. @returns the URL of the service on this machine */
  listen(): Promise<string>;
  /**
   * The URL of the port with the admin API and Swagger UI; the same as `listen` returned, unless ADMIN_PORT is set.
   * Empty before `listen`.
   */
  readonly adminUrl: string;
  /** The URL of the metrics; null before `listen`, and if they are not served. */
  readonly metricsUrl: string | null;
  /**
   * Readiness returns 503 and everything else works, so that load balancers can send their requests elsewhere for that
   * long.
   */
  leave(milliseconds: number): Promise<void>;
  /** Finishes the requests in flight, refuses new ones, then releases all resources. */
  close(): Promise<void>;
}

/**
 * The whole service, not listening yet. Used by main and by the tests.
 * @param config with a databaseUrl, a key for tokens and keys for secrets
 * @param recent what the logger's lines about calls are kept in
 */
export const createApp = async (config: Config, logger: Logger, recent = new RecentLines()): Promise<App> => {
  const draining = new Draining();
  const adapter = createHttpServer(config, logger, draining);
  const server = adapter.getInstance<FastifyInstance>();
  const adminPort = openAdminPort(server, config, draining);
  const routes = collectRoutes(server);
  const nest = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(config, { logger, recent }, draining),
    adapter,
    {
      bodyParser: false,
      abortOnError: false,
      logger: nestLogger(logger),
    },
  );
  nest.useGlobalFilters(new ErrorFilter(logger));
  nest.useGlobalPipes(validation());
  if (config.apiDocs) serveApiDocument(nest, OUTGOING_WEBHOOKS);
  const isDeskServed = config.desk && serveDesk(server, logger);
  serveFrontPage(server, { desk: isDeskServed, apiPage: config.apiDocs });
  authenticateRequests(server, nest.get(Authentication));
  maskNumbers(server);
  writeInTurns(server);
  resolveExternalIds(server, nest.get(ExternalIds));
  refuseBlockedUsers(server, nest.get(BlockedUsers));
  limitRates(server, config);
  answerPollsFromMemory(server, nest.get(StateCache));
  limitRequestsOfUsers(server);
  limitReadsOfAdmins(server);
  await nest.init();
  routes.refuseOtherMethods();
  await server.ready();
  let adminUrl = '';
  let metricsUrl: string | null = null;
  const providers = nest.get(ProviderRegistry).all.map(({ name }) => name);
  providers.forEach(startCounting);
  const gauges = new ServiceGauges(nest.get(DataSource), providers, logger);
  const metricsPort = openMetricsPort(config, logger, draining, () => gauges.text());
  return {
    nest,
    providers,
    async listen() {
      // Not Nest's own listen, which logs its errors.
      await server.listen({ port: config.port, host: config.host });
      const url = urlOf(server.server);
      adminUrl = adminPort ? await adminPort.listen() : url;
      metricsUrl = await metricsPort.listen();
      nest.get(DeliveryWorker).start();
      return url;
    },
    get adminUrl() {
      return adminUrl;
    },
    get metricsUrl() {
      return metricsUrl;
    },
    async leave(milliseconds) {
      draining.announce();
      await sleep(milliseconds);
    },
    async close() {
      await draining.finish(FINISH_LIMIT_MS);
      await metricsPort.close();
      await nest.close();
    },
  };
};

/** Refuses unknown fields in our own JSON (design rule 9), and reports all faults. */
const validation = (): ValidationPipe =>
  new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    exceptionFactory: (errors) => new AppError('BAD_REQUEST', { faults: faultsOf(errors, '') }),
  });

const faultsOf = (errors: readonly ValidationError[], parent: string): Fault[] =>
  errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const where = `${parent}/${property}`;
    return [...Object.values(constraints).map((what) => ({ where, what })), ...faultsOf(children, where)];
  });
