import { Module, type DynamicModule } from '@nestjs/common';
import { LOGGER, type Logger } from './logger.js';
import { RecentLines } from './recent-lines.js';

@Module({})
export class LoggerModule {
  static with(logger: Logger, recent: RecentLines): DynamicModule {
    return {
      module: LoggerModule,
      global: true,
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: RecentLines, useValue: recent },
      ],
      exports: [LOGGER, RecentLines],
    };
  }
}
