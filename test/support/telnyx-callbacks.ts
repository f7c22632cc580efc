/** How Telnyx delivers a TeXML callback: the fields of its OpenAPI document (TeXML Calls API 2.0.0), and its signature. */
import { sign, type KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { SentCallback } from './twilio-callbacks.js';

export const signatureOf = (privateKey: KeyObject, timestamp: string, body: string): string =>
  sign(null, Buffer.from(`${timestamp}|${body}`), privateKey).toString('base64');

const PAUSE_MS = 10;
const ATTEMPTS = 3;

/** @returns the body of a 2xx answer, or null */
export const deliver = async (
  url: string,
  fields: Readonly<Record<string, string>>,
  privateKey: KeyObject,
  reach: (url: string) => string,
  sent: SentCallback[],
): Promise<string | null> => {
  const body = new URLSearchParams(fields).toString();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'user-agent': 'telnyx-webhooks',
      'telnyx-timestamp': timestamp,
      'telnyx-signature-ed25519': signatureOf(privateKey, timestamp, body),
    };
    const answer = await request(reach(url), { method: 'POST', headers, body })
      .then(async (reply) => ({ status: reply.statusCode, body: await reply.body.text() }))
      .catch(() => null);
    sent.push({ url, fields, headers, answers: [answer?.status ?? null] });
    if (answer && answer.status >= 200 && answer.status < 300) return answer.body;
    if (attempt < ATTEMPTS) await sleep(PAUSE_MS);
  }
  return null;
};

const isoTime = (time: string | undefined): string => new Date(time ?? Date.now()).toISOString();

/** Telnyx names the causes of an end as its Call Control does. */
const HANGUP_CAUSES: Readonly<Record<string, string>> = {
  completed: 'normal_clearing',
  busy: 'user_busy',
  'no-answer': 'timeout',
  canceled: 'originator_cancel',
  failed: 'not_found',
};

/** @param fields as Twilio has them. @param idOf Telnyx's id of a leg */
export const telnyxFields = (
  fields: Readonly<Record<string, string>>,
  account: { readonly accountSid: string; readonly applicationSid: string },
  idOf: (sid: string) => string,
): Record<string, string> => {
  const { CallSid = '', CallStatus = '', ParentCallSid, DialCallSid, SipResponseCode, Timestamp, Digits } = fields;
  // The callback of a Gather has no more (TexmlGatherWebhook). Of the request of a Redirect nothing is documented.
  if (fields.msg !== undefined) {
    return {
      AccountSid: account.accountSid,
      CallSid: idOf(CallSid),
      CallSidLegacy: idOf(CallSid),
      From: fields.From ?? '',
      To: fields.To ?? '',
      ...(Digits !== undefined && { Digits }),
    };
  }
  const isEndOfDial = fields.DialCallStatus !== undefined;
  const cause = HANGUP_CAUSES[CallStatus];
  const kept = ['From', 'To', 'CallDuration', 'DialCallStatus', 'DialCallDuration', 'RecordingUrl'] as const;
  return {
    AccountSid: account.accountSid,
    CallInitiatedAt: isoTime(Timestamp),
    CallSid: idOf(CallSid),
    CallSidLegacy: idOf(CallSid),
    // The document lists only final statuses for a callback with the end of a Dial, and does not say of which leg.
    CallStatus: isEndOfDial ? 'completed' : CallStatus,
    CallbackSource: 'call-progress-events',
    ConnectionId: account.applicationSid,
    SequenceNumber: fields.SequenceNumber ?? '0',
    Timestamp: isoTime(Timestamp),
    ...Object.fromEntries(kept.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]]))),
    ...(ParentCallSid !== undefined && {
      ParentCallSid: idOf(ParentCallSid),
      ParentCallSidLegacy: idOf(ParentCallSid),
    }),
    ...(DialCallSid !== undefined && { DialCallSid: idOf(DialCallSid), DialCallSidLegacy: idOf(DialCallSid) }),
    ...(cause !== undefined && !isEndOfDial && { HangupCause: cause, HangupSource: 'callee' }),
    ...(SipResponseCode !== undefined && { SipHangupCause: SipResponseCode }),
  };
};
