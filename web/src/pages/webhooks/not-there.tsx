import { ProblemError } from '../../api/problem';
import { Empty, Failure } from '../../parts/states';
import { useText } from '../../text/language';
import { text } from './text';

interface Props {
  readonly error: unknown;
  readonly endpointId: string;
  readonly onRetry: () => void;
}

/** In the place of an endpoint that could not be read, or that is not there. */
export const NotThere = ({ error, endpointId, onRetry }: Props) => {
  const t = useText(text);
  const isMissing = error instanceof ProblemError && error.problem.status === 404;
  if (isMissing) return <Empty>{t('noSuchEndpoint', { id: endpointId })}</Empty>;
  return <Failure error={error} onRetry={onRetry} />;
};
