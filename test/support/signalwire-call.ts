/** The SignalWire project of the tests. */
import type { SubAccountCredentials } from '../../src/telephony/telephony-provider.js';

export const PROJECT: SubAccountCredentials = {
  externalId: 'b3877c40-da60-4998-90ad-b792e98472af',
  secret: 'PT0123456789abcdef',
};
export const SIGNING_KEY = 'PSK_0123456789abcdef';
export const CALLER_NUMBER = '+13103384645';

/** The URL that signatures cover; in production, a reverse proxy's. */
export const PUBLIC_URL = 'https://calls.example.com';

/** A service's settings for a SignalWire stand-in at that URL. */
export const signalWireSettings = (url: string) => ({
  PUBLIC_URL,
  SIGNALWIRE_URL: url,
  SIGNALWIRE_PROJECT_ID: PROJECT.externalId,
  SIGNALWIRE_API_TOKEN: PROJECT.secret,
  SIGNALWIRE_SIGNING_KEY: SIGNING_KEY,
  SIGNALWIRE_CALLER_NUMBER: CALLER_NUMBER,
});
