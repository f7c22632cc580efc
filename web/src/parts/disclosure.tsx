import type { ReactNode } from 'react';

/** Details that few people need. The browser's own element: it works by keyboard, and a search in the page opens it. */
export const Disclosure = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <details className="disclosure">
    <summary>{title}</summary>
    {children}
  </details>
);
