import { useEffect, type ReactNode } from 'react';

interface Props {
  readonly title: string;
  /** One sentence, under the title. */
  readonly about?: ReactNode;
  /** Buttons. */
  readonly children?: ReactNode;
}

/** Also names the browser's tab. */
export const PageHeading = ({ title, about, children }: Props) => {
  useEffect(() => {
    document.title = `${title} · Ringback`;
  }, [title]);
  return (
    <header className="page-heading">
      <div>
        <h1>{title}</h1>
        {about !== undefined && <p className="about">{about}</p>}
      </div>
      {children !== undefined && <div className="actions">{children}</div>}
    </header>
  );
};
