/** A real Prometheus with the configuration in deploy/, which scrapes given addresses four times a second. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';
import { endOf, endProgram, isAlive, REPOSITORY, startProgram } from './node-process.js';
import { noteSkipped } from './skipped.js';
import { waitFor } from './wait-for.js';

const PROGRAM = '/usr/bin/prometheus';
const PROMTOOL = '/usr/bin/promtool';

export const CONFIGURATION = join(REPOSITORY, 'deploy/observability/prometheus');

export interface PrometheusSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  /** The result of an instant query, without the series that are not a number. @throws Error if Prometheus refuses it */
  query(expression: string): Promise<PrometheusSeries[]>;
  /** The loaded alerts. `health`: `ok` after an evaluation without an error. */
  alerts(): Promise<{ readonly name: string; readonly health: string; readonly lastError?: string }[]>;
  close(): Promise<void>;
}

/**
 * Tests that need Prometheus. Without it they are skipped, and the summary of the run lists them. With
 * RINGBACK_REQUIRE_ALL_TESTS, as in .ci/run, they fail.
 */
export const describeWithPrometheus = (what: string, tests: () => void): void => {
  if (existsSync(PROGRAM) || process.env.RINGBACK_REQUIRE_ALL_TESTS) {
    describe(what, tests);
    return;
  }
  noteSkipped(what, `there is no ${PROGRAM}`, 'apt-get install --no-install-recommends prometheus');
  describe.skip(what, tests);
};

/** @returns what promtool prints @throws Error with its complaint */
export const promtool = async (...options: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(PROMTOOL, [...options], { cwd: REPOSITORY });
  return stdout;
};

/** @param metrics as a scrape gets them @throws Error with what promtool finds wrong, also with their names */
export const checkMetrics = async (metrics: string): Promise<void> => {
  const checking = promisify(execFile)(PROMTOOL, ['check', 'metrics']);
  checking.child.stdin?.end(metrics);
  await checking;
};

const DISCOVERY = /^ {4}dns_sd_configs:\n(?: {6}.*\n)+/m;

/** The shipped configuration, with the addresses in place of the name service of Compose, and a faster pace. */
const configurationFor = async (targets: readonly string[]): Promise<string> => {
  const shipped = await readFile(join(CONFIGURATION, 'prometheus.yml'), 'utf8');
  const found = shipped.match(DISCOVERY) && shipped.includes('scrape_interval: 15s\n  evaluation_interval: 15s');
  if (!found) throw new Error('the shipped configuration has other lines than this test replaces');
  return shipped
    .replace(DISCOVERY, `    static_configs:\n      - targets: ${JSON.stringify(targets)}\n`)
    .replace('scrape_interval: 15s\n  evaluation_interval: 15s', 'scrape_interval: 250ms\n  evaluation_interval: 1s');
};

interface Reply<Data> {
  readonly data: Data;
  readonly error?: string;
}

/** @param targets host and port of the metrics */
export const startPrometheus = async (targets: readonly string[]): Promise<Prometheus> => {
  const folder = await mkdtemp(join(tmpdir(), 'ringback-prometheus-'));
  await cp(CONFIGURATION, folder, { recursive: true });
  await writeFile(join(folder, 'prometheus.yml'), await configurationFor(targets));
  const address = `127.0.0.1:${await freePort()}`;
  const child = startProgram([
    PROGRAM,
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
  ]);
  const ending = endOf(child);
  const ask = async <Data>(path: string): Promise<Data> => {
    const response = await fetch(`http://${address}/api/v1/${path}`);
    const { data, error } = (await response.json()) as Reply<Data>;
    if (error !== undefined) throw new Error(error);
    return data;
  };
  const prometheus: Prometheus = {
    async query(expression) {
      const { result } = await ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
        `query?${new URLSearchParams({ query: expression }).toString()}`,
      );
      return result
        .map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }))
        .filter(({ value }) => !Number.isNaN(value));
    },
    async alerts() {
      const { groups } = await ask<{ groups: { rules: Awaited<ReturnType<Prometheus['alerts']>> }[] }>('rules');
      return groups.flatMap(({ rules }) => rules);
    },
    async close() {
      await endProgram(child);
      await ending;
      await rm(folder, { recursive: true });
    },
  };
  try {
    await waitFor('Prometheus to be ready', async () => {
      if (!isAlive(child)) throw new Error((await ending).complaint);
      return fetch(`http://${address}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    return prometheus;
  } catch (error) {
    await prometheus.close();
    throw error;
  }
};
