import { readFile } from 'node:fs/promises';
import { processMetrics } from '../../src/common/metrics.js';
import { scrape } from '../support/scraped-metrics.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { METRICS_PORT: '0' } });
});
afterAll(() => service.close());

interface Row {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly meaning: string;
}

const tableOf = async (): Promise<Row[]> => {
  const page = await readFile('docs/metrics.md', 'utf8');
  const table = /^\| metric \| type .*\n\| --- .*\n((?:\|.*\n?)+)/m.exec(page)?.[1] ?? '';
  return table
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' | '))
    .map(([name = '', type = '', labels = '', meaning = '']) => ({
      name: name.replaceAll(/[|` ]/g, ''),
      type,
      labels: labels.replaceAll(/[` ]/g, '').split(',').filter(Boolean),
      meaning: meaning.replace(/ \|$/, ''),
    }));
};

describe('the table of docs/metrics.md', () => {
  it('equals the metrics that the service exports, word for word', async () => {
    const { families } = await scrape(service.app.metricsUrl);
    const ours = families.filter(({ name }) => name.startsWith('ringback_'));

    const rows = (await tableOf()).map(({ name, type, meaning }) => ({ name, type, help: meaning }));
    expect(rows).toEqual(ours.sort((one, other) => one.name.localeCompare(other.name)));
  });

  it('lists the labels of each metric', async () => {
    const { samples } = await scrape(service.app.metricsUrl);
    const declared = new Map(
      processMetrics
        .getMetricsAsArray()
        .map((metric) => [metric.name, (metric as unknown as { labelNames: string[] }).labelNames]),
    );

    for (const { name, labels } of await tableOf()) {
      const seen = samples.filter((sample) => sample.name === name).flatMap((sample) => Object.keys(sample.labels));
      expect({ name, labels }).toEqual({ name, labels: declared.get(name) ?? [...new Set(seen)] });
    }
  });
});

it('the telephony figures of docs/metrics.md use only existing metrics', async () => {
  const page = await readFile('docs/metrics.md', 'utf8');
  const names = (await tableOf()).map(({ name }) => name);
  const used = [...page.matchAll(/rate\((ringback_\w+)/g)].map(([, name = '']) =>
    name.replace(/_(?:bucket|count|sum)$/, ''),
  );

  expect(used).toHaveLength(7);
  for (const name of used) expect(names).toContain(name);
});
