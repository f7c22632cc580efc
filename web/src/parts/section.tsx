import { useId, type ReactNode } from 'react';

interface Props {
  readonly title: string;
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A part of a page, with its heading. */
export const Section = ({ title, about, actions, children }: Props) => {
  const id = useId();
  return (
    <section className="section" aria-labelledby={id}>
      <div className="section-heading">
        <div>
          <h2 id={id}>{title}</h2>
          {about !== undefined && <p className="about">{about}</p>}
        </div>
        {actions}
      </div>
      {children}
    </section>
  );
};
