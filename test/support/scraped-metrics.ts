/** Reads the metrics as Prometheus does: its text format, version 0.0.4. */

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scrape {
  readonly families: readonly Family[];
  readonly samples: readonly Sample[];
  /** The sum of the samples that have these labels among theirs. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

const sampleOf = (line: string): Sample => {
  const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (name === '') throw new Error(`no sample of Prometheus: ${line}`);
  return {
    name,
    labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text])),
    value: Number(value),
  };
};

export const readScrape = (text: string): Scrape => {
  const lines = text.split('\n');
  const helps = new Map(
    lines
      .filter((line) => line.startsWith('# HELP '))
      .map((line) => [line.split(' ')[2]!, line.split(' ').slice(3).join(' ')]),
  );
  const families = lines
    .filter((line) => line.startsWith('# TYPE '))
    .map((line) => line.split(' '))
    .map(([, , name = '', type = '']) => ({ name, type, help: helps.get(name) ?? '' }));
  const samples = lines.filter((line) => line !== '' && !line.startsWith('#')).map(sampleOf);
  return {
    families,
    samples,
    sum: (name, labels = {}) =>
      samples
        .filter((sample) => sample.name === name)
        .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
        .reduce((sum, { value }) => sum + value, 0),
  };
};

export const scrape = async (url: string | null): Promise<Scrape> => {
  const response = await fetch(url ?? '');
  if (response.status !== 200) throw new Error(`the metrics answered ${response.status}`);
  return readScrape(await response.text());
};
