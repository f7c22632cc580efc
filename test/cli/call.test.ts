import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endOf, startProgram } from '../support/node-process.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { call } from './ringing.js';

const USAGE = /^Usage: npm run call -- <userId> .*\n(?:(?: .*|Exit status:)?\n)+$/;

describe('npm run call', () => {
  let dataDir: string;
  let service: TestApp;
  /** The service's port and secret. */
  let environment: Record<string, string>;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ringback call '));
    await writeFile(join(dataDir, 'jwt-secret'), TEST_SECRET);
    service = await startTestApp({ environment: { SIMULATOR_SPEED: '10' } });
    environment = { DATA_DIR: dataDir, PORT: new URL(service.url).port };
  });

  afterAll(async () => {
    await service.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const recordOf = async (output: string): Promise<unknown> => {
    const [callSid = ''] = /\d{32}/.exec(output) ?? [];
    return (await service.admin('GET', `calls/${callSid}`)).json();
  };

  it('calls a user, and ends when the call is over', async () => {
    const { code, output, complaint } = await endOf(
      startProgram(['npm', 'run', '-s', 'call', '--', '2000'], { environment }),
    );

    expect([code, complaint]).toEqual([0, '']);
    expect(output).toMatch(/^Call \d{32}\n.* over \(completed\)\n$/);
    expect(await recordOf(output)).toMatchObject({ callerId: '1001', calleeId: '2000', endReason: 'completed' });
  });

  it('calls customer service on behalf of another user', async () => {
    const { code, output } = await call(['--service', '--as', '1004'], environment);

    expect([code, output]).toEqual([0, expect.stringMatching(/ over \(completed\)\n$/)]);
    expect(await recordOf(output)).toMatchObject({ callerId: '1004', calleeId: null, endReason: 'completed' });
  });

  it.each(['', '/'])('uses the given URL and token, with "%s" at the URL’s end', async (end) => {
    const options = ['2001', '--url', service.url + end, '--token', await service.token('1005')];

    const { code, output } = await call(options, { DATA_DIR: '/nowhere' });

    expect([code, output]).toEqual([3, expect.stringMatching(/over \(busy\)\n$/)]);
  });

  it.each([
    ['2006', '400 呼叫请求的参数有误,请联系管理员! (BAD_CALL_PARAMETERS)\n'],
    ['2000 --as 1002', '400 用户未绑定手机号,请手动拨打010-56469588! (CALLER_HAS_NO_PHONE)\n'],
    [
      '2000 --token forged',
      '401 A valid access token is required. The token is malformed, or its signature cannot be verified.\n',
    ],
  ])('prints the service’s error for %s', async (options, complaint) => {
    expect(await call(options.split(' '), environment)).toEqual({ code: 1, output: '', complaint });
  });

  it.each([[[]], [['2000', '--service']], [['--loud', '2000']]])(
    'prints its usage on stderr for %j',
    async (options) => {
      const { code, output, complaint } = await call(options, environment);

      expect([code, output]).toEqual([2, '']);
      expect(complaint).toMatch(USAGE);
    },
  );

  it.each([[['--help']], [['-h']], [['2000', '--help']]])('prints its usage on stdout for %j', async (options) => {
    const { code, output, complaint } = await call(options, { PORT: 'not even looked at' });

    expect([code, complaint]).toEqual([0, '']);
    expect(output).toMatch(USAGE);
  });

  it('requires --url when PORT is 0', async () => {
    expect(await call(['2000'], { ...environment, PORT: '0' })).toEqual({
      code: 1,
      output: '',
      complaint: 'PORT is 0, a free one: pass --url, which Ringback prints when it starts.\n',
    });
  });

  it('prints an error when nothing listens at the URL', async () => {
    const unused = createServer().listen(0, '127.0.0.1');
    await once(unused, 'listening');
    const { port } = unused.address() as AddressInfo;
    await new Promise((resolve) => unused.close(resolve));

    const { code, complaint } = await call(['2000'], { ...environment, PORT: String(port) });

    expect([code, complaint]).toEqual([1, `Nothing answers at http://127.0.0.1:${port}. Is it running? npm start\n`]);
  });

  it('prints an error when another program listens at the URL', async () => {
    const other = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const { code, complaint } = await call(['2000'], { ...environment, PORT: String(port) });

      expect([code, complaint]).toEqual([1, `What answers at http://127.0.0.1:${port} is not Ringback.\n`]);
    } finally {
      other.close();
    }
  });

  it.each([
    ['no secret', { DATA_DIR: '/nowhere' }, /^There is no secret in \/nowhere yet.*\n$/],
    [
      'tokens that are signed elsewhere',
      { JWT_JWKS_URI: 'http://127.0.0.1:1/', JWT_AUDIENCE: 'ringback' },
      /^Tokens are signed elsewhere.*\n$/,
    ],
  ])('prints one sentence and refuses with %s', async (_what, more, expected) => {
    const { code, output, complaint } = await call(['2000'], { ...environment, ...more });

    expect([code, output]).toEqual([1, '']);
    expect(complaint).toMatch(expected);
  });
});
