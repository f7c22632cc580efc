import { Badge } from '../../parts/badge';
import { useText } from '../../text/language';
import { text } from './text';

export const UserState = ({ isBlocked }: { readonly isBlocked: boolean }) => {
  const t = useText(text);
  return isBlocked ? <Badge tone="bad">{t('blocked')}</Badge> : <Badge tone="good">{t('active')}</Badge>;
};
