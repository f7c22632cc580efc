import { Navigate } from '@tanstack/react-router';
import { useSession } from '../api/session';
import { firstPageOf } from './navigation';

/** Leads to the first page that the person may see. */
export const HomePage = () => {
  const { data } = useSession();
  return data ? <Navigate to={firstPageOf(data)} replace /> : null;
};
