/** Example requests of a page, in blocks that begin with `$ curl`, and their expected responses. */
export interface Example {
  readonly command: string;
  readonly expected: string;
}

export const examplesIn = (page: string): Example[] =>
  [...page.matchAll(/```console\n\$ (curl .*)\n([^`]*)```/g)].map(([, command = '', expected = '']) => ({
    command,
    expected: expected.trimEnd(),
  }));

/** Parses the few curl options that our pages use. */
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

/** A pattern in which … matches anything. */
const patternOf = (expected: string): RegExp =>
  new RegExp(
    `^${expected
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^]*?')}\\s*$`,
  );

/** Fails if the response differs. @returns the response body */
export const carryOut = async (
  { command, expected }: Example,
  variables: Readonly<Partial<Record<string, string>>>,
  serviceUrl: string,
): Promise<string> => {
  const [url, init] = requestOf(command, variables);
  const response = await fetch(url.replace('http://localhost:3000', serviceUrl), init);
  // CSV has other line ends than our pages.
  const body = (await response.text()).replaceAll('\r\n', '\n');
  expect({ command, body }).toEqual({ command, body: expect.stringMatching(patternOf(expected)) as string });
  return body;
};
