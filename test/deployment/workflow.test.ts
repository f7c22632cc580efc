/** The GitHub workflow runs the CI script, on each Node version of package.json and .nvmrc. */
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from './repository.js';

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly strategy: { readonly matrix: { readonly node: readonly number[] } };
        readonly container: string;
        readonly steps: readonly { readonly run?: string }[];
      }
    >
  >;
}

const read = (path: string): Promise<string> => readFile(join(REPOSITORY, path), 'utf8');

it('the workflow runs .ci/run on the supported Node versions', async () => {
  const { jobs } = parse(await read('.github/workflows/test.yml')) as Workflow;
  const { engines } = JSON.parse(await read('package.json')) as { engines: { node: string } };
  const { strategy, container, steps } = jobs.test!;

  const [, newest, , oldest] = /^\^(\d+)\.(\d+)\.\d+ \|\| >=(\d+)/.exec(engines.node)!.map(Number);
  expect(strategy.matrix.node[0]).toBe(oldest);
  expect(strategy.matrix.node.at(-1)).toBe(newest);
  expect(container).toBe('node:${{ matrix.node }}-bookworm');
  expect(steps.at(-1)!.run).toBe('.ci/run');
  await access(join(REPOSITORY, '.ci/run'), constants.X_OK);
});

it('.nvmrc and .node-version have the Node version of the image', async () => {
  const [, image] = /^FROM node:(\d+)\./m.exec(await read('Dockerfile'))!;

  expect([await read('.nvmrc'), await read('.node-version')].map((text) => text.trim())).toEqual([image, image]);
});

it('Dependabot checks each kind of dependency that we have', async () => {
  const { updates } = parse(await read('.github/dependabot.yml')) as {
    updates: readonly { 'package-ecosystem': string }[];
  };

  expect(updates.map((update) => update['package-ecosystem'])).toEqual([
    'npm',
    'github-actions',
    'docker',
    'docker-compose',
  ]);
});
