/** How Twilio delivers a callback: form, signature, and retries if the URL asks for them. */
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

export interface CallbackOptions {
  /** Maps a public URL to one on this machine. */
  readonly reach: (url: string) => string;
  /** Twilio's documentation does not say whether the signature covers a URL's fragment. */
  readonly signsFragment: boolean;
}

export interface SentCallback {
  /** The URL as we gave it, with its fragment. */
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** One per attempt; null if there was no answer. */
  readonly answers: (number | null)[];
}

const PAUSE_MS = 10;

/** HMAC-SHA1, or SHA256 with a SharedKey, over the URL and each field's name and value, sorted by name. */
export const signatureOf = (
  authToken: string,
  url: string,
  fields: Readonly<Record<string, string>>,
  hash: 'sha1' | 'sha256' = 'sha1',
): string => {
  const names = Object.keys(fields).sort();
  const text = url + names.map((name) => `${name}${fields[name] ?? ''}`).join('');
  return createHmac(hash, authToken).update(text, 'utf8').digest('base64');
};

/** @returns the body of a 2xx answer, or null */
export const deliver = async (
  url: string,
  fields: Readonly<Record<string, string>>,
  authToken: string,
  { reach, signsFragment }: CallbackOptions,
  sent: SentCallback[],
): Promise<string | null> => {
  const [address = '', fragment = ''] = url.split('#');
  const overrides = new URLSearchParams(fragment);
  const attempts = 1 + (overrides.get('rp') === 'all' ? Number(overrides.get('rc') ?? 1) : 0);
  const headers = {
    'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
    'i-twilio-idempotency-token': randomUUID(),
    'user-agent': 'TwilioProxy/1.1',
    'x-twilio-signature': signatureOf(authToken, signsFragment ? url : address, fields),
  };
  const callback: SentCallback = { url, fields, headers, answers: [] };
  sent.push(callback);
  const body = new URLSearchParams(fields).toString();
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const answer = await request(reach(address), { method: 'POST', headers, body })
      .then(async (reply) => ({ status: reply.statusCode, body: await reply.body.text() }))
      .catch(() => null);
    callback.answers.push(answer?.status ?? null);
    if (answer && answer.status >= 200 && answer.status < 300) return answer.body;
    if (attempt < attempts) await sleep(PAUSE_MS);
  }
  return null;
};
