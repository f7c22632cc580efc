import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { ACCESS, type Access } from '../../src/auth/access.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

interface Route {
  readonly name: string;
  readonly access: Access | undefined;
}

/** What each handler says, or its class. */
const routes = (): Route[] =>
  [...service.app.nest.get(ModulesContainer).values()]
    .flatMap((module) => [...module.controllers.values()])
    .flatMap(({ metatype }) => {
      const controller = metatype as Type<unknown>;
      const handlers = Object.getOwnPropertyDescriptors(controller.prototype as object);
      return Object.values(handlers)
        .map(({ value }): unknown => value)
        .filter((value) => typeof value === 'function' && Reflect.hasMetadata(METHOD_METADATA, value))
        .map((handler) => ({
          name: [
            RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler as object) as number],
            [controller, handler].map((part) => Reflect.getMetadata(PATH_METADATA, part as object) as string).join('/'),
          ].join(' '),
          access: (Reflect.getMetadata(ACCESS, handler as object) ?? Reflect.getMetadata(ACCESS, controller)) as
            Access | undefined,
        }));
    });

describe('who may call a route', () => {
  it('is stated by every route', () => {
    expect(routes().length).toBeGreaterThan(8);
    expect(routes().filter(({ access }) => access === undefined)).toEqual([]);
  });

  it('is anybody for these routes alone', () => {
    const open = routes().filter(({ access }) => access === 'public');

    expect(open.map(({ name }) => name).sort()).toEqual([
      'GET health/live',
      'GET health/ready',
      'POST v1/webhooks/:provider',
    ]);
  });

  it('is an admin for everything under /v1/admin, and a user for everything under /v1/app', () => {
    for (const { name, access } of routes()) {
      if (name.includes(' v1/admin')) expect({ name, access }).toEqual({ name, access: 'admin' });
      if (name.includes(' v1/app')) expect({ name, access }).toEqual({ name, access: 'user' });
    }
  });

  it('is refused to a user without the scope, in RFC 9457', async () => {
    const token = await service.token('1001');

    const response = await fetch(`${service.url}/v1/admin/users`, { headers: { authorization: `Bearer ${token}` } });

    expect(response.status).toBe(403);
    expect(response.headers.get('content-type')).toMatch('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  });

  it('takes the scope among others', async () => {
    const token = await service.token('1001', 'calls:read admin');

    const response = await fetch(`${service.url}/v1/admin/users`, { headers: { authorization: `Bearer ${token}` } });

    expect(response.status).toBe(200);
  });
});
