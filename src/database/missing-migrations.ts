import type { DataSource } from 'typeorm';
import { hotStatement } from '../postgres/hot-statement.js';

const readApplied = hotStatement<{ name: string }>('applied-migrations', 'select name from migrations');

/** @throws where the database cannot be asked */
export const missingMigrations = async (database: DataSource): Promise<string[]> => {
  const applied = new Set((await readApplied(database, [])).map(({ name }) => name));
  return database.migrations
    .map(({ name, constructor }) => name ?? constructor.name)
    .filter((name) => !applied.has(name));
};
