/** The Telnyx account of the tests. */
import { generateKeyPairSync } from 'node:crypto';
import type { SubAccountCredentials } from '../../src/telephony/telephony-provider.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');

export const ACCOUNT: SubAccountCredentials = {
  externalId: 'f5586561-8ff0-4291-a51b-c7dfe4139ff9',
  secret: 'KEY0123456789',
};
export const APPLICATION_SID = '1494404757140276705';
export const CALLER_NUMBER = '+13125550006';
export const PRIVATE_KEY = privateKey;
/** The key's 32 bytes are the end of its DER form. */
export const PUBLIC_KEY = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');

/** The URL that Telnyx is given; in production, a reverse proxy's. */
export const PUBLIC_URL = 'https://calls.example.com';

/** A service's settings for a Telnyx stand-in at that URL. */
export const telnyxSettings = (url: string) => ({
  PUBLIC_URL,
  TELNYX_URL: url,
  TELNYX_ACCOUNT_SID: ACCOUNT.externalId,
  TELNYX_API_KEY: ACCOUNT.secret,
  TELNYX_PUBLIC_KEY: PUBLIC_KEY,
  TELNYX_APPLICATION_SID: APPLICATION_SID,
  TELNYX_CALLER_NUMBER: CALLER_NUMBER,
});
