import { Tabs } from '../../parts/tabs';
import { useText } from '../../text/language';
import { text } from './text';

/** The calls that were placed, and those that were not. */
export const CallTabs = () => {
  const t = useText(text);
  return (
    <Tabs
      label={t('tabs')}
      tabs={[
        { to: '/calls', label: t('title') },
        { to: '/calls/refused', label: t('refusedCalls') },
      ]}
    />
  );
};
