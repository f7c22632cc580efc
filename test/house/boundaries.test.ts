/** Tests the dependency rules on a small tree that breaks each of them. `npm run lint` applies them to our own sources. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const CONFIG = join(REPOSITORY, '.dependency-cruiser.mjs');
const DEPCRUISE = join(REPOSITORY, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

interface Arrow {
  readonly from: string;
  readonly to: string;
  /** Empty for an allowed dependency. */
  readonly breaks: readonly string[];
}

const arrow = (from: string, to: string, ...breaks: string[]): Arrow => ({ from, to, breaks });

const ARROWS: readonly Arrow[] = [
  arrow('src/common/clock.ts', 'src/config/config.ts', 'room-common'),
  arrow('src/config/settings.ts', 'src/common/long.ts', 'room-config'),
  arrow('src/http/good.ts', 'src/config/config.ts'),
  arrow('src/http/bad.ts', 'src/auth/guard.ts', 'room-http'),
  arrow('src/postgres/good.ts', 'src/config/config.ts'),
  arrow('src/postgres/bad.ts', 'src/database/pool.ts', 'room-postgres'),
  arrow('src/tracing/good.ts', 'src/config/config.ts'),
  arrow('src/tracing/bad.ts', 'src/postgres/good.ts', 'room-tracing'),
  arrow('src/embedded-postgres/good.ts', 'src/common/long.ts'),
  arrow('src/embedded-postgres/bad.ts', 'src/postgres/good.ts', 'room-embedded-postgres'),
  arrow('src/database/good.ts', 'src/call/record/call-record.entity.ts'),
  arrow('src/database/better.ts', 'migrations/1-create.ts'),
  arrow('src/database/bad.ts', 'src/call/record/call-sid.ts', 'room-database'),
  arrow('src/audit/good.ts', 'src/postgres/good.ts'),
  arrow('src/audit/bad.ts', 'src/auth/guard.ts', 'room-audit'),
  arrow('src/auth/good.ts', 'src/config/config.ts'),
  arrow('src/auth/better.ts', 'src/audit/good.ts'),
  arrow('src/auth/bad.ts', 'src/directory/phones.ts', 'room-auth'),
  arrow('src/telephony/good.ts', 'src/config/config.ts'),
  arrow('src/telephony/bad.ts', 'src/call/record/call-sid.ts', 'room-telephony'),
  arrow('src/telephony/simulator/good.ts', 'src/telephony/contract.ts'),
  arrow('src/telephony/simulator/bad.ts', 'src/config/config.ts', 'provider-stands-alone'),
  arrow('src/telephony/simulator/worse.ts', 'src/telephony/other/script.ts', 'provider-stands-alone'),
  arrow('src/telephony/simulator/server.ts', 'src/config/environment.ts'),
  arrow('src/telephony/simulator/worst.ts', 'src/telephony/simulator/server.ts', 'program-stands-alone'),
  arrow('src/directory/worse.ts', 'src/database/reencrypt.ts', 'program-stands-alone', 'room-directory'),
  arrow('src/directory/good.ts', 'src/postgres/good.ts'),
  arrow('src/directory/bad.ts', 'src/call/record/call-sid.ts', 'room-directory'),
  arrow('src/protection/good.ts', 'src/config/config.ts'),
  arrow('src/protection/bad.ts', 'src/directory/good.ts', 'room-protection'),
  arrow('src/call/good.ts', 'src/telephony/contract.ts'),
  arrow('src/call/bad.ts', 'src/webhook/nonce.ts', 'door-webhook', 'room-call'),
  arrow('src/call/record/bad.ts', 'src/call/updates/feed.ts', 'call-record'),
  arrow('src/call/updates/good.ts', 'src/call/record/call-sid.ts'),
  arrow('src/call/updates/bad.ts', 'src/call/call-recorder.ts', 'call-updates'),
  arrow('src/call/search/good.ts', 'src/call/record/call-sid.ts'),
  arrow('src/call/search/bad.ts', 'src/call/updates/feed.ts', 'call-search'),
  arrow('src/call/cancel/good.ts', 'src/call/call-recorder.ts'),
  arrow('src/call/cancel/bad.ts', 'src/call/placement/dial.ts', 'call-cancel'),
  arrow('src/call/reconciliation/good.ts', 'src/call/cancel/claim.ts'),
  arrow('src/call/reconciliation/bad.ts', 'src/call/call.service.ts', 'call-reconciliation'),
  arrow('src/call/freezing/good.ts', 'src/call/record/call-sid.ts'),
  arrow('src/call/freezing/bad.ts', 'src/call/placement/dial.ts', 'call-freezing'),
  arrow('src/call/spending/good.ts', 'src/call/record/call-sid.ts'),
  arrow('src/call/spending/bad.ts', 'src/call/placement/dial.ts', 'call-spending'),
  arrow('src/call/live/good.ts', 'src/call/search/view.ts'),
  arrow('src/call/live/bad.ts', 'src/call/placement/dial.ts', 'call-live'),
  arrow('src/call/search/view.ts', 'src/call/record/call-sid.ts'),
  arrow('src/call/statistics/good.ts', 'src/call/record/call-sid.ts'),
  arrow('src/call/statistics/bad.ts', 'src/call/placement/dial.ts', 'call-statistics'),
  arrow('src/call/placement/good.ts', 'src/call/reconciliation/check.ts'),
  arrow('src/call/placement/bad.ts', 'src/call/cancel/claim.ts', 'call-placement'),
  arrow('src/call/other.ts', 'src/call/helpers/strings.ts', 'no-other-call-rooms'),
  arrow('src/delivery/good.ts', 'src/call/record/call-sid.ts'),
  arrow('src/delivery/bad.ts', 'src/call/record/call-record.entity.ts', 'room-delivery'),
  arrow('src/call/worst.ts', 'src/delivery/good.ts', 'room-call'),
  arrow('src/webhook/good.ts', 'src/call/record/call-sid.ts'),
  arrow('src/webhook/better.ts', 'src/webhook/nonce.ts'),
  arrow('src/webhook/bad.ts', 'src/database/pool.ts', 'room-webhook'),
  arrow('src/admin/good.ts', 'src/directory/phones.ts'),
  arrow('src/admin/bad.ts', 'src/telephony/contract.ts', 'room-admin'),
  arrow('src/calls-api/good.ts', 'src/call/record/call-sid.ts'),
  arrow('src/calls-api/bad.ts', 'src/admin/desk.ts', 'door-admin', 'room-calls-api'),
  arrow('src/calls-api/desk.ts', 'src/directory/phones.ts'),
  arrow('src/call/worst-still.ts', 'src/calls-api/desk.ts', 'door-calls-api', 'room-call'),
  arrow('src/desk/good.ts', 'src/auth/guard.ts'),
  arrow('src/desk/bad.ts', 'src/admin/desk.ts', 'door-admin', 'room-desk'),
  arrow('src/call/nearly.ts', 'src/desk/good.ts', 'door-desk', 'room-call'),
  arrow('src/health/good.ts', 'src/database/pool.ts'),
  arrow('src/health/bad.ts', 'src/admin/desk.ts', 'door-admin', 'room-health'),
  arrow('src/metrics/good.ts', 'src/postgres/good.ts'),
  arrow('src/metrics/bad.ts', 'src/call/record/call-sid.ts', 'room-metrics'),
  arrow('src/cli/good.ts', 'src/auth/token-issuer.ts'),
  arrow('src/cli/bad.ts', 'src/auth/guard.ts', 'room-cli'),
  arrow('src/main.ts', 'src/start.ts'),
  arrow('src/start.ts', 'src/app.ts'),
  arrow('src/app.ts', 'src/app.module.ts'),
  arrow('src/app.module.ts', 'src/admin/desk.ts'),
  arrow('src/call/worse.ts', 'src/app.ts', 'app-is-for-main', 'room-call'),
  arrow('src/other.ts', 'src/health/readiness.ts', 'door-health'),
  arrow('src/other-still.ts', 'src/utils/strings.ts', 'no-other-rooms'),
  arrow('migrations/1-create.ts', 'src/common/long.ts', 'migrations-stand-alone'),
  // A cycle is reported once.
  arrow('src/call/hen.ts', 'src/call/egg.ts'),
  arrow('src/call/egg.ts', 'src/call/hen.ts', 'no-circular'),
  arrow('src/call/lost.ts', './nowhere.js', 'not-to-unresolvable'),
  arrow('src/call/declared.ts', 'used'),
  arrow('src/call/tested.ts', 'tester', 'no-dev-dependencies'),
  arrow('src/call/borrowed.ts', 'hoisted', 'no-undeclared-dependencies'),
  arrow('src/postgres/graphile-worker.ts', 'graphile-worker'),
  arrow('src/delivery/queue.ts', 'graphile-worker', 'queue-without-configuration'),
];

const isOurs = (path: string): boolean => /^(?:src|migrations)\//.test(path);

const depcruise = async (directory: string): Promise<string[]> => {
  const violations = await promisify(execFile)(
    process.execPath,
    [DEPCRUISE, '--config', CONFIG, '--output-type', 'json', 'src'],
    { cwd: directory, maxBuffer: 64 * 1024 * 1024 },
  ).catch((error: unknown) => error as { stdout: string });
  const report = JSON.parse(violations.stdout) as {
    summary: { totalCruised: number; violations: { from: string; rule: { name: string } }[] };
  };
  expect(report.summary.totalCruised).toBeGreaterThan(10);
  return report.summary.violations.map(({ from, rule }) => `${from} breaks ${rule.name}`).sort();
};

describe('the dependency rules', () => {
  let fixture: string;

  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(fixture, path)), { recursive: true });
    await writeFile(join(fixture, path), text);
  };

  const importOf = ({ from, to }: Arrow): string => {
    if (!isOurs(to)) return `import { thing } from '${to}';\nexport const imported = thing;\n`;
    const toRoot = '../'.repeat(from.split('/').length - 1);
    // A type import, because it counts as a dependency too.
    return `import type { Thing } from './${toRoot}${to.replace(/\.ts$/, '.js')}';\nexport type Imported = Thing;\n`;
  };

  beforeAll(async () => {
    fixture = await mkdtemp(join(tmpdir(), 'ringback-boundaries-'));
    await write(
      'package.json',
      JSON.stringify({ dependencies: { used: '1', 'graphile-worker': '1' }, devDependencies: { tester: '1' } }),
    );
    await write('tsconfig.json', JSON.stringify({ compilerOptions: { module: 'NodeNext' }, include: ['src'] }));
    for (const name of ['used', 'tester', 'hoisted', 'graphile-worker']) {
      await write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
      await write(`node_modules/${name}/index.js`, 'exports.thing = 1;\n');
    }
    for (const { to } of ARROWS) if (isOurs(to)) await write(to, 'export type Thing = string;\n');
    for (const one of ARROWS) await write(one.from, `export type Thing = string;\n${importOf(one)}`);
  });

  afterAll(() => rm(fixture, { recursive: true, force: true }));

  it('reject every dependency that the design does not allow, and no other', async () => {
    const expected = ARROWS.flatMap(({ from, breaks }) => breaks.map((rule) => `${from} breaks ${rule}`));

    expect(await depcruise(fixture)).toEqual(expected.sort());
  });

  it('are all covered by this test, are errors and have a reason', async () => {
    const { default: config } = (await import(CONFIG)) as {
      default: { forbidden: { name: string; comment: string; severity: string }[] };
    };
    const tried = new Set(ARROWS.flatMap(({ breaks }) => breaks));

    expect([...tried].sort()).toEqual(config.forbidden.map(({ name }) => name).sort());
    for (const { comment, severity } of config.forbidden) {
      expect(comment).toMatch(/^\S.{20,}\.$/);
      expect(severity).toBe('error');
    }
  });
});
