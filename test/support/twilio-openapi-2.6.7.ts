/**
 * The requests for calls that Twilio's OpenAPI document allows. These facts were read from twilio/twilio-oai 2.6.7 of 2026-04-14
 * (d50069b4), spec/json/twilio_api_v2010.json, whose own version is 1.0.0. Where the document lists a parameter's values only in
 * its description, they are an enumeration here.
 */

/** JSON Schema of a parameter, in the words of the document. */
type Parameter = Readonly<Record<string, unknown>>;

export interface Operation {
  /** The document's operationId. */
  readonly id: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly inPath: Readonly<Record<string, Parameter>>;
  readonly inQuery: Readonly<Record<string, Parameter>>;
  /** Of the form; null if the operation has no body. */
  readonly inForm: Readonly<Record<string, Parameter>> | null;
  /** Of the form's fields. */
  readonly required: readonly string[];
}

const sid = (prefix: string): Parameter => ({
  type: 'string',
  minLength: 34,
  maxLength: 34,
  pattern: `^${prefix}[0-9a-fA-F]{32}$`,
});
const STRING: Parameter = { type: 'string' };
const INTEGER: Parameter = { type: 'integer' };
const URI: Parameter = { type: 'string', format: 'uri' };
const DATE_TIME: Parameter = { type: 'string', format: 'date-time' };
const PHONE_NUMBER: Parameter = { type: 'string', format: 'phone-number' };
const ENDPOINT: Parameter = { type: 'string', format: 'endpoint' };
const oneOf = (...values: readonly string[]): Parameter => ({ type: 'string', enum: values });
const severalOf = (...values: readonly string[]): Parameter => ({ type: 'array', items: oneOf(...values) });
const HTTP_METHOD = oneOf('GET', 'POST');
const CALL_STATUS = oneOf('queued', 'ringing', 'in-progress', 'completed', 'busy', 'failed', 'no-answer', 'canceled');

const ACCOUNT = '/2010-04-01/Accounts/{AccountSid}';

export const OPERATIONS: readonly Operation[] = [
  {
    id: 'FetchAccount',
    method: 'GET',
    path: '/2010-04-01/Accounts/{Sid}.json',
    inPath: { Sid: sid('AC') },
    inQuery: {},
    inForm: null,
    required: [],
  },
  {
    id: 'CreateCall',
    method: 'POST',
    path: `${ACCOUNT}/Calls.json`,
    inPath: { AccountSid: sid('AC') },
    inQuery: {},
    inForm: {
      To: ENDPOINT,
      From: ENDPOINT,
      Method: HTTP_METHOD,
      FallbackUrl: URI,
      FallbackMethod: HTTP_METHOD,
      StatusCallback: URI,
      StatusCallbackEvent: severalOf('initiated', 'ringing', 'answered', 'completed'),
      StatusCallbackMethod: HTTP_METHOD,
      SendDigits: STRING,
      Timeout: INTEGER,
      Record: { type: 'boolean' },
      RecordingChannels: oneOf('mono', 'dual'),
      RecordingStatusCallback: STRING,
      RecordingStatusCallbackMethod: HTTP_METHOD,
      RecordingStatusCallbackEvent: severalOf('in-progress', 'completed', 'absent'),
      RecordingTrack: oneOf('inbound', 'outbound', 'both'),
      SipAuthUsername: STRING,
      SipAuthPassword: STRING,
      MachineDetection: oneOf('Enable', 'DetectMessageEnd'),
      MachineDetectionTimeout: INTEGER,
      MachineDetectionSpeechThreshold: INTEGER,
      MachineDetectionSpeechEndThreshold: INTEGER,
      MachineDetectionSilenceTimeout: INTEGER,
      AsyncAmd: oneOf('true', 'false'),
      AsyncAmdStatusCallback: URI,
      AsyncAmdStatusCallbackMethod: HTTP_METHOD,
      Trim: oneOf('trim-silence', 'do-not-trim'),
      CallerId: STRING,
      Byoc: sid('BY'),
      CallReason: STRING,
      CallToken: STRING,
      TimeLimit: INTEGER,
      ClientNotificationUrl: URI,
      Url: URI,
      Twiml: { type: 'string', format: 'twiml' },
      ApplicationSid: sid('AP'),
    },
    required: ['To', 'From'],
  },
  {
    id: 'ListCall',
    method: 'GET',
    path: `${ACCOUNT}/Calls.json`,
    inPath: { AccountSid: sid('AC') },
    inQuery: {
      To: PHONE_NUMBER,
      From: PHONE_NUMBER,
      ParentCallSid: sid('CA'),
      Status: CALL_STATUS,
      StartTime: DATE_TIME,
      'StartTime<': DATE_TIME,
      'StartTime>': DATE_TIME,
      EndTime: DATE_TIME,
      'EndTime<': DATE_TIME,
      'EndTime>': DATE_TIME,
      PageSize: { type: 'integer', minimum: 1, maximum: 1000 },
      Page: { type: 'integer', minimum: 0 },
      PageToken: STRING,
    },
    inForm: null,
    required: [],
  },
  {
    id: 'FetchCall',
    method: 'GET',
    path: `${ACCOUNT}/Calls/{Sid}.json`,
    inPath: { AccountSid: sid('AC'), Sid: sid('CA') },
    inQuery: {},
    inForm: null,
    required: [],
  },
  {
    id: 'UpdateCall',
    method: 'POST',
    path: `${ACCOUNT}/Calls/{Sid}.json`,
    inPath: { AccountSid: sid('AC'), Sid: sid('CA') },
    inQuery: {},
    inForm: {
      Url: URI,
      Method: HTTP_METHOD,
      Status: oneOf('canceled', 'completed'),
      FallbackUrl: URI,
      FallbackMethod: HTTP_METHOD,
      StatusCallback: URI,
      StatusCallbackMethod: HTTP_METHOD,
      Twiml: { type: 'string', format: 'twiml' },
      TimeLimit: INTEGER,
    },
    required: [],
  },
];
