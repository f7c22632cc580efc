/** Which secrets of an endpoint sign a message. While a secret is replaced, both do. */
export interface SigningSecrets {
  readonly secret: string;
  /** Null if it does not sign any more. */
  readonly previousSecret: string | null;
}

/** The `previousSecret`, as SQL, of a row of webhook_endpoint with the alias `endpoint`. */
export const PREVIOUS_SECRET = 'case when endpoint.previous_secret_until > now() then endpoint.previous_secret end';

export const secretsOf = ({ secret, previousSecret }: SigningSecrets): readonly string[] =>
  previousSecret === null ? [secret] : [secret, previousSecret];
