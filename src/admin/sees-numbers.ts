import type { Principal } from '../auth/access-token.js';

/** Whether phone numbers are shown to the caller as they are, and not masked. */
export const seesNumbers = ({ scopes }: Principal): boolean => scopes.has('admin') || scopes.has('admin:numbers');
