import { RequestMethod, type INestApplication, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import type { Access } from '../../src/auth/access.js';

export interface Route {
  readonly method: string;
  /** Such as `v1/app/call/:targetId`. */
  readonly path: string;
  readonly access: Access | undefined;
}

/** Every route that Nest serves, found by reflection on its modules. */
export const routesOf = (nest: INestApplication): Route[] =>
  [...nest.get(ModulesContainer).values()]
    .flatMap((module) => [...module.controllers.values()])
    .flatMap(({ metatype }) => {
      const controller = metatype as Type<unknown>;
      const handlers = Object.getOwnPropertyDescriptors(controller.prototype as object);
      return Object.values(handlers)
        .map(({ value }): unknown => value)
        .filter((value) => typeof value === 'function' && Reflect.hasMetadata(METHOD_METADATA, value))
        .map((handler) => ({
          method: RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler as object) as number] ?? '',
          path: [controller, handler]
            .map((part) => Reflect.getMetadata(PATH_METADATA, part as object) as string)
            .filter((part) => part !== '/')
            .join('/'),
          access: (
            Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler as object) as { access?: Access } | undefined
          )?.access,
        }));
    });
