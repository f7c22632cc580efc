/** test/support/log-watch.ts checks the log of every test's service for secrets. These tests check the log watch itself. */
import { createLogger } from '../../src/common/logger.js';
import { collectedLog } from '../support/collected-log.js';
import { LogWatch } from '../support/log-watch.js';

const SECRET = 'a "secret" of nobody’s';

const watched = (level = 'silent') => {
  const watch = new LogWatch({ JWT_SECRET: SECRET, SUB_ACCOUNT_KEYS: 'one:b25lb25lb25l,two:dHdvdHdvdHdv' });
  const shown = collectedLog();
  return { watch, shown, logger: createLogger('trace', watch.stream(level, shown.stream)) };
};

describe('the log watch', () => {
  it.each([
    ['a setting', { any: `x${SECRET}x` }],
    ['a setting in a list, without its name', { any: 'dHdvdHdvdHdv' }],
    ['a secret that was added later', { error: new Error('it was swordfish!') }],
    ['a token', { path: '/x?eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMDAxIn0.sig' }],
    ['an API key', { reason: `API key rbk_${'x'.repeat(38)} is unknown` }],
    ['the name of a token’s parameter', { path: '/x?access_token=y' }],
  ])('finds %s, even at trace level, and does not print it', (_, line) => {
    const { watch, shown, logger } = watched();
    watch.expect('swordfish');

    logger.trace(line, 'something');

    expect(() => {
      watch.verify();
    }).toThrow(/is in the log: \{"level":10.*something/);
    expect(shown.lines()).toEqual([]);
  });

  it('finds nothing in a harmless line', () => {
    const { watch, logger } = watched();

    logger.info({ callSid: '1'.repeat(32), reason: 'API key rbk_4fT0cAzK… is unknown' }, 'request');

    watch.verify();
  });

  it('passes on lines at the level that a test asks for', () => {
    const { shown, logger } = watched('info');

    logger.debug('no');
    logger.info('yes');

    expect(shown.lines()).toMatchObject([{ msg: 'yes' }]);
  });
});
