/** The files of deploy/observability: valid, complete, and consistent with Compose and docs/metrics.md. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CONFIGURATION, describeWithPrometheus, promtool } from '../../support/prometheus.js';
import { readComposeFile } from '../compose-file.js';
import { REPOSITORY } from '../repository.js';
import { readAlerts, readDashboards, readYaml, type Panel } from './shipped.js';

const CASES = 'test/deployment/observability/alerts.test.yml';

interface AlertCases {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

const page = await readFile(join(REPOSITORY, 'docs/metrics.md'), 'utf8');
const alerts = await readAlerts();
const dashboards = await readDashboards();

const METRIC = /\bringback_\w+/g;
const namesIn = (expressions: readonly string[]): Set<string> =>
  new Set(expressions.flatMap((expression) => [...expression.matchAll(METRIC)].map(([name]) => name)));
const withoutSuffix = (name: string): string => name.replace(/_(?:bucket|count|sum)$/, '');

const queriesOf = ({ targets }: Panel): string[] => targets.map(({ expr }) => expr);
const queries = [...dashboards.values()].flatMap(({ panels }) => panels.flatMap(queriesOf));
const documented = [...page.matchAll(/^\| `(ringback_\w+)` \|/gm)].map(([, name = '']) => name);

describeWithPrometheus('promtool', () => {
  it('accepts the configuration with the alerts', async () => {
    expect(await promtool('check', 'config', join(CONFIGURATION, 'prometheus.yml'))).toContain('1 rule files found');
  });

  it('runs the cases of the alerts', async () => {
    expect(await promtool('test', 'rules', CASES)).toContain('SUCCESS');
  });
});

describe('the alerts', () => {
  it('have a severity, a duration, a summary, and a heading of docs/metrics.md', () => {
    for (const { alert, labels, annotations, for: duration } of alerts) {
      expect({ alert, labels, duration, annotations }).toEqual({
        alert,
        labels: { severity: expect.stringMatching(/^(?:critical|warning)$/) as string },
        duration: expect.stringMatching(/^\d+m$/) as string,
        annotations: {
          summary: expect.stringMatching(/\.$/) as string,
          runbook: `docs/metrics.md#${alert.toLowerCase()}`,
        },
      });
    }
  });

  it('are the alerts of docs/metrics.md, with their severity', () => {
    const described = [...page.matchAll(/^### (Ringback\w+)\n\n(Critical|Warning)\b/gm)];

    expect(described.map(([, alert, severity = '']) => [alert, severity.toLowerCase()])).toEqual(
      alerts.map(({ alert, labels }) => [alert, labels?.severity]),
    );
  });

  it('have a case in which they fire, and one in which they do not', async () => {
    const { tests } = await readYaml<AlertCases>(join('../..', CASES));
    const cases = tests.flatMap(({ alert_rule_test: expected }) => expected);
    const namesWith = (fires: boolean): string[] => [
      ...new Set(cases.filter(({ exp_alerts }) => exp_alerts.length > 0 === fires).map(({ alertname }) => alertname)),
    ];

    const names = alerts.map(({ alert }) => alert).sort();
    expect(namesWith(true).sort()).toEqual(names);
    // In the others, a second series of the same case must not fire.
    expect(namesWith(false).length).toBeGreaterThan(6);
  });
});

describe('the dashboards', () => {
  it.each([...dashboards])('%s has its own uid, and panels that do not overlap', (file, { uid, panels }) => {
    expect(uid).toBe(`ringback-${file.replace('.json', '')}`);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it('read the data source that is provisioned', async () => {
    const { datasources } = await readYaml<{ datasources: { type: string; uid: string; url: string }[] }>(
      'grafana/provisioning/datasources/prometheus.yml',
    );
    const { type, uid, url } = datasources[0]!;
    const read = [...dashboards.values()].flatMap(({ panels }) =>
      panels.flatMap(({ datasource, targets }) => [datasource, ...targets.map((target) => target.datasource)]),
    );

    for (const datasource of read) expect(datasource).toEqual({ type, uid });
    expect(url).toBe('http://prometheus:9090');
  });

  it('show every metric of docs/metrics.md, and the alerts use no other', () => {
    const shown = [...namesIn(queries)].map(withoutSuffix);
    const alerted = [...namesIn(alerts.map(({ expr }) => expr))].map(withoutSuffix);

    expect([...new Set(shown)].sort()).toEqual([...documented].sort());
    expect(documented).toEqual(expect.arrayContaining(alerted));
  });

  it('filter by each of their variables', () => {
    for (const { panels, templating } of dashboards.values()) {
      const text = panels.flatMap(queriesOf).join('\n');
      const used = new Set([...text.matchAll(/"\$(\w+)"/g)].map(([, name]) => name));
      expect([...used]).toEqual(templating.list.map(({ name }) => name));
    }
  });
});

describe('Compose', () => {
  it('mounts the files where Prometheus and Grafana read them', async () => {
    const { prometheus, grafana } = (await readComposeFile()).services;
    const { providers } = await readYaml<{ providers: { options: { path: string } }[] }>(
      'grafana/provisioning/dashboards/ringback.yml',
    );

    expect(prometheus.volumes).toContain('./deploy/observability/prometheus:/etc/prometheus:ro');
    expect(prometheus.command).toContain('--config.file=/etc/prometheus/prometheus.yml');
    expect(grafana.volumes).toEqual([
      './deploy/observability/grafana/provisioning:/etc/grafana/provisioning:ro',
      `./deploy/observability/grafana/dashboards:${providers[0]!.options.path}:ro`,
    ]);
    expect([...dashboards.keys()]).toContain(
      grafana.environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH?.split('/').at(-1),
    );
  });

  it('lets Prometheus scrape the default port of the metrics at the name of the service', async () => {
    const { scrape_configs: configs } = await readYaml<{
      scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; type: string; port: number }[] }[];
    }>('prometheus/prometheus.yml');

    expect(configs).toEqual([
      {
        job_name: 'ringback',
        dns_sd_configs: [{ names: ['ringback'], type: 'A', port: 9464, refresh_interval: '15s' }],
      },
    ]);
    expect((await readComposeFile()).services).toHaveProperty('ringback');
  });
});
