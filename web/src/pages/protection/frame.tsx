import type { ReactNode } from 'react';
import { PageHeading } from '../../parts/page-heading';
import '../../parts/cells.css';
import { Tabs } from '../../parts/tabs';
import { useText } from '../../text/language';
import { text } from './text';

/** What the parts of the page have in common. */
export const ProtectionFrame = ({ children }: { readonly children: ReactNode }) => {
  const t = useText(text);
  return (
    <>
      <PageHeading title={t('title')} about={t('about')} />
      <Tabs
        label={t('parts')}
        tabs={[
          { to: '/protection', label: t('suppressions') },
          { to: '/protection/freezes', label: t('freezes') },
          { to: '/protection/money', label: t('money') },
          { to: '/protection/limits', label: t('limits') },
        ]}
      />
      {children}
    </>
  );
};
