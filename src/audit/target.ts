type Kind =
  | 'user'
  | 'sub-account'
  | 'service-line'
  | 'suppression'
  | 'freeze'
  | 'budget'
  | 'webhook-endpoint'
  | 'api-key'
  | 'desk-session'
  | 'call';

/** What an entry is about, as it is listed and searched for. */
export const targetOf = (kind: Kind, id: string): string => `${kind}:${id}`;
