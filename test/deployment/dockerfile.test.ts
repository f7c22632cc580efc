import { execFileSync } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DockerfileParser, type Dockerfile, type ImageTemplate, type Instruction } from 'dockerfile-ast';
import { isIgnored, readIgnoreRules } from './docker-ignore.js';
import { REPOSITORY } from './repository.js';

describe('the Dockerfile', () => {
  let dockerfile: Dockerfile;
  let lastStage: ImageTemplate;

  const keyword = (name: string): Instruction[] =>
    lastStage.getInstructions().filter((one) => one.getKeyword() === name);

  beforeAll(async () => {
    dockerfile = DockerfileParser.parse(await readFile(join(REPOSITORY, 'Dockerfile'), 'utf8'));
    lastStage = dockerfile.getContainingImage(dockerfile.getFROMs().at(-1)!.getRange().start)!;
  });

  it('builds in one stage and runs in another', () => {
    const stages = dockerfile.getFROMs();

    expect(stages.length).toBeGreaterThan(1);
    expect(keyword('RUN')).toEqual([]);
    const copied = lastStage.getCOPYs().map((copy) => copy.getFromFlag()?.getValue());
    expect(new Set(copied)).toEqual(new Set([stages[0]?.getBuildStage()]));
  });

  it('pins every base image by minor version', () => {
    for (const from of dockerfile.getFROMs()) expect(from.getImageTag()).toMatch(/^24\.\d+-\w+-slim$/);
  });

  it('runs as a non-root user, without a shell that would intercept signals', () => {
    const users = keyword('USER').map((user) => user.getArgumentsContent());
    const [command, ...others] = lastStage.getCMDs();

    expect(users).toEqual(['node']);
    expect(others).toEqual([]);
    expect(command?.getJSONStrings().map((part) => part.getJSONValue())).toEqual(['node', 'dist/src/main.js']);
    expect(keyword('STOPSIGNAL').map((signal) => signal.getArgumentsContent())).toEqual(['SIGTERM']);
  });

  it('has a health check, and exposes the port', () => {
    expect(dockerfile.getHEALTHCHECKs()).toHaveLength(1);
    expect(dockerfile.getHEALTHCHECKs()[0]?.getSubcommand()?.getValue()).toBe('CMD');
    expect(keyword('EXPOSE').map((port) => port.getArgumentsContent())).toEqual(['3000']);
  });

  it('has threads for many names that no name server answers, as npm start has', async () => {
    const { scripts } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')) as {
      scripts: { start: string };
    };
    const threadsOf = (given: object): string =>
      execFileSync('sh', ['-c', scripts.start.replace(/node .*/, 'printenv UV_THREADPOOL_SIZE')], {
        env: { PATH: '/usr/bin:/bin', ...given },
        encoding: 'utf8',
      }).trim();

    const ofImage = dockerfile.getENVs().flatMap((env) => env.getProperties());
    expect(ofImage.find((one) => one.getName() === 'UV_THREADPOOL_SIZE')?.getValue()).toBe('64');
    expect(threadsOf({})).toBe('64');
    expect(threadsOf({ UV_THREADPOOL_SIZE: '8' })).toBe('8');
  });

  it('contains no secret and no ARG or ADD', () => {
    expect(dockerfile.getInstructions().filter((one) => ['ARG', 'ADD'].includes(one.getKeyword()))).toEqual([]);
    for (const variable of dockerfile.getENVs().flatMap((env) => env.getProperties())) {
      expect(variable.getName()).not.toMatch(/SECRET|PASSWORD|TOKEN|KEY|URL/);
    }
  });

  it('copies only existing files that .dockerignore includes', async () => {
    const rules = await readIgnoreRules();
    const sources = dockerfile
      .getCOPYs()
      .filter((copy) => !copy.getFromFlag())
      .flatMap((copy) => copy.getArguments().slice(0, -1))
      .map((argument) => argument.getValue());

    expect(sources).toContain('src');
    for (const source of sources) {
      await expect(access(join(REPOSITORY, source))).resolves.toBeUndefined();
      expect([source, isIgnored(source, rules)]).toEqual([source, false]);
    }
  });
});

describe('.dockerignore', () => {
  it.each(['node_modules/pg/package.json', 'dist/src/main.js', 'data/jwt-secret', '.env', '.git/config', '.npmrc'])(
    'keeps %s out of the build',
    async (path) => {
      expect(isIgnored(path, await readIgnoreRules())).toBe(true);
    },
  );
});
