import type { QueryKey } from '@tanstack/react-query';
import { queryClient } from '../api/query-client';
import { common } from '../text/common';
import { useText } from '../text/language';
import { Button } from './button';

interface Props {
  readonly query: { readonly isFetching: boolean; readonly isFetchingNextPage: boolean };
  readonly queryKey: QueryKey;
}

/** Begins a list anew, with its first page. */
export const RefreshList = ({ query: { isFetching, isFetchingNextPage }, queryKey }: Props) => {
  const t = useText(common);
  return (
    <Button
      isPending={isFetching && !isFetchingNextPage}
      onPress={() => void queryClient.resetQueries({ queryKey, exact: true })}
    >
      {t('refresh')}
    </Button>
  );
};
