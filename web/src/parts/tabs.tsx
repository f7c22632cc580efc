import { Link, type LinkProps } from '@tanstack/react-router';
import './tabs.css';

interface Props {
  /** For screen readers. */
  readonly label: string;
  readonly tabs: readonly { readonly to: NonNullable<LinkProps['to']>; readonly label: string }[];
}

/** The parts of a page that have addresses of their own. They are links, so each can be opened in another tab of the browser. */
export const Tabs = ({ label, tabs }: Props) => (
  <nav className="tabs" aria-label={label}>
    <ul>
      {tabs.map((tab) => (
        <li key={tab.to}>
          <Link to={tab.to} activeOptions={{ exact: true, includeSearch: false }}>
            {tab.label}
          </Link>
        </li>
      ))}
    </ul>
  </nav>
);
