/** The frame of every page: who is signed in, the navigation, the settings of this browser. */
import { useMutation } from '@tanstack/react-query';
import { Link, useRouterState } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { signOut, type Session } from '../api/session';
import { Button } from '../parts/button';
import { useFocusOnPage } from '../parts/focus-back';
import { Failure } from '../parts/states';
import { offsetOfZone, TIME_ZONE, useTimeFormat } from '../parts/time';
import { useText } from '../text/language';
import { pagesOf } from './navigation';
import { Preferences } from './preferences';
import { text } from './text';

interface Props {
  readonly session: Session;
  readonly children: ReactNode;
}

const CONTENT = 'content';

export const Shell = ({ session, children }: Props) => {
  const t = useText(text);
  const [isOpen, setOpen] = useState(false);
  useFocusOnPage(useRouterState({ select: ({ matches }) => matches.at(-1)?.pathname ?? '' }));
  return (
    <div className="shell">
      <a className="skip" href={`#${CONTENT}`} onClick={skipToContent}>
        {t('skip')}
      </a>
      <header className="bar">
        <Link to="/" className="brand">
          <span className="mark" aria-hidden="true" />
          {t('product')}
        </Link>
        <button
          type="button"
          className="button button-quiet menu-button"
          aria-expanded={isOpen}
          aria-controls="side"
          onClick={() => setOpen(!isOpen)}
        >
          {t('menu')}
        </button>
      </header>
      <div id="side" className={`side ${isOpen ? 'side-open' : ''}`}>
        <nav aria-label={t('navigation')}>
          <ul>
            {pagesOf(session).map(({ to, label }) => (
              <li key={to}>
                <Link to={to} onClick={() => setOpen(false)}>
                  {t(label)}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <Foot session={session} />
      </div>
      <main id={CONTENT} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
};

/** Not by the address: with a <base>, a bare #content leads to another page. */
const skipToContent = (event: { preventDefault(): void }): void => {
  event.preventDefault();
  document.getElementById(CONTENT)?.focus();
};

const Foot = ({ session: { subject, expiresAt, version } }: { readonly session: Session }) => {
  const t = useText(text);
  const time = useTimeFormat('time');
  const leaving = useMutation({ mutationFn: signOut });
  return (
    <div className="foot">
      <Preferences />
      <div className="person">
        <p>
          {t('signedInAs', { subject })}
          <br />
          <span className="quiet">{t('until', { time: time(expiresAt) })}</span>
        </p>
        <Button isPending={leaving.isPending} onPress={() => leaving.mutate()}>
          {t('signOut')}
        </Button>
        {leaving.isError && <Failure error={leaving.error} />}
      </div>
      <p className="quiet">
        {t('times', { zone: `${TIME_ZONE} (${offsetOfZone()})` })}
        <br />
        {t('version', { version })}
      </p>
    </div>
  );
};
