/** Where a person was when the session ended, also over the way to the identity provider. Kept for this tab alone. */
const KEPT_AS = 'ringback.way-back';

export const keepWayBack = (): void => {
  sessionStorage.setItem(KEPT_AS, window.location.href);
};

/** An address of the desk, or null. */
export const takeWayBack = (): string | null => {
  const kept = sessionStorage.getItem(KEPT_AS);
  sessionStorage.removeItem(KEPT_AS);
  return kept?.startsWith(document.baseURI) === true ? `/${kept.slice(document.baseURI.length)}` : null;
};
