/** The log has the cause of each failed request, once, with the request's id. */
import { Controller, Get, Module, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { ErrorFilter } from '../../src/http/error.filter.js';
import { createLogger } from '../../src/common/logger.js';
import { TimeoutClient } from '../../src/postgres/timeout-client.js';
import { collectedLog } from '../support/collected-log.js';
import { createProxiedDatabase, type ProxiedDatabase } from '../support/proxied-database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const POOL_SIZE = 2;

let database: ProxiedDatabase;
let service: TestApp;
const log = collectedLog();

beforeAll(async () => {
  database = await createProxiedDatabase();
  service = await startTestApp({
    databaseUrl: database.url,
    environment: { LOG_LEVEL: 'info', DATABASE_POOL_SIZE: String(POOL_SIZE), SWEEP_EVERY: '3600' },
    logTo: log.stream,
  });
});
afterAll(async () => {
  database.proxy.mode = 'pass';
  await service.close();
  await database.drop();
});

/** The log lines of a request, once its last line is written. */
const linesOf = async (requestId: string | null) => {
  const lines = () => log.lines().filter((line) => line.requestId === requestId);
  await waitFor('the request’s line', () => lines().some(({ msg }) => msg === 'request'));
  return lines().filter(({ msg }) => msg !== 'request');
};

const appRequest = async () =>
  fetch(`${service.url}/v1/app/callState/${'1'.repeat(32)}?access_token=${await service.token('1001')}`);

describe('a request whose database query fails', () => {
  it('has its cause in the log when no connection of the pool is free', async () => {
    const runners = Array.from({ length: POOL_SIZE }, () => service.database.createQueryRunner());
    await Promise.all(runners.map((runner) => runner.connect()));
    const [admin, app] = await Promise.all([service.admin('GET', 'users'), appRequest()]);
    await Promise.all(runners.map((runner) => runner.release()));

    const error = { message: expect.stringContaining('timeout exceeded when trying to connect') as unknown };
    expect(admin.status).toBe(503);
    expect(await linesOf(admin.headers.get('x-request-id'))).toMatchObject([{ level: 40, code: 'UNAVAILABLE', error }]);
    expect(await linesOf(app.headers.get('x-request-id'))).toMatchObject([{ level: 40, code: 'SYSTEM', error }]);
  });

  it('has its SQLSTATE in the log', async () => {
    await service.database.query('alter table app_user rename to app_user_gone');
    const response = await service.admin('GET', 'users');
    await service.database.query('alter table app_user_gone rename to app_user');

    expect(response.status).toBe(500);
    expect(await linesOf(response.headers.get('x-request-id'))).toMatchObject([
      { level: 50, code: 'INTERNAL', error: { code: '42P01' } },
    ]);
  });

  it('has its cause in the log when the connection to the database is cut', async () => {
    database.proxy.mode = 'cut';
    const response = await service.admin('GET', 'users');
    database.proxy.mode = 'pass';

    expect(response.status).toBe(503);
    expect(await linesOf(response.headers.get('x-request-id'))).toMatchObject([
      { level: 40, code: 'UNAVAILABLE', error: { message: expect.stringMatching(/./) as unknown } },
    ]);
  });
});

describe('a database that cannot be reached', () => {
  let thrown: unknown;
  let nest: NestFastifyApplication;

  @Controller('v1/admin')
  class Failing {
    @Get()
    reply(): void {
      throw thrown;
    }
  }
  @Module({ controllers: [Failing] })
  class FailingModule {}

  beforeAll(async () => {
    nest = await NestFactory.create<NestFastifyApplication>(FailingModule, new FastifyAdapter(), { logger: false });
    nest.useGlobalFilters(new ErrorFilter(createLogger('silent')));
    await nest.listen(0, '127.0.0.1');
  });
  afterAll(() => nest.close());

  const statusOf = async (error: unknown): Promise<number> => {
    thrown = error;
    return (await fetch(`${await nest.getUrl()}/v1/admin`)).status;
  };

  it('gives 503 when all of several hosts are silent', async () => {
    const { host, pathname, username } = new URL(database.url);
    database.proxy.mode = 'silence';
    const error: unknown = await new TimeoutClient({
      connectionString: `postgresql://${username}@${host},${host}${pathname}`,
      connectLimitMs: 100,
    })
      .connect()
      .catch((reason: unknown) => reason);
    database.proxy.mode = 'pass';

    expect(error).toMatchObject({ message: expect.stringMatching(/^none of the hosts can be used/) as unknown });
    expect(await statusOf(error)).toBe(503);
  });

  it.each(['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNREFUSED', '57P01', '08P01'])(
    'gives 503 for %s',
    async (code) => {
      expect(await statusOf(Object.assign(new Error('of the network'), { code }))).toBe(503);
    },
  );

  it('gives 503 for a statement on a lost connection', async () => {
    const client = new TimeoutClient({ connectionString: database.directUrl });
    await client.connect();
    await client.end();

    const error: unknown = await client.query('select 1').catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(Error);
    expect(await statusOf(error)).toBe(503);
  });

  it('is distinguished from a fault of the service', async () => {
    expect(await statusOf(new TypeError('x is not a function'))).toBe(500);
    expect(await statusOf(Object.assign(new Error('no such table'), { code: '42P01' }))).toBe(500);
  });
});

it('an error that is thrown after the reply has begun is in the log', async () => {
  @Controller()
  class Late {
    @Get()
    reply(@Res() reply: FastifyReply): void {
      void reply.send('sent');
      throw new Error('too late');
    }
  }
  @Module({ controllers: [Late] })
  class LateModule {}
  const late = collectedLog();
  const nest = await NestFactory.create<NestFastifyApplication>(LateModule, new FastifyAdapter(), { logger: false });
  nest.useGlobalFilters(new ErrorFilter(createLogger('info', late.stream)));
  await nest.listen(0, '127.0.0.1');

  const response = await fetch(await nest.getUrl());

  expect(await response.text()).toBe('sent');
  await waitFor('the line', () => late.lines().length > 0);
  expect(late.lines()).toMatchObject([
    {
      level: 50,
      msg: 'request failed after its response had begun',
      requestId: 'req-1',
      error: { message: 'too late' },
    },
  ]);
  await nest.close();
});
