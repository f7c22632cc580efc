import { useMutation, useQuery } from '@tanstack/react-query';
import { createColumnHelper } from '@tanstack/react-table';
import { api, ok } from '../../api/client';
import { csvBody, linesOf } from '../../api/csv';
import { queryClient } from '../../api/query-client';
import { saveFile } from '../../api/save-file';
import { Button } from '../../parts/button';
import { DataTable } from '../../parts/data-table';
import { Section } from '../../parts/section';
import { Failure } from '../../parts/states';
import { useText } from '../../text/language';
import { SendFile } from './send-file';
import { text } from './text';

const PRICES = ['prices'] as const;
/** The list may have 50,000. */
const SHOWN = 50;

interface FirstLines {
  readonly lines: string[];
  readonly hasMore: boolean;
}

/** Reads no more of the response than is shown. */
const firstLines = async (body: ReadableStream<Uint8Array>, count: number): Promise<FirstLines> => {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let read = '';
  for (;;) {
    const { done, value = '' } = await reader.read();
    read += value;
    const lines = read.split('\r\n');
    if (!done && lines.length <= count + 1) continue;
    if (!done) await reader.cancel();
    const whole = lines.slice(0, -1);
    return { lines: whole.slice(0, count), hasMore: whole.length > count };
  }
};

const readPrices = async (signal: AbortSignal) => {
  const body = await ok(api.GET('/v1/admin/prices.csv', { parseAs: 'stream', signal }));
  if (!body) return { prices: [], hasMore: false };
  const { lines, hasMore } = await firstLines(body, SHOWN + 1);
  const [, ...rows] = linesOf(lines.join('\n')).filter((cells) => cells.length > 1);
  return { prices: rows.map(priceOf), hasMore };
};

interface Price {
  readonly provider: string;
  readonly prefix: string;
  readonly perMinute: string;
  readonly currency: string;
  readonly step: string;
  readonly fee: string;
}

const priceOf = ([
  provider = '',
  prefix = '',
  perMinute = '',
  currency = '',
  step = '',
  fee = '',
]: string[]): Price => ({
  provider,
  // It keeps a spreadsheet from reading a formula.
  prefix: prefix.replace(/^'/, ''),
  perMinute,
  currency,
  step,
  fee,
});

const column = createColumnHelper<Price>();

export const Prices = ({ mayWrite }: { readonly mayWrite: boolean }) => {
  const t = useText(text);
  const list = useQuery({ queryKey: PRICES, queryFn: ({ signal }) => readPrices(signal), refetchOnWindowFocus: false });
  const saving = useMutation({
    mutationFn: async () => {
      saveFile(await ok(api.GET('/v1/admin/prices.csv', { parseAs: 'blob' })), 'prices.csv');
    },
  });
  const columns = [
    column.accessor('provider', { header: t('provider') }),
    column.accessor('prefix', {
      header: t('prefix'),
      cell: ({ getValue }) => (getValue() === '' ? t('everyNumber') : <code>{getValue()}</code>),
    }),
    column.accessor(({ perMinute, currency }) => `${perMinute} ${currency}`, {
      id: 'perMinute',
      header: t('perMinute'),
    }),
    column.accessor('step', {
      header: t('step'),
      cell: ({ getValue }) => t('seconds', { count: getValue() }),
    }),
    column.accessor(({ fee, currency }) => `${fee} ${currency}`, {
      id: 'fee',
      header: t('fee'),
    }),
  ];
  const send = async (content: Blob): Promise<string> => {
    const { prices } = await ok(api.PUT('/v1/admin/prices.csv', csvBody(content)));
    // The budgets are in the currency of the list.
    await Promise.all([PRICES, ['budgets']].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
    return t('pricesStored', { prices });
  };
  return (
    <Section
      title={t('prices')}
      about={t('pricesAbout')}
      actions={
        <Button isPending={saving.isPending} onPress={() => saving.mutate()}>
          {t('save')}
        </Button>
      }
    >
      {saving.isError && <Failure error={saving.error} />}
      <DataTable label={t('prices')} columns={columns} rows={list.data?.prices} query={list} empty={t('noPrices')} />
      {list.data?.hasMore === true && <p className="quiet">{t('firstPrices', { count: SHOWN })}</p>}
      {mayWrite && (
        <div className="card">
          <SendFile
            label={t('file')}
            help={t('pricesFileHelp')}
            texts={({ name: file, rows }) => ({
              button: t('replacePrices', { file }),
              title: t('replacePricesTitle', { file }),
              warning: t('replacePricesWarning', { rows }),
            })}
            onSend={send}
          />
        </div>
      )}
    </Section>
  );
};
