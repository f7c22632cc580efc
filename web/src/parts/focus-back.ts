/** Where the focus goes if what had it is gone. It would be nowhere, and the next Tab at the top of the page. */
import { useEffect, useRef } from 'react';

/**
 * For what goes with a button of its own that may have the focus. A dialog gives the focus back to its button, which may be gone with
 * the row that was removed.
 */
export const useFocusBack = (): void => {
  useEffect(
    () => () => {
      // The dialog gives it back with the next frame.
      requestAnimationFrame(() => requestAnimationFrame(focusContent));
    },
    [],
  );
};

/** For the frame of the pages: a link is gone with its page. @param path of the page that is shown */
export const useFocusOnPage = (path: string): void => {
  const shown = useRef(path);
  useEffect(() => {
    // The first page leaves the focus to the browser, whose first Tab leads to the link past the navigation.
    if (shown.current !== path) focusContent();
    shown.current = path;
  }, [path]);
};

const focusContent = (): void => {
  if (document.activeElement === document.body) document.querySelector('main')?.focus({ preventScroll: true });
};
