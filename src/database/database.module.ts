import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG, type Config } from '../config/config.js';
import { dataSourceOptions } from './data-source-options.js';

@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [CONFIG],
      useFactory: ({ databaseUrl, databasePoolSize }: Config) => ({
        ...dataSourceOptions(databaseUrl ?? '', databasePoolSize),
        // The process manager restarts the service.
        retryAttempts: 0,
      }),
    }),
  ],
})
export class DatabaseModule {}
