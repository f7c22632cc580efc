/**
 * Runs docs/real-phones.md: its settings, its commands and its two phones, with the container's own scripts and
 * configuration. Ports and network of the container engine are not tested.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { carryOut, examplesIn } from '../readme/curl-examples.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import { wereJoined } from './call-detail.js';
import { dialFrom } from './account.js';
import { newPeople, reached } from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import { soundBothWays, writeTone } from './sound.js';

const run = promisify(execFile);
const missing = await fetchAsterisk();
const page = await readFile('docs/real-phones.md', 'utf8');

const shellBlock = (beginning: string): string => {
  const [, text] = new RegExp(`\`\`\`sh\\n(${beginning}[^]*?)\`\`\``).exec(page) ?? [];
  if (text === undefined) throw new Error(`the page has no commands that begin with ${beginning}`);
  return text;
};

/** Reads .env as docker compose does. */
const settingsOf = async (folder: string): Promise<Record<string, string>> => {
  await run('bash', ['-c', shellBlock('cat > .env')], { cwd: folder });
  const text = await readFile(join(folder, '.env'), 'utf8');
  return Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
};

describeOnAsterisk(missing, 'the two phones of docker-compose.yml', () => {
  let folder: string;
  let settings: Record<string, string>;
  let asterisk: Asterisk;
  let service: TestApp;
  const phones: Phone[] = [];

  beforeAll(async () => {
    folder = await mkdtemp('/tmp/page-');
    settings = await settingsOf(folder);
    // A different address of this machine than the one that Asterisk listens on, to check that phones receive it.
    asterisk = await startAsterisk({ ...settings, ASTERISK_EXTERNAL_ADDRESS: '127.0.0.2' });
    service = await startTestApp({
      environment: { ...asterisk.environment, ASTERISK_DIAL: settings.ASTERISK_DIAL ?? '', SWEEP_EVERY: '0.2' },
    });
    // No users at first, as with docker compose.
    await service.database.query('truncate app_user, service_line cascade');
  });
  afterEach(() => Promise.all(phones.splice(0).map((phone) => phone.end())));
  afterAll(async () => {
    await service.close();
    await asterisk.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const accounts = () =>
    [1, 2].map((which) => ({
      at: asterisk,
      name: String(1000 + which),
      password: settings[`DEMO_PHONE_${which}_PASSWORD`] ?? '',
    }));
  const phone = async (habits: Parameters<typeof startPhone>[1]): Promise<Phone> => {
    const one = await startPhone(asterisk.folder, { calls: 100, ...habits });
    phones.push(one);
    return one;
  };
  /** Runs a command of the page, in the container that it names. */
  const inContainer = async (script: string): Promise<string> => {
    const engine = `docker() { case "$*" in
      'compose exec asterisk asterisk '*) shift 4; "$ASTERISK" -C "$CONFIGURATION" "$@" ;;
      'compose exec -T ringback node '*) shift 5; "$NODE" "$@" ;;
      *) echo "not known here: docker $*" >&2; return 1 ;; esac; }`;
    const { stdout } = await run('bash', ['-euc', `${engine}\n${script}`], {
      env: {
        NODE: process.execPath,
        JWT_SECRET: TEST_SECRET,
        ASTERISK: join(asterisk.folder, 'bin/asterisk'),
        CONFIGURATION: join(asterisk.folder, 'etc/asterisk.conf'),
      },
    });
    return stdout.trim();
  };

  it('register with their passwords, over UDP and TCP, and are refused with others', async () => {
    const [one, two] = accounts();
    await phone({ account: one! });
    await phone({ account: { ...two!, transport: 'tcp' } });

    await expect(phone({ account: { ...one!, password: two!.password } })).rejects.toThrow('refused: 401');
    await expect(phone({ account: { ...one!, password: '' } })).rejects.toThrow('refused: 401');
    await expect(phone({ account: { ...one!, name: '1003' } })).rejects.toThrow('refused: 401');
  });

  it('ring one after the other and are connected, by the steps of the page', async () => {
    const [legA, legB] = [
      await phone({ account: accounts()[0]!, sounds: true }),
      await phone({ account: accounts()[1]!, echoes: true, ringMs: 2_000, talkMs: 1_500 }),
    ];
    await waitFor('both to be available', async () => {
      const shown = await inContainer(shellBlock('docker compose exec asterisk'));
      return (shown.match(/ Avail /g) ?? []).length === 2;
    });
    const [ADMIN, TOKEN] = (await inContainer(`${shellBlock('ADMIN=')} echo $ADMIN $TOKEN`)).split(' ');
    const variables: Partial<Record<string, string>> = { ADMIN, TOKEN };

    const examples = examplesIn(page);
    expect(examples).toHaveLength(4);
    for (const example of examples) {
      const body = await carryOut(example, variables, service.url);
      variables.CALLSID ??= /"callSid":"(\d{32})"/.exec(body)?.[1];
    }

    const { endReason } = await reached(service, variables.CALLSID ?? '', '4');
    expect(endReason).toBe('completed');
    expect(await legA.seen()).toEqual(expect.arrayContaining(['INVITE', 'sent 180', 'sent 200', 'BYE']));
    expect(await legB.seen()).toEqual(expect.arrayContaining(['INVITE', 'sent 180', 'sent 200', 'sent BYE']));
    const details = await asterisk.callDetails(variables.CALLSID ?? '');
    expect(wereJoined(details)).toBe(true);
  });

  it('exchange sound, although they receive another address than the one that Asterisk listens on', async () => {
    const [one, two] = accounts();
    await phone({ account: one!, sounds: true });
    const legB = await phone({ account: two!, echoes: true });

    const { callerId, calleeId } = await newPeople(service, '+8613900001001', '+8613900001002');
    const { data } = await service.ask(callerId, `call/${calleeId}`);
    expect(await soundBothWays(asterisk, 2)).toBe(true);

    await service.ask(callerId, `callCancel/${data?.callSid ?? ''}`);
    await reached(service, data?.callSid ?? '', '4');
    const [, invitation] = /(INVITE [^]*?)\n-----/.exec(await legB.messages()) ?? [];
    expect(invitation).toMatch(/^c=IN IP4 127\.0\.0\.2\r?$/m);
    expect(invitation).toMatch(/^Contact: <sip:[^>]*@127\.0\.0\.2:/m);
  });

  it('hear the echo at 600', async () => {
    const tone = join(folder, 'tone.ulaw');
    await writeTone(tone);

    const dialled = dialFrom(accounts()[0]!, '600', folder, tone);
    expect(await soundBothWays(asterisk, 1)).toBe(true);
    await dialled;
  });

  it('get the error of the page when the caller’s phone is not registered', async () => {
    await asterisk.command('database deltree registrar/contact');

    const { callerId, calleeId } = await newPeople(service, '+8613900001001', '+8613900001002');
    const { returnMsg } = await service.ask(callerId, `call/${calleeId}`);
    expect(returnMsg).toMatch(/^呼叫请求的参数有误/);
    expect(page).toContain('| `呼叫请求的参数有误`');
  });
});
