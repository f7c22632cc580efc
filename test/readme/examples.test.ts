/** The README's examples, executed as they stand: what it promises to a reader who copies and pastes is true. */
import { readFile } from 'node:fs/promises';
import { NameResolver } from '../../src/delivery/name-resolver.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Example {
  readonly command: string;
  readonly expected: string;
}

const examplesIn = (readme: string): Example[] =>
  [...readme.matchAll(/```console\n\$ (curl .*)\n([^`]*)```/g)].map(([, command = '', expected = '']) => ({
    command,
    expected: expected.trimEnd(),
  }));

/** The few words of curl that the README uses. */
const requestOf = (command: string, variables: Readonly<Partial<Record<string, string>>>): [string, RequestInit] => {
  const filled = command.replace(/\$([A-Z]+)/g, (_, name: string) => variables[name] ?? '');
  const words = [...filled.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
  const headers: Record<string, string> = {};
  const init: RequestInit = { headers };
  let url = '';
  for (let i = 1; i < words.length; i++) {
    const word = words[i] ?? '';
    const next = (): string => words[++i] ?? '';
    if (word === '-X') init.method = next();
    else if (word === '-d') init.body = next();
    else if (word === '-H') {
      const [name = '', value = ''] = next().split(': ');
      headers[name] = value;
    } else if (word !== '-N') url = word;
  }
  return [url, init];
};

/** As a pattern in which … stands for anything. */
const patternOf = (expected: string): RegExp =>
  new RegExp(
    `^${expected
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^]*?')}\\s*$`,
  );

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { SIMULATOR_SPEED: '20' } });
  // A test needs no Internet: the example's endpoint has an address, and no call is placed while it is registered.
  Object.assign(service.app.nest.get(NameResolver), { addressesOf: async () => ['93.184.215.14'] });
});
afterAll(() => service.close());

it('every example of the README does what it says', async () => {
  const examples = examplesIn(await readFile('README.md', 'utf8'));
  const variables: Partial<Record<string, string>> = {
    TOKEN: await service.token('1001'),
    ADMIN: await service.token('1001', 'admin'),
  };

  expect(examples.length).toBeGreaterThanOrEqual(8);
  for (const { command, expected } of examples) {
    const [url, init] = requestOf(command, variables);
    const response = await fetch(url.replace('http://localhost:3000', service.url), init);
    const body = await response.text();
    expect({ command, body }).toEqual({ command, body: expect.stringMatching(patternOf(expected)) as string });
    variables.CALLSID ??= /"callSid":"(\d{32})"/.exec(body)?.[1] ?? '';
    variables.ENDPOINT ??= /^{"id":"(\d+)","url"/.exec(body)?.[1];
  }
});
