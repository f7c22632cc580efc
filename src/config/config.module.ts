import { Global, Module, type DynamicModule } from '@nestjs/common';
import { CONFIG, type Config } from './config.js';

/**
 * Provides the Config that was read at start. The command-line tools and the simulator read the environment too. They
 * must not load NestJS, so only this file of the folder imports it.
 */
@Global()
@Module({})
export class RingbackConfigModule {
  static with(config: Config): DynamicModule {
    return { module: RingbackConfigModule, providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] };
  }
}
