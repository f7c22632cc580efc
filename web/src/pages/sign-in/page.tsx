/** By the identity provider, a one-time link (its code is after # in the address), or a token. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { createLazyRoute, useNavigate, useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState, type ReactNode, type SubmitEvent } from 'react';
import { ProblemError } from '../../api/problem';
import { signIn, signInElsewhere, signInOptions, useSession } from '../../api/session';
import { Button } from '../../parts/button';
import { TextField } from '../../parts/fields';
import { Failure, Loading } from '../../parts/states';
import { Preferences } from '../../shell/preferences';
import { takeWayBack } from '../../shell/way-back';
import { useText } from '../../text/language';
import { text } from './text';

const PRINTS_LINK = 'npm run -s desk';

/** The address is replaced at once, so that neither the history nor a look at the screen keeps the code. */
const takeCode = (): string | null => {
  const code = window.location.hash.slice(1);
  if (code === '') return null;
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
  return code;
};

const Page = () => {
  const t = useText(text);
  const [code, setCode] = useState(takeCode);
  const session = useSession();
  useEffect(() => {
    document.title = `${t('title')} · Ringback`;
  }, [t]);
  useEffect(() => {
    // A link that is pasted into this tab loads no new page.
    const take = () => {
      const pasted = takeCode();
      if (pasted !== null) setCode(pasted);
    };
    window.addEventListener('hashchange', take);
    return () => {
      window.removeEventListener('hashchange', take);
    };
  }, []);
  if (session.isPending) {
    return (
      <Frame title={t('title')}>
        <Loading />
      </Frame>
    );
  }
  if (code !== null) return <ByLink key={code} code={code} onDone={() => setCode(null)} />;
  if (session.data) return <Entered />;
  return <Choice />;
};

/** Leads to where the person was before, or to the first page. */
const Entered = () => {
  const navigate = useNavigate();
  const { history, basepath } = useRouter();
  const isLeaving = useRef(false);
  useEffect(() => {
    if (isLeaving.current) return;
    isLeaving.current = true;
    const back = takeWayBack();
    if (back === null) void navigate({ to: '/', replace: true });
    else history.replace(basepath.replace(/\/$/, '') + back);
  }, [navigate, history, basepath]);
  return null;
};

const Frame = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <main className="alone">
    <div className="card sign-in">
      <p className="brand">
        <span className="mark" aria-hidden="true" />
        Ringback
      </p>
      <h1>{title}</h1>
      {children}
      <Preferences />
    </div>
  </main>
);

/** Somebody else's link must not change who is signed in without a question. */
const ByLink = ({ code, onDone }: { readonly code: string; readonly onDone: () => void }) => {
  const t = useText(text);
  const session = useSession();
  const [isAsked, setAsked] = useState(false);
  const { mutate, isIdle, isError, error } = useMutation({ mutationFn: signIn, onSuccess: onDone });
  const mustAsk = Boolean(session.data) && !isAsked;
  useEffect(() => {
    if (isIdle && !mustAsk) mutate({ link: code });
  }, [isIdle, mustAsk, mutate, code]);
  if (isError) return <FailedLink error={error} onRetry={() => mutate({ link: code })} onDone={onDone} />;
  if (!mustAsk) {
    return (
      <Frame title={t('signingIn')}>
        <Loading />
      </Frame>
    );
  }
  return (
    <Frame title={t('alreadyIn', { subject: session.data?.subject ?? '' })}>
      <p>{t('alreadyInHelp')}</p>
      <div className="dialog-actions">
        <Button onPress={() => setAsked(true)}>{t('useLink')}</Button>
        <Button kind="main" onPress={onDone}>
          {t('stay')}
        </Button>
      </div>
    </Frame>
  );
};

interface FailedLinkProps {
  readonly error: unknown;
  readonly onRetry: () => void;
  readonly onDone: () => void;
}

const FailedLink = ({ error, onRetry, onDone }: FailedLinkProps) => {
  const t = useText(text);
  const status = error instanceof ProblemError ? error.problem.status : 0;
  if (status !== 409 && status !== 401) {
    return (
      <Frame title={t('title')}>
        <Failure error={error} onRetry={onRetry} />
      </Frame>
    );
  }
  const kind = status === 409 ? 'linkUsed' : 'linkBad';
  return (
    <Frame title={t(kind)}>
      <p>{t(`${kind}Help`)}</p>
      <p>{t('newLink')}</p>
      <pre className="command">{PRINTS_LINK}</pre>
      <Button onPress={onDone}>{t('otherWay')}</Button>
    </Frame>
  );
};

const Choice = () => {
  const t = useText(text);
  const { failed } = useFailure();
  const options = useQuery(signInOptions);
  const elsewhere = useMutation({ mutationFn: signInElsewhere });
  return (
    <Frame title={t('title')}>
      {failed !== null && (
        <p className="notice notice-bad" role="alert">
          {t(failed)}
        </p>
      )}
      {options.isError && <Failure error={options.error} onRetry={() => void options.refetch()} />}
      {options.data?.identityProvider === true && (
        <>
          <Button kind="main" isPending={elsewhere.isPending} onPress={() => elsewhere.mutate()}>
            {t('elsewhere')}
          </Button>
          {elsewhere.isError && <Failure error={elsewhere.error} />}
          <p className="or">{t('or')}</p>
        </>
      )}
      <ByToken isMain={options.data?.identityProvider !== true} />
      {options.data?.links === true && (
        <>
          <p className="quiet">{t('linkHelp')}</p>
          <pre className="command">{PRINTS_LINK}</pre>
        </>
      )}
    </Frame>
  );
};

const REASONS = ['expired', 'refused', 'unavailable', 'scope', 'token', 'error'] as const;

const useFailure = () => {
  const { failed } = Route.useSearch();
  const reason = failed === undefined ? undefined : (REASONS.find((one) => one === failed) ?? 'error');
  return { failed: reason === undefined ? null : (`failed.${reason}` as const) };
};

const ByToken = ({ isMain }: { readonly isMain: boolean }) => {
  const t = useText(text);
  const [token, setToken] = useState('');
  const entering = useMutation({ mutationFn: signIn });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    entering.mutate({ token: token.trim() });
  };
  return (
    <form className="stack" onSubmit={submit}>
      <TextField
        label={t('token')}
        help={t('tokenHelp')}
        type="password"
        autoComplete="off"
        isRequired
        value={token}
        onChange={setToken}
      />
      {entering.isError && <RefusedToken error={entering.error} />}
      <Button
        type="submit"
        kind={isMain ? 'main' : 'plain'}
        isPending={entering.isPending}
        isDisabled={token.trim() === ''}
      >
        {t('signIn')}
      </Button>
    </form>
  );
};

/** The general words of the two are for those who are signed in. */
const RefusedToken = ({ error }: { readonly error: unknown }) => {
  const t = useText(text);
  const code = error instanceof ProblemError ? error.problem.code : '';
  if (code !== 'UNAUTHENTICATED' && code !== 'FORBIDDEN') return <Failure error={error} />;
  return (
    <p className="notice notice-bad" role="alert">
      {t(code === 'UNAUTHENTICATED' ? 'tokenRefused' : 'tokenScope')}
    </p>
  );
};

export const Route = createLazyRoute('/sign-in')({ component: Page });
