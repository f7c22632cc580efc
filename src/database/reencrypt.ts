/**
 * `npm run reencrypt`: the second-last step of replacing a key (docs/operations.md, "Keys for secrets"). Runs beside a
 * running service.
 */
import { DataSource } from 'typeorm';
import { takeNoArguments } from '../common/usage.js';
import { directUrlOf } from '../config/config.js';
import { readEnvironment } from '../config/environment.js';
import type { KeyRing } from '../config/key-ring.js';
import { dataSourceOptions } from './data-source-options.js';
import { reencryptSecrets, type Reencrypted } from '../directory/reencryption.js';

const told = ({ done, left, unreadable }: Reencrypted, keys: KeyRing): string[] => [
  `Re-encrypted: ${done}, under the key ${keys[0].name}.`,
  ...left.map(({ keyName, count }) =>
    keyName === null || keys.some(({ name }) => name === keyName)
      ? `Left: ${count} ${keyName === null ? 'not encrypted' : `under the key ${keyName}`}; in use just now, or unreadable.`
      : `Left: ${count} under the key ${keyName}, which SUB_ACCOUNT_KEYS does not hold.`,
  ),
  ...unreadable,
];

const USAGE = `Usage: npm run reencrypt
  Encrypts the secrets in DATABASE_URL under the first key of SUB_ACCOUNT_KEYS. Exit status 1: some are left.`;

const main = async (): Promise<void> => {
  takeNoArguments(USAGE);
  const config = readEnvironment();
  const { databaseUrl, subAccountKeys: keys } = config;
  if (!databaseUrl || !keys) throw new Error('DATABASE_URL: required; the embedded default does this when it starts');
  const database = await new DataSource(dataSourceOptions(directUrlOf(config), 1)).initialize();
  try {
    const outcome = await reencryptSecrets(database, keys);
    process.stdout.write(`${told(outcome, keys).join('\n')}\n`);
    if (outcome.left.length > 0) process.exitCode = 1;
  } finally {
    await database.destroy();
  }
};

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
