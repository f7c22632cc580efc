/** The programs of docs/clients.md run against the service, each if its language is installed. */
import { createHmac } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { endOf, REPOSITORY, startProgram } from '../support/node-process.js';
import { noteSkipped } from '../support/skipped.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Language {
  readonly command: readonly [string, ...string[]];
  readonly version: string;
  readonly package: string;
  readonly call: string;
  readonly verify: string;
}

const LANGUAGES: Readonly<Record<string, Language>> = {
  Python: { command: ['python3'], version: '--version', package: 'python3', call: 'call.py', verify: 'verify.py' },
  PHP: { command: ['php'], version: '--version', package: 'php-cli', call: 'call.php', verify: 'verify.php' },
  Java: { command: ['java'], version: '--version', package: 'default-jdk', call: 'Call.java', verify: 'Verify.java' },
  Go: { command: ['go', 'run'], version: 'version', package: 'golang', call: 'call.go', verify: 'verify.go' },
};

const SECRET = `whsec_${Buffer.alloc(24, 's').toString('base64')}`;
const BODY = JSON.stringify({ type: 'call.over', data: { metadata: { ticket: '张三' } } });

let service: TestApp;
let folder: string;

beforeAll(async () => {
  service = await startTestApp();
  folder = await mkdtemp(join(tmpdir(), 'ringback-programs-'));
  const page = await readFile(join(REPOSITORY, 'docs/clients.md'), 'utf8');
  for (const [, name = '', code = ''] of page.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)) {
    await writeFile(join(folder, name), code.replace('http://localhost:3000', service.url));
  }
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await service.close();
});

const isInstalled = (name: string, { command, version, package: debian }: Language): boolean => {
  try {
    execFileSync(command[0], [version], { stdio: 'ignore' });
    return true;
  } catch {
    noteSkipped(`the ${name} programs of docs/clients.md`, `there is no ${command[0]}`, `apt-get install ${debian}`);
    return false;
  }
};

for (const [name, language] of Object.entries(LANGUAGES)) {
  (isInstalled(name, language) ? describe : describe.skip)(name, () => {
    const start = (file: string, options: readonly string[], environment: Readonly<Record<string, string>>) =>
      startProgram([...language.command, join(folder, file), ...options], {
        environment: { GOCACHE: join(folder, 'go'), ...environment },
      });

    const verdictOn = async (sent: { readonly at?: Date; readonly body?: string; readonly secret?: string }) => {
      const { at = new Date(), body = BODY, secret = SECRET } = sent;
      const headers = [
        'message-1',
        String(Math.floor(at.getTime() / 1_000)),
        new Webhook(secret).sign('message-1', at, BODY),
      ];
      const program = start(language.verify, headers, { WEBHOOK_SECRET: SECRET });
      program.stdin?.end(body);
      return endOf(program);
    };

    it('places a call and follows it to its end', async () => {
      const API_KEY = await service.token('9001', 'calls:write');
      const { code, output, complaint } = await endOf(start(language.call, [], { API_KEY }));

      expect([code, complaint]).toEqual([0, '']);
      const types = output
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]);
      expect(types).toEqual(['call.requested', 'call.ringing', 'call.answered', 'call.over']);
    });

    it('accepts a genuine webhook', async () => {
      const { code, output } = await verdictOn({});

      expect([code, output.trim()]).toEqual([0, expect.stringMatching(/^(call\.over|genuine)$/)]);
    });

    it.each([
      ['with another body', { body: BODY.replace('over', 'ringing') }, /forged/],
      ['of another secret', { secret: `whsec_${Buffer.alloc(24, 'o').toString('base64')}` }, /forged/],
      ['that is old', { at: new Date(Date.now() - 310_000) }, /too old/],
    ])('refuses a webhook %s', async (_, sent, reason) => {
      const { code, output, complaint } = await verdictOn(sent);

      expect(code).not.toBe(0);
      expect(output + complaint).toMatch(reason);
    });

    it('refuses every webhook without a secret of its own, also one that an empty key has signed', async () => {
      const timestamp = String(Math.floor(Date.now() / 1_000));
      const signature = createHmac('sha256', '').update(`message-1.${timestamp}.${BODY}`).digest('base64');
      const program = start(language.verify, ['message-1', timestamp, `v1,${signature}`], { WEBHOOK_SECRET: '' });
      program.stdin?.end(BODY);

      const { code, output } = await endOf(program);

      expect([code === 0, output]).toEqual([false, '']);
    });
  });
}
