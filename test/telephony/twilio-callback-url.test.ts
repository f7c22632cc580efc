import { callbackUrl, openSeal, sealKeyOf, sealToken } from '../../src/telephony/twilio/callback-url.js';
import { TWILIO } from '../../src/telephony/twilio/twilio-dialect.js';
import {
  ACCOUNTS,
  CALLER_NUMBER,
  MAIN,
  noTimeout,
  TENANT,
  twilioDial,
  twilioProvider,
} from '../support/twilio-call.js';
import { startTwilioServer } from '../support/twilio-server.js';

describe('the sealed auth token in a callback URL', () => {
  const key = sealKeyOf(MAIN.secret);
  const owner = { callSid: '1'.repeat(32), accountSid: TENANT.externalId, source: 'A' } as const;

  it('cannot be read, and is different each time', () => {
    const seals = [sealToken(key, TENANT.secret, owner), sealToken(key, TENANT.secret, owner)];

    expect(seals[0]).not.toBe(seals[1]);
    for (const seal of seals) {
      expect(seal).toMatch(/^[\w-]+$/);
      expect(Buffer.from(seal, 'base64url').toString('latin1')).not.toContain(TENANT.secret);
      expect(openSeal(sealKeyOf('another'), seal, owner)).toBeNull();
      expect(openSeal(key, seal, owner)).toBe(TENANT.secret);
    }
  });

  it('cannot be opened after any single bit was altered', () => {
    const seal = Buffer.from(sealToken(key, TENANT.secret, owner), 'base64url');

    for (let bit = 0; bit < seal.length * 8; bit++) {
      const altered = Buffer.from(seal);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(openSeal(key, altered.toString('base64url'), owner)).toBeNull();
    }
  });

  it.each([{ callSid: '2'.repeat(32) }, { accountSid: MAIN.externalId }, { source: 'B' as const }])(
    'cannot be opened for %j',
    (other) => {
      expect(openSeal(key, sealToken(key, TENANT.secret, owner), { ...owner, ...other })).toBeNull();
    },
  );

  it('is in a query whose parameters are already sorted, so a proxy that sorts them changes nothing', () => {
    const url = new URL(callbackUrl(TWILIO, 'https://calls.example.com', key, TENANT.secret, owner));
    const sorted = new URL(url);
    sorted.searchParams.sort();

    expect([...url.searchParams.keys()]).toEqual(['callSid', 'seal', 'source']);
    expect(sorted.href).toBe(url.href);
  });

  it('is the only form in which a token is sent to Twilio in a request body', async () => {
    const server = await startTwilioServer({
      accounts: ACCOUNTS,
      callerNumbers: [CALLER_NUMBER],
      speed: 1,
      reach: () => server.url,
    });
    const provider = twilioProvider({ apiUrl: server.url });

    await provider.dial(twilioDial('00'), noTimeout());

    const sent = server.forms.map((form) => form.toString()).join();
    expect(sent).toContain('seal');
    expect(sent).not.toContain(TENANT.secret);
    expect(sent).not.toContain(MAIN.secret);
    await provider.close();
    await server.close();
  });
});
