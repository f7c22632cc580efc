/** The dashboards and alerts of deploy/observability, as far as the tests read them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../repository.js';

const FOLDER = join(REPOSITORY, 'deploy/observability');

export const readYaml = async <T>(path: string): Promise<T> => parse(await readFile(join(FOLDER, path), 'utf8')) as T;

export interface Datasource {
  readonly type: string;
  readonly uid: string;
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly datasource: Datasource;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets: readonly { readonly refId: string; readonly expr: string; readonly datasource: Datasource }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: { readonly query: string } }[];
  };
}

/** By the name of the file. */
export const readDashboards = async (): Promise<Map<string, Dashboard>> => {
  const folder = join(FOLDER, 'grafana/dashboards');
  const files = (await readdir(folder)).sort();
  return new Map(
    await Promise.all(
      files.map(async (file) => [file, JSON.parse(await readFile(join(folder, file), 'utf8')) as Dashboard] as const),
    ),
  );
};

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const readAlerts = async (): Promise<Alert[]> => {
  const { groups } = await readYaml<{ groups: { rules: Alert[] }[] }>('prometheus/alerts.yml');
  return groups.flatMap(({ rules }) => rules);
};
