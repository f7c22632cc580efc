/** The manifests of deploy/kubernetes, checked against the schemas of Kubernetes and of the Prometheus Operator. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Service } from 'kubernetes-models/v1';
import { parse } from 'yaml';
import { REPOSITORY } from './repository.js';

const FOLDER = join(REPOSITORY, 'deploy/kubernetes');

const KINDS = { Deployment, Job, PodDisruptionBudget, Service, ServiceMonitor };

export type Kind = keyof typeof KINDS;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: { readonly name: string };
  readonly spec: unknown;
}

export interface Kustomization {
  readonly resources: readonly string[];
  readonly images?: readonly { readonly name: string; readonly newName: string; readonly newTag: string | number }[];
  readonly replicas?: readonly { readonly name: string; readonly count: number }[];
  readonly configMapGenerator: readonly {
    readonly name: string;
    readonly behavior?: string;
    readonly literals: readonly string[];
  }[];
}

/** YAML 1.1, as Kubernetes reads it: 0440 is octal. */
const readYaml = async (path: string): Promise<unknown> =>
  parse(await readFile(join(FOLDER, path), 'utf8'), { version: '1.1' }) as unknown;

export const readKustomization = async (folder: string): Promise<Kustomization> =>
  (await readYaml(join(folder, 'kustomization.yaml'))) as Kustomization;

/** By the path from the folder. */
export const readManifests = async (folder: string): Promise<Map<string, Manifest>> => {
  const files = (await readdir(join(FOLDER, folder))).filter((file) => file !== 'kustomization.yaml').sort();
  return new Map(
    await Promise.all(files.map(async (file) => [file, (await readYaml(join(folder, file))) as Manifest] as const)),
  );
};

/** Notes the fields that are read. */
const watched = <T>(value: T, path: string, read: Set<string>): T => {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const below = `${path}/${String(key)}`;
      read.add(below);
      return watched(Reflect.get(target, key), below, read);
    },
  });
};

const pathsOf = (value: unknown, path: string): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, below]) => [`${path}/${key}`, ...pathsOf(below, `${path}/${key}`)])
    : [];

/**
 * The schemas allow unknown fields, and the API server drops them. So a field that the schema's validator has not read is
 * a fault too.
 * @returns the faults, empty if the manifest is valid
 */
export const faultsOf = (manifest: Manifest): string[] => {
  const Model = KINDS[manifest.kind];
  if (Model.apiVersion !== manifest.apiVersion) return [`${manifest.kind} is not in ${manifest.apiVersion}`];
  // Each constructor has its own type; the validator is what checks the manifest's.
  const model = new (Model as unknown as new (data: Manifest) => Manifest & { validate(): void })(manifest);
  const read = new Set<string>();
  const fields = ['metadata', 'spec'] as const;
  for (const field of fields) Object.assign(model, { [field]: watched(model[field], `/${field}`, read) });
  try {
    model.validate();
  } catch (error) {
    return [(error as Error).message];
  }
  return fields
    .flatMap((field) => pathsOf(manifest[field], `/${field}`))
    .filter((path) => !read.has(path))
    .map((path) => `${path} is not in the schema`);
};
