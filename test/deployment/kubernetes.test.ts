/** deploy/kubernetes: valid by the schemas, and consistent with the settings, the image, Compose and the pages. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config/config.js';
import { fileVariableOf } from '../../src/config/secret-files.js';
import type { Setting } from '../../src/config/setting.js';
import { SETTINGS } from '../../src/config/settings.js';
import { VERSION } from '../../src/common/version.js';
import { readComposeFile } from './compose-file.js';
import {
  faultsOf,
  readKustomization,
  readManifests,
  type Kustomization,
  type Manifest,
} from './kubernetes-manifests.js';
import { REPOSITORY } from './repository.js';

const OVERLAY = 'overlays/example';
const SECRETS = '/run/secrets/ringback/';

const base = await readManifests('base');
const overlay = await readManifests(OVERLAY);
const all = [...base, ...overlay];

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: { readonly limits: Readonly<Record<string, string>> };
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Labeled {
  readonly matchLabels: Readonly<Record<string, string>>;
}

interface PodSpec {
  readonly containers: readonly [Container];
  readonly terminationGracePeriodSeconds: number;
  readonly volumes: readonly { readonly secret?: { readonly secretName: string; readonly defaultMode: number } }[];
}

interface Workload {
  readonly selector: Labeled;
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: PodSpec;
  };
}

const specOf = <T>(manifests: ReadonlyMap<string, Manifest>, file: string): T => manifests.get(file)!.spec as T;

const deployment = specOf<Workload>(base, 'deployment.yaml');
const migration = specOf<Workload>(base, 'migrate.yaml');
const service = specOf<{ selector: object; ports: { name: string; targetPort: string; port: number }[] }>(
  base,
  'service.yaml',
);
const [container] = deployment.template.spec.containers;
const [migrating] = migration.template.spec.containers;

const literalsOf = ({ configMapGenerator }: Kustomization): [string, string][] =>
  configMapGenerator.flatMap(({ literals }) =>
    literals.map((literal) => /^(\w+)=(.*)$/.exec(literal)!.slice(1) as [string, string]),
  );

let settings: Readonly<Record<string, string>>;

beforeAll(async () => {
  settings = Object.fromEntries([
    ...literalsOf(await readKustomization('base')),
    ...literalsOf(await readKustomization(OVERLAY)),
  ]);
});

describe('the manifests', () => {
  it.each(all)('%s is valid by its schema, and has no unknown field', (_, manifest) => {
    expect(faultsOf(manifest)).toEqual([]);
  });

  it('would be invalid with a wrong value, an unknown field, a missing field or another version', () => {
    const changed = (change: (manifest: Manifest) => void): string[] => {
      const manifest = structuredClone(base.get('deployment.yaml')!);
      change(manifest);
      return faultsOf(manifest);
    };
    const containerOf = (manifest: Manifest) =>
      (manifest.spec as Workload).template.spec.containers[0] as unknown as Record<string, unknown>;

    expect(changed((manifest) => (containerOf(manifest).ports = [{ containerPort: '3000' }]))).toEqual([
      expect.stringContaining('containerPort must be integer'),
    ]);
    expect(changed((manifest) => (containerOf(manifest).livenesProbe = {}))).toEqual([
      '/spec/template/spec/containers/0/livenesProbe is not in the schema',
    ]);
    expect(changed((manifest) => delete (manifest.spec as { selector?: object }).selector)).toEqual([
      expect.stringContaining('must have required property selector'),
    ]);
    expect(changed((manifest) => Object.assign(manifest, { apiVersion: 'apps/v1beta1' }))).toEqual([
      'Deployment is not in apps/v1beta1',
    ]);
  });

  it('are all listed by their Kustomization', async () => {
    expect((await readKustomization('base')).resources).toEqual([...base.keys()]);
    expect((await readKustomization(OVERLAY)).resources).toEqual(['../../base', ...overlay.keys()]);
  });

  it('select the pods of the Deployment, and not those of the migrations', () => {
    const { labels } = deployment.template.metadata;
    const budget = specOf<{ selector: Labeled }>(base, 'pod-disruption-budget.yaml');
    const monitor = specOf<{ selector: Labeled; endpoints: { port: string }[] }>(overlay, 'service-monitor.yaml');

    for (const selector of [deployment.selector.matchLabels, budget.selector.matchLabels, service.selector]) {
      expect(labels).toMatchObject(selector);
      expect(migration.template.metadata.labels).not.toMatchObject(selector);
    }
    // Kustomize gives the Service this label.
    expect(monitor.selector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'ringback' });
    expect(service.ports.map(({ name }) => name)).toEqual(
      expect.arrayContaining(monitor.endpoints.map(({ port }) => port)),
    );
  });
});

describe('the settings', () => {
  it('exist, and secrets are files', () => {
    const names = Object.values<Setting<unknown>>(SETTINGS).flatMap((setting) =>
      setting.isSecret ? [fileVariableOf(setting)] : [setting.name],
    );

    expect(names).toEqual(expect.arrayContaining(Object.keys(settings)));
    expect(names).toEqual(expect.arrayContaining((migrating.env ?? []).map(({ name }) => name)));
    expect(container.envFrom).toEqual([{ configMapRef: { name: 'ringback' } }]);
  });

  it('are a valid configuration, with the secrets of docs/kubernetes.md', async () => {
    const page = await readFile(join(REPOSITORY, 'docs/kubernetes.md'), 'utf8');
    const created = [...page.matchAll(/--from-file=([\w-]+)/g)].map(([, name]) => name);
    const files = Object.values(settings).filter((value) => value.startsWith(SECRETS));
    const folder = await mkdtemp(join(tmpdir(), 'ringback-kubernetes-'));
    const values: Record<string, string> = {
      'database-url': 'postgresql://ringback:secret@postgres/ringback',
      'jwt-secret': 'x'.repeat(48),
      'sub-account-keys': `a:${Buffer.alloc(32, 7).toString('base64')}`,
      'twilio-auth-token': '1'.repeat(32),
    };
    for (const [name, value] of Object.entries(values)) await writeFile(join(folder, name), value);

    const environment = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, value.replace(SECRETS, `${folder}/`)]),
    );
    const config = readConfig(environment);
    await rm(folder, { recursive: true });

    expect(files.map((file) => file.replace(SECRETS, '')).sort()).toEqual([...created].sort());
    expect(config).toMatchObject({
      port: 3000,
      publicUrl: 'https://calls.example.com',
      twilioAuthToken: '1'.repeat(32),
    });
  });

  it('leave enough time to stop', () => {
    expect(deployment.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(settings.DRAIN_SECONDS) + 10);
  });

  it('have the ports of the container, which the Service forwards to', () => {
    expect(container.ports).toEqual([
      { name: 'http', containerPort: Number(settings.PORT) },
      { name: 'metrics', containerPort: Number(settings.METRICS_PORT) },
    ]);
    expect(service.ports.map(({ targetPort }) => targetPort)).toEqual(container.ports.map(({ name }) => name));
  });
});

describe('the containers', () => {
  it('run the image and the migrations as Compose does, with its limits of memory', async () => {
    const { ringback, migrate } = (await readComposeFile()).services;
    const bytes = (text = ''): number => parseInt(text, 10) * (/g/i.test(text) ? 1024 : 1);
    const dockerfile = await readFile(join(REPOSITORY, 'Dockerfile'), 'utf8');

    expect(migrating.command).toEqual(migrate.command);
    expect(migrating.image).toBe(container.image);
    expect(bytes(container.resources.limits.memory)).toBe(bytes(ringback.mem_limit));
    expect(bytes(migrating.resources.limits.memory)).toBe(bytes(migrate.mem_limit));
    expect(dockerfile).toContain('\nUSER node\n');
  });

  it.each([deployment, migration])('have no right that they do not need', ({ template: { spec } }) => {
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        fsGroup: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
    expect(spec.containers[0]).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    });
    expect(spec.volumes[0]?.secret).toMatchObject({ secretName: 'ringback', defaultMode: 0o440 });
  });

  it('are probed at routes that the service has', async () => {
    const document = JSON.parse(await readFile(join(REPOSITORY, 'docs/openapi.json'), 'utf8')) as {
      paths: Readonly<Record<string, unknown>>;
    };

    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const) {
      const { path, port } = container[probe].httpGet;
      expect(document.paths).toHaveProperty([path]);
      expect(port).toBe('http');
    }
    expect(container.livenessProbe.httpGet.path).toBe('/health/live');
    expect(container.readinessProbe.httpGet.path).toBe('/health/ready');
  });

  it('have the image of this version in the overlay', async () => {
    const { images, replicas } = await readKustomization(OVERLAY);

    expect(images).toEqual([{ name: container.image, newName: expect.any(String) as string, newTag: VERSION }]);
    expect(replicas).toEqual([{ name: 'ringback', count: 3 }]);
  });
});
