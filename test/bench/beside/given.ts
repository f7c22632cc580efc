/** What every program in the bench is told alike: keys, and where the others are. */

export const JWT_SECRET = 'a secret that only the bench knows: 32 bytes and more';
/** As SUB_ACCOUNT_KEYS would have it. */
export const SUB_ACCOUNT_KEYS = `bench:${Buffer.alloc(32, 'k').toString('base64')}`;
export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 'w').toString('base64')}`;

/** The pool of each of them, where a work has no other; ours is so large by default. */
export const POOL_SIZE = 10;

export interface Given {
  readonly databaseUrl: string;
  readonly providerUrl: string;
  readonly poolSize: number;
}

/** Of a program that is compared with us; it comes as the only argument. */
export const readGiven = (): Given => JSON.parse(process.argv[2] ?? '{}') as Given;

/** The one line that the bench waits for; ours says it in its log. */
export const sayUrl = (url: string): boolean => process.stdout.write(`${JSON.stringify({ url })}\n`);
