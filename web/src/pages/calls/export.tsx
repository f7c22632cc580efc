import { useMutation } from '@tanstack/react-query';
import { useRef } from 'react';
import { api, ok } from '../../api/client';
import { saveFile } from '../../api/save-file';
import { Button } from '../../parts/button';
import { useFocusBack } from '../../parts/focus-back';
import { Failure } from '../../parts/states';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { queryOf, type CallSearch } from './call-search';
import { text } from './text';

const FORMATS = ['csv', 'ndjson'] as const;
type Format = (typeof FORMATS)[number];

const fetchFile = (format: Format, search: CallSearch, signal: AbortSignal): Promise<unknown> => {
  const request = { params: { query: queryOf(search) }, parseAs: 'blob', signal } as const;
  return format === 'csv'
    ? ok(api.GET('/v1/admin/calls.csv', request))
    : ok(api.GET('/v1/admin/calls.ndjson', request));
};

/** The whole list, however long. The service cuts a response that it cannot complete; then nothing is saved. */
export const Export = ({ search }: { readonly search: CallSearch }) => {
  const t = useText(text);
  const stop = useRef<AbortController | null>(null);
  const fetching = useMutation({
    mutationFn: async (format: Format) => {
      stop.current = new AbortController();
      const file = await fetchFile(format, search, stop.current.signal);
      saveFile(file as Blob, `calls.${format}`);
    },
  });
  const isStopped = fetching.error instanceof DOMException;
  return (
    <div className="stack">
      <div className="export">
        <span className="quiet">{t('export')}</span>
        {FORMATS.map((format) => (
          <Button
            key={format}
            // Not the one that was pressed: a disabled button loses the focus.
            isDisabled={fetching.isPending && fetching.variables !== format}
            isPending={fetching.isPending && fetching.variables === format}
            onPress={() => fetching.mutate(format)}
          >
            {t(format)}
          </Button>
        ))}
        {fetching.isPending && <Fetching onStop={() => stop.current?.abort()} />}
      </div>
      {fetching.isError && !isStopped && (
        <>
          <Failure error={fetching.error} />
          <p>{t('exportFailed')}</p>
        </>
      )}
    </div>
  );
};

const Fetching = ({ onStop }: { readonly onStop: () => void }) => {
  const t = useText(text);
  const c = useText(common);
  useFocusBack();
  return (
    <>
      <span role="status">{t('exporting')}</span>
      <Button kind="quiet" onPress={onStop}>
        {c('cancel')}
      </Button>
    </>
  );
};
