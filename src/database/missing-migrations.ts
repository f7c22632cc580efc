import type { DataSource } from 'typeorm';
import { preparedStatement } from '../postgres/prepared-statement.js';

const readApplied = preparedStatement<{ name: string }>('applied-migrations', 'select name from migrations');

/** @throws where the database cannot be asked */
export const missingMigrations = async (database: DataSource): Promise<string[]> => {
  const applied = new Set((await readApplied(database, [])).map(({ name }) => name));
  return database.migrations
    .map(({ name, constructor }) => name ?? constructor.name)
    .filter((name) => !applied.has(name));
};
