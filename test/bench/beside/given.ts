/** Settings that all programs of the bench share: keys and URLs. */

export const JWT_SECRET = 'a secret that only the bench knows: 32 bytes and more';
/** In the format of SUB_ACCOUNT_KEYS. */
export const SUB_ACCOUNT_KEYS = `bench:${Buffer.alloc(32, 'k').toString('base64')}`;
export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 'w').toString('base64')}`;

/** The default pool size of each program. It is also Ringback's default. */
export const POOL_SIZE = 10;

export interface Given {
  readonly databaseUrl: string;
  readonly providerUrl: string;
  readonly poolSize: number;
}

/** Reads the settings of a program that is compared with Ringback, from its only argument. */
export const readGiven = (): Given => JSON.parse(process.argv[2] ?? '{}') as Given;

/** Prints the line that the bench waits for. Ringback has it in its log. */
export const sayUrl = (url: string): boolean => process.stdout.write(`${JSON.stringify({ url })}\n`);
