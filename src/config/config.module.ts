import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, registerAs } from '@nestjs/config';
import type { Config } from './config.js';

/** Hands the Config that was read at start to whoever injects CONFIG. */
@Module({})
export class RingbackConfigModule {
  static with(config: Config): DynamicModule {
    return {
      module: RingbackConfigModule,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          load: [registerAs('ringback', () => config)],
        }),
      ],
    };
  }
}
