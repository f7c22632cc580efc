/** The requests that the Telnyx test server accepts, from Telnyx's OpenAPI document (TeXML Calls API 2.0.0). */
import {
  BadTwiml,
  CALL_EVENTS,
  readDial,
  readGather,
  type DialInstruction,
  type GatherForm,
  type GatherInstruction,
} from './twilio-twiml.js';

export class TelnyxError extends Error {
  constructor(
    readonly status: number,
    readonly code: string | null,
    readonly title: string,
    readonly detail = title,
  ) {
    super(title);
  }

  get shown(): object {
    const { code, title, detail } = this;
    return { errors: [code === null ? { detail } : { code, title, detail }] };
  }
}

const missing = (name: string) =>
  new TelnyxError(422, '10004', 'Missing required parameter', `Can't be blank: ${name}`);
const wrongType = (name: string) => new TelnyxError(422, '10026', 'Invalid parameter type', name);
const notOneOf = (name: string) => new TelnyxError(422, '10032', 'Invalid enumerated value', name);

export interface DialBody {
  readonly To: string;
  readonly From: string;
  readonly StatusCallback: string | null;
  readonly events: readonly string[];
  readonly ringCallerSeconds: number;
  /** Null until the answer to the Gather. */
  readonly dial: DialInstruction | null;
  readonly gather: GatherInstruction | null;
}

/** Telnyx's page on Gather, and its page on Say: `man` and `woman` speak English, and `Polly.…` are voices of Amazon. */
const GATHER_FORM: GatherForm = {
  tellsNoKey: false,
  longestTimeout: 120,
  voices: ['voice=Polly.Zhiyu-Neural', 'voice=woman'],
};

const STRINGS = [
  'ApplicationSid',
  'To',
  'From',
  'Texml',
  'StatusCallback',
  'StatusCallbackMethod',
  'StatusCallbackEvent',
];

export interface Account {
  readonly applicationSid: string;
  readonly callerNumbers: readonly string[];
}

/** @throws TelnyxError if Telnyx refuses the dial, or if it ignores something that we must not send */
export const checkDial = (body: unknown, { applicationSid, callerNumbers }: Account): DialBody => {
  if (typeof body !== 'object' || body === null) throw new TelnyxError(422, '10023', 'Invalid JSON');
  const { Timeout: timeout = 30, ...texts } = body as Record<string, unknown>;
  for (const [name, value] of Object.entries(texts)) {
    if (!STRINGS.includes(name)) throw new TelnyxError(422, '10015', 'Bad Request', `unknown: ${name}`);
    if (typeof value !== 'string') throw wrongType(name);
  }
  const given = texts as Record<string, string | undefined>;
  for (const name of ['To', 'From', 'ApplicationSid', 'Texml']) if (!given[name]) throw missing(name);
  if (!Number.isInteger(timeout) || Number(timeout) < 5 || Number(timeout) > 120) throw wrongType('Timeout');
  const { To = '', From = '', Texml = '', StatusCallback = null, StatusCallbackMethod = 'POST' } = given;
  if (given.ApplicationSid !== applicationSid)
    throw new TelnyxError(422, '10017', 'Associated resource does not exist');
  for (const number of [To, From]) {
    if (!/^\+\d{7,15}$/.test(number)) throw new TelnyxError(422, '10016', 'Phone number must be in +E.164 format');
  }
  if (!callerNumbers.includes(From)) throw new TelnyxError(403, '10010', 'Authorization failed', 'caller id');
  if (!['GET', 'POST'].includes(StatusCallbackMethod)) throw notOneOf('StatusCallbackMethod');
  const events = (given.StatusCallbackEvent ?? 'completed').split(' ');
  if (events.some((event) => !CALL_EVENTS.includes(event))) throw notOneOf('StatusCallbackEvent');
  checkUrl(StatusCallback);
  return {
    To,
    From,
    StatusCallback,
    events,
    ringCallerSeconds: Number(timeout),
    ...checkTexml(Texml, callerNumbers),
  };
};

/** A fragment is instructions for Twilio. */
const checkUrl = (url: string | null): void => {
  if (url !== null && (!URL.canParse(url) || url.includes('#'))) throw new TelnyxError(422, '10003', 'Invalid URL');
};

const checkTexml = (texml: string, callerNumbers: readonly string[]): Pick<DialBody, 'dial' | 'gather'> => {
  const gather = read(() => readGather(texml, GATHER_FORM));
  if (gather) {
    checkUrl(gather.action);
    checkUrl(gather.redirect);
    return { dial: null, gather };
  }
  const dial = read(() => readDial(texml));
  const { timeoutSeconds, timeLimitSeconds, callerId, action, statusCallback } = dial;
  // Telnyx's <Dial> has no such attribute.
  if (texml.includes('answerOnBridge')) throw new TelnyxError(422, '10015', 'Bad Request', 'answerOnBridge');
  if (timeoutSeconds < 5 || timeoutSeconds > 120) throw new TelnyxError(422, '10015', 'Bad Request', 'timeout');
  if (timeLimitSeconds < 60 || timeLimitSeconds > 14_400)
    throw new TelnyxError(422, '10015', 'Bad Request', 'timeLimit');
  if (!callerNumbers.includes(callerId)) throw new TelnyxError(403, '10010', 'Authorization failed', 'callerId');
  checkUrl(action);
  checkUrl(statusCallback);
  return { dial, gather: null };
};

const read = <T>(parse: () => T): T => {
  try {
    return parse();
  } catch (error) {
    if (error instanceof BadTwiml) throw new TelnyxError(422, '10015', 'Bad Request', error.message);
    throw error;
  }
};

/** “Status must be one of completed.” */
export const checkOrder = (contentType: string | undefined, form: URLSearchParams): void => {
  if (!contentType?.startsWith('application/x-www-form-urlencoded'))
    throw new TelnyxError(415, '10014', 'Unsupported Media Type');
  if ([...form.keys()].join() !== 'Status') throw new TelnyxError(422, '10015', 'Bad Request');
  if (form.get('Status') !== 'completed') throw notOneOf('Status');
};
