/**
 * How strictly Yuntongxun's stand-in checks a request: it requires everything that the vendor's clients send, and refuses
 * anything else. Codes 1129xx are our own, for errors without a code in any public source.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { XMLParser } from 'fast-xml-parser';

export interface StandInAccounts {
  readonly accountSid: string;
  readonly authToken: string;
  readonly appId: string;
  /** subAccountSid -> subToken */
  readonly subAccounts: ReadonlyMap<string, string>;
}

export type Format = 'json' | 'xml';
export type Operation = keyof typeof OPERATIONS;

export interface CheckedRequest {
  readonly operation: Operation;
  readonly format: Format;
  /** The account or sub-account in the path. */
  readonly sid: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Answered in the vendor's envelope. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    text: string,
  ) {
    super(text);
  }
}

/** Answered with a bare HTTP status, without the vendor's envelope. */
export class Bare extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

/** The XML root, required fields, and optional fields. */
const OPERATIONS = {
  'POST SubAccounts Calls/Callback': {
    root: 'CallBack',
    required: ['from', 'to'],
    optional: [
      ...['customerSerNum', 'fromSerNum', 'promptTone', 'alwaysPlay', 'terminalDtmf', 'userData', 'maxCallTime'],
      ...['hangupCdrUrl', 'needBothCdr', 'needRecord', 'recordPoint', 'countDownTime', 'countDownPrompt', 'appId'],
    ],
  },
  'POST SubAccounts Calls/CallCancel': { root: 'CallCancel', required: ['appId', 'callSid'], optional: ['type'] },
  'POST Accounts Calls/CallCancel': { root: 'CallCancel', required: ['appId', 'callSid'], optional: ['type'] },
  'POST Accounts SubAccounts': { root: 'SubAccount', required: ['appId', 'friendlyName'], optional: [] },
  'POST Accounts QuerySubAccountByName': { root: 'SubAccount', required: ['appId', 'friendlyName'], optional: [] },
  'GET Accounts AccountInfo': { root: '', required: [], optional: [] },
  'GET Accounts CallResult': { root: '', required: ['callsid'], optional: [] },
} as const;

const PHONE = /^(?:1\d{10}|0\d{9,11}(?:-\d{1,6})?|400\d{7}|[1-9]\d{2,7})$/;
const SHAPES: Readonly<Record<string, RegExp>> = {
  from: PHONE,
  to: PHONE,
  userData: /^[0-9A-Za-z]{0,256}$/,
  maxCallTime: /^[1-9]\d*$/,
  needBothCdr: /^[01]$/,
  needRecord: /^[01]$/,
  customerSerNum: PHONE,
  fromSerNum: PHONE,
  hangupCdrUrl: /^https?:\/\/\S+$/,
  type: /^[012]$/,
  friendlyName: /^[\w@.-]+$/,
};

/** The vendor's window is a day, according to integrators. A client with a correct clock needs less than a minute. */
const WINDOW_MS = 60_000;

/** @throws Refused Bare */
export const checkRequest = (request: IncomingMessage, body: string, accounts: StandInAccounts): CheckedRequest => {
  const url = new URL(request.url ?? '', 'http://stand-in');
  const [, version, kind = '', sid = '', ...rest] = url.pathname.split('/');
  if (version !== '2013-12-26') throw new Refused('111110', 'SoftVersion');
  const operation = `${request.method ?? ''} ${kind} ${rest.join('/')}` as Operation;
  if (!(operation in OPERATIONS)) throw new Bare(404, `no such path: ${operation}`);
  const format = formatOf(request);
  checkSignature(request, url.searchParams, { sid, token: tokenOf(kind, sid, accounts) });
  const query = Object.fromEntries([...url.searchParams].filter(([name]) => name !== 'sig'));
  const isGet = request.method === 'GET';
  if (isGet ? body !== '' : Object.keys(query).length > 0) throw new Refused('112900', 'fields are in the wrong place');
  const fields = isGet ? query : readBody(format, OPERATIONS[operation].root, body);
  checkFields(operation, fields);
  if (fields.appId !== undefined && fields.appId !== accounts.appId) throw new Refused('111181', 'no such app');
  return { operation, format, sid, fields };
};

const formatOf = ({ headers }: IncomingMessage): Format => {
  const format = (['json', 'xml'] as const).find((known) => headers.accept === `application/${known}`);
  if (!format) throw new Bare(406, 'Accept is neither application/json nor application/xml');
  if (headers['content-type'] !== `application/${format};charset=utf-8`) throw new Bare(415, 'Content-Type');
  return format;
};

const tokenOf = (kind: string, sid: string, { accountSid, authToken, subAccounts }: StandInAccounts): string => {
  if (!/^[0-9a-z]{32}$/.test(sid)) throw new Refused('111100', 'the account in the path');
  const token = kind === 'SubAccounts' ? subAccounts.get(sid) : sid === accountSid ? authToken : undefined;
  if (token === undefined) throw new Refused(kind === 'SubAccounts' ? '111150' : '111141', 'no such account');
  return token;
};

const checkSignature = (
  { headers }: IncomingMessage,
  query: URLSearchParams,
  { sid, token }: { sid: string; token: string },
): void => {
  const header = headers.authorization ?? '';
  if (header === '') throw new Refused('111101', 'Authorization is empty');
  const decoded = Buffer.from(header, 'base64');
  if (decoded.toString('base64') !== header) throw new Refused('111102', 'Authorization is no base64');
  const [headerSid, timestamp, ...more] = decoded.toString().split(':');
  if (timestamp === undefined || more.length > 0) throw new Refused('111103', 'Authorization is not sid:timestamp');
  if (headerSid !== sid) throw new Refused('111107', 'the accounts of header and path differ');
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(timestamp)?.slice(1);
  if (!parts) throw new Refused('111113', 'the timestamp is not yyyyMMddHHmmss');
  const [year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year!}-${month!}-${day!}T${hour!}:${minute!}:${second!}+08:00`);
  if (!(Math.abs(Date.now() - time) < WINDOW_MS)) throw new Refused('111106', 'the timestamp has expired');
  const sig = query.getAll('sig');
  if (sig.length !== 1) throw new Refused('111108', 'there is no sig, or more than one');
  const expected = createHash('md5').update(`${sid}${token}${timestamp}`).digest('hex').toUpperCase();
  if (sig[0] !== expected) throw new Refused('111109', 'the sig is wrong');
};

const XML = new XMLParser({ parseTagValue: false, ignoreAttributes: false, ignoreDeclaration: true });

const readBody = (format: Format, root: string, body: string): Record<string, string> => {
  const whole = format === 'json' ? (JSON.parse(body) as unknown) : (XML.parse(body) as Record<string, unknown>);
  if (format === 'xml' && Object.keys(whole as object).join() !== root) throw new Refused('112901', `no <${root}>`);
  const fields = (format === 'json' ? whole : (whole as Record<string, unknown>)[root]) as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string') throw new Refused('112902', `${name} is no text`);
  }
  return fields as Record<string, string>;
};

const checkFields = (operation: Operation, fields: Readonly<Record<string, string>>): void => {
  const required: readonly string[] = OPERATIONS[operation].required;
  const optional: readonly string[] = OPERATIONS[operation].optional;
  const missing = required.find((name) => (fields[name] ?? '') === '');
  if (missing !== undefined) throw new Refused('112903', `${missing} is missing`);
  for (const [name, value] of Object.entries(fields)) {
    if (!required.includes(name) && !optional.includes(name)) throw new Refused('112904', `${name} is no field`);
    if (SHAPES[name] && !SHAPES[name].test(value)) throw new Refused('112905', `${name} has the wrong shape`);
  }
  if (fields.customerSerNum !== undefined && fields.customerSerNum === fields.to) {
    throw new Refused('112906', 'customerSerNum is to');
  }
  if (fields.fromSerNum !== undefined && fields.fromSerNum === fields.from) {
    throw new Refused('112906', 'fromSerNum is from');
  }
};
