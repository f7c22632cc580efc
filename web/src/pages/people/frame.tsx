import type { ReactNode } from 'react';
import { PageHeading } from '../../parts/page-heading';
import { Tabs } from '../../parts/tabs';
import { useText } from '../../text/language';
import { text } from './text';
import '../../parts/cells.css';
import './people.css';

/** What the parts of the page have in common. */
export const PeopleFrame = ({ children }: { readonly children: ReactNode }) => {
  const t = useText(text);
  return (
    <>
      <PageHeading title={t('title')} about={t('about')} />
      <Tabs
        label={t('parts')}
        tabs={[
          { to: '/people', label: t('users') },
          { to: '/people/lines', label: t('lines') },
          { to: '/people/import', label: t('import') },
        ]}
      />
      {children}
    </>
  );
};
