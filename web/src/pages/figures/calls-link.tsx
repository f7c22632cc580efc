/** To the calls that a figure counts: the search, with the API's parameters in the address. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

export interface CallsSearch {
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
  readonly provider?: string | undefined;
  readonly endReason?: string;
}

/** Calls that are not over are in no figure. */
export const searchOf = ({ provider, ...others }: CallsSearch): Readonly<Record<string, string>> => ({
  ...others,
  ...(provider !== undefined && { provider }),
  ...(others.endReason === undefined && { open: 'false' }),
});

export const CALLS: string = '/calls';

interface Props {
  readonly search: CallsSearch;
  readonly children: ReactNode;
  readonly label?: string;
}

export const CallsLink = ({ search, children, label }: Props) => (
  <Link
    to={CALLS}
    search={searchOf(search) as never}
    preload={false}
    {...(label !== undefined && { 'aria-label': label })}
  >
    {children}
  </Link>
);
