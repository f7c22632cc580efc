import { Global, Module, type DynamicModule } from '@nestjs/common';
import { CONFIG, type Config } from './config.js';

/**
 * Hands the Config that was read at start to whoever injects CONFIG. The command line and the simulator read the environment too,
 * and would wait for NestJS to load if the rest of this folder needed it.
 */
@Global()
@Module({})
export class RingbackConfigModule {
  static with(config: Config): DynamicModule {
    return { module: RingbackConfigModule, providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] };
  }
}
