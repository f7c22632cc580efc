/**
 * Executes the instructions of the Dockerfile without a container engine: every stage is a folder, WORKDIR is a folder in it,
 * and RUN is a shell there. This machine, with its own Node and shell, replaces the base images. The repository was installed
 * by the same `npm ci` (scripts/run.mjs), so its packages are linked.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, posix, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { DockerfileParser, type Copy, type ImageTemplate } from 'dockerfile-ast';
import { endingOf, spawnIn, type Image } from './container.js';
import { isIgnored, readIgnoreRules } from './docker-ignore.js';
import { REPOSITORY } from './repository.js';

type Stages = ReadonlyMap<string, Image>;

/** @returns the image of the last stage */
export const rehearseImage = async (directory: string): Promise<Image> => {
  const dockerfile = DockerfileParser.parse(await readFile(join(REPOSITORY, 'Dockerfile'), 'utf8'));
  const stages = new Map<string, Image>();
  let image: Image | undefined;
  for (const [index, from] of dockerfile.getFROMs().entries()) {
    const name = from.getBuildStage() ?? String(index);
    const stage = dockerfile.getContainingImage(from.getRange().start)!;
    image = await build(stage, imageOf(stage, join(directory, name)), stages);
    stages.set(name, image);
  }
  return image!;
};

/** This step is replaced by links, because writing thirty thousand files again takes two minutes. */
const INSTALL = /^npm ci\b/;

/**
 * Hard-links the repository's packages. npm's own list of them is copied, because npm writes into it.
 * @returns false if links are not possible: npm then installs the packages, as in a container
 */
const linkPackages = async (image: Image): Promise<boolean> => {
  const from = join(REPOSITORY, 'node_modules');
  const to = join(image.root, image.workingDirectory, 'node_modules');
  try {
    await promisify(execFile)('cp', ['-al', from, to]);
  } catch {
    await rm(to, { recursive: true, force: true });
    return false;
  }
  await rm(join(to, '.package-lock.json'));
  await cp(join(from, '.package-lock.json'), join(to, '.package-lock.json'));
  return true;
};

/** The image's metadata from the instructions of a stage. */
const imageOf = (stage: ImageTemplate, root: string): Image => {
  const argumentsOf = (keyword: string): string | null | undefined =>
    stage
      .getInstructions()
      .findLast((one) => one.getKeyword() === keyword)
      ?.getArgumentsContent();
  const [, healthCheck = '[]'] = /\bCMD\s+(\[.*\])$/s.exec(argumentsOf('HEALTHCHECK') ?? '') ?? [];
  return {
    root,
    workingDirectory: '/',
    environment: {},
    command: JSON.parse(argumentsOf('CMD') ?? '[]') as string[],
    healthCheck: JSON.parse(healthCheck) as string[],
    stopSignal: (argumentsOf('STOPSIGNAL') ?? 'SIGTERM') as NodeJS.Signals,
  };
};

const build = async (stage: ImageTemplate, blank: Image, earlier: Stages): Promise<Image> => {
  let image = blank;
  const copies = stage.getCOPYs().values();
  const variables = stage.getENVs().values();
  for (const instruction of stage.getInstructions()) {
    const text = instruction.getArgumentsContent() ?? '';
    switch (instruction.getKeyword()) {
      case 'WORKDIR':
        image = { ...image, workingDirectory: posix.resolve(image.workingDirectory, text) };
        await mkdir(join(image.root, image.workingDirectory), { recursive: true });
        break;
      case 'ENV': {
        const added = variables
          .next()
          .value!.getProperties()
          .map((one) => [one.getName(), one.getValue() ?? '']);
        image = { ...image, environment: { ...image.environment, ...Object.fromEntries(added) } };
        break;
      }
      case 'COPY':
        await copy(copies.next().value!, image, earlier);
        break;
      case 'RUN':
        if (!INSTALL.test(text) || !(await linkPackages(image))) await run(text, image);
        break;
      case 'FROM':
      case 'USER':
      case 'EXPOSE':
      case 'HEALTHCHECK':
      case 'STOPSIGNAL':
      case 'CMD':
        break;
      default:
        throw new Error(`teach the rehearsal what ${instruction.getKeyword()} does`);
    }
  }
  return image;
};

const run = async (command: string, image: Image): Promise<void> => {
  const { exitCode, output } = await endingOf(spawnIn(image, ['sh', '-c', command]));
  if (exitCode !== 0) throw new Error(`RUN ${command} ended with ${String(exitCode)}:\n${output}`);
};

/** Copies a file, or the content of a folder, from another stage or from the files that .dockerignore includes. */
const copy = async (instruction: Copy, image: Image, earlier: Stages): Promise<void> => {
  const paths = instruction.getArguments().map((argument) => argument.getValue());
  const target = paths.pop()!;
  const stage = instruction.getFromFlag()?.getValue();
  const base = stage ? earlier.get(stage)!.root : REPOSITORY;
  const rules = stage ? [] : await readIgnoreRules();
  const isIncluded = (source: string): boolean => !isIgnored(relative(base, source).split(sep).join('/'), rules);

  for (const path of paths) {
    const source = join(base, path);
    if (!isIncluded(source)) throw new Error(`.dockerignore hides ${path}`);
    const isFileIntoFolder = target.endsWith('/') && (await stat(source)).isFile();
    const folder = join(image.root, posix.resolve(image.workingDirectory, target));
    if (stage && !isFileIntoFolder) {
      // The stage is not used again after this copy, and moving is much faster than copying thirty thousand files.
      await mkdir(dirname(folder), { recursive: true });
      await rename(source, folder);
      continue;
    }
    await cp(source, isFileIntoFolder ? join(folder, basename(path)) : folder, {
      recursive: true,
      verbatimSymlinks: true,
      filter: isIncluded,
    });
  }
};
