/** The scripts of deploy/asterisk's container: access, health check, and refusal to start. */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { promisify } from 'node:util';
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';

const run = promisify(execFile);
const missing = await fetchAsterisk();

const SETTINGS = {
  ASTERISK_EXTERNAL_ADDRESS: '192.168.1.20',
  ASTERISK_PASSWORD: 'seventeen-letters',
  DEMO_PHONE_1_PASSWORD: 'another_17_letters',
  DEMO_PHONE_2_PASSWORD: 'exactly16letters',
};

/** The error output of start.sh when it refuses to start. */
const refusalToStart = async (settings: Readonly<Record<string, string>>): Promise<string> => {
  const environment = { PATH: '/usr/bin:/bin', FOLDER: '/nowhere', ...settings };
  const started = run('deploy/asterisk/start.sh', { env: environment });
  return started.then(
    () => {
      throw new Error('it has started');
    },
    (error: unknown) => (error as { stderr: string }).stderr,
  );
};

/** Sends one request from a new port, without a password. */
const replyTo = async (sipPort: number, method: string, to: string): Promise<string> => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  const reply = new Promise<string>((resolve) => {
    socket.once('message', (text) => {
      resolve(text.toString());
    });
  });
  const place = `127.0.0.1:${sipPort}`;
  const request = [
    `${method} sip:${to}@${place} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK-stranger;rport`,
    `From: <sip:1001@${place}>;tag=stranger`,
    `To: <sip:${to}@${place}>`,
    `Call-ID: stranger`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:1001@127.0.0.1>`,
    'Max-Forwards: 70',
    'Content-Length: 0',
  ];
  socket.send(`${request.join('\r\n')}\r\n\r\n`, sipPort, '127.0.0.1');
  try {
    return await reply;
  } finally {
    socket.close();
  }
};

describeOnAsterisk(missing, 'the container of Asterisk', () => {
  let asterisk: Asterisk;

  beforeAll(async () => {
    asterisk = await startAsterisk(SETTINGS);
  });
  afterAll(() => asterisk.remove());

  it('rejects another password on Asterisk’s REST interface, and an INVITE without a password', async () => {
    const authorization = `Basic ${Buffer.from('ringback:another-password-than-that').toString('base64')}`;
    const path = `${asterisk.url}/ari/channels`;
    expect((await fetch(path, { headers: { authorization } })).status).toBe(401);
    expect((await fetch(path)).status).toBe(401);

    expect(await replyTo(asterisk.sipPort, 'INVITE', '600')).toMatch(/^SIP\/2\.0 401 /);
  });

  it('is healthy only while Asterisk runs with all its ports', async () => {
    expect(await asterisk.isHealthy()).toBe(true);
    await asterisk.kill();
    expect(await asterisk.isHealthy()).toBe(false);

    // Asterisk starts even if a port is taken.
    const taken = createSocket('udp4').bind(asterisk.sipPort, '127.0.0.1');
    await asterisk.start();
    expect(await asterisk.isHealthy()).toBe(false);
    await asterisk.kill();
    taken.close();
    await asterisk.start();
    expect(await asterisk.isHealthy()).toBe(true);
  });

  it.each(['ASTERISK_PASSWORD', 'DEMO_PHONE_1_PASSWORD', 'DEMO_PHONE_2_PASSWORD'])(
    'does not start with a missing or weak %s, and does not print the value',
    async (name) => {
      for (const bad of ['', 'too-short', 'has spaces and is long enough', 'ends=in|sed&or;asterisk']) {
        const refusal = await refusalToStart({ ...SETTINGS, [name]: bad });
        expect(refusal).toContain(`${name}: expected at least 16`);
        if (bad !== '') expect(refusal).not.toContain(bad);
        for (const other of Object.keys(SETTINGS)) if (other !== name) expect(refusal).not.toContain(`${other}:`);
      }
    },
  );

  it('does not start without an address for phones, and reports all missing settings at once', async () => {
    expect(await refusalToStart({ ...SETTINGS, ASTERISK_EXTERNAL_ADDRESS: '' })).toContain('ASTERISK_EXTERNAL_ADDRESS');
    expect((await refusalToStart({})).split('\n').filter((line) => line.includes(': '))).toHaveLength(4);
  });
});
