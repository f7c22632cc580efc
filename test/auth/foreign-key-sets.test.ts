/** Any reply of an identity provider as its key set gives a key, a missing key, or 503; never a crash. */
import fc from 'fast-check';
import { errors } from 'jose';
import { PublishedKeys } from '../../src/auth/published-keys.js';
import { AppError } from '../../src/common/error-table.js';
import { createLogger } from '../../src/common/logger.js';
import { NO_PROXIES } from '../../src/common/proxy-rules.js';
import { foreignJson, foreignText } from '../support/foreign-values.js';
import { asJwk, IdentityProvider, makeKey } from '../support/identity-provider.js';

const jwk = await asJwk(await makeKey('ES256', 'one'));
const provider = new IdentityProvider();
let uri: string;
let unhandled: unknown[];
const onUnhandled = (reason: unknown) => unhandled.push(reason);

beforeAll(async () => {
  uri = await provider.listen();
  unhandled = [];
  process.on('unhandledRejection', onUnhandled);
});
afterAll(async () => {
  process.off('unhandledRejection', onUnhandled);
  await provider.close();
});

const key = fc.record(
  Object.fromEntries(
    Object.entries(jwk).map(([name, value]) => [
      name,
      fc.oneof({ weight: 4, arbitrary: fc.constant(value) }, foreignText, fc.jsonValue()),
    ]),
  ),
  { requiredKeys: [] },
);
const body = fc.oneof(
  fc
    .array(fc.oneof({ weight: 3, arbitrary: key }, fc.jsonValue()), { maxLength: 4 })
    .map((keys) => JSON.stringify({ keys })),
  foreignJson({ keys: [jwk] }),
);

it('any reply as a key set gives a key, a missing key, or 503', async () => {
  let found = 0;
  const status = fc.constantFrom(200, 200, 200, 200, 201, 204, 404, 500);
  await fc.assert(
    fc.asyncProperty(status, body, fc.constantFrom('one', 'other', undefined), async (code, text, kid) => {
      provider.replyInstead = (response) => response.writeHead(code).end(code === 204 ? '' : text);
      const keys = new PublishedKeys(uri, NO_PROXIES, createLogger('silent'));
      try {
        await keys.keyFor({ alg: 'ES256', ...(kid !== undefined && { kid }) });
        found += 1;
      } catch (error) {
        const isKnown =
          error instanceof errors.JWKSNoMatchingKey ||
          error instanceof errors.JWKSMultipleMatchingKeys ||
          (error instanceof AppError && error.code === 'UNAVAILABLE');
        if (!isKnown) throw error;
      } finally {
        await keys.onModuleDestroy();
      }
    }),
    // One set in sixteen has the key. Of sixty runs, one in fifty would find none.
    { numRuns: 300 },
  );
  await new Promise((resolve) => setImmediate(resolve));

  expect(unhandled).toEqual([]);
  expect(found).toBeGreaterThan(0);
});
