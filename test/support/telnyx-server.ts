/**
 * A server with Telnyx's wire format for TeXML calls, written from Telnyx's OpenAPI document (TeXML Calls API 2.0.0). The last
 * two digits of the callee's number choose a call's script, as with the simulator.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { KeyObject } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { deliver, telnyxFields } from './telnyx-callbacks.js';
import { checkDial, checkOrder, TelnyxError } from './telnyx-forms.js';
import { place, ringLegB } from './twilio-call-script.js';
import type { SentCallback } from './twilio-callbacks.js';
import { callerHangsUp, endLegA, endLegB, isOver, newLeg, NOT_YET, rfc2822 } from './twilio-calls.js';
import type { Call, CallWorld, Leg, Phase } from './twilio-calls.js';

export interface TelnyxServerOptions {
  readonly accountSid: string;
  readonly apiKey: string;
  readonly applicationSid: string;
  readonly privateKey: KeyObject;
  readonly callerNumbers: readonly string[];
  /** The factor by which calls are faster than real time. */
  readonly speed: number;
  /** Maps a public URL to one on this machine. */
  readonly reach: (url: string) => string;
  /** Callbacks wait for this. */
  readonly callbacksFrom?: Promise<void>;
}

export interface TelnyxServer {
  readonly url: string;
  readonly port: number;
  /** Bodies of the dials that were carried out or refused. */
  readonly dials: Readonly<Record<string, unknown>>[];
  readonly callbacks: SentCallback[];
  readonly calls: ReadonlyMap<string, Call>;
  /** Answers the next request with this instead. */
  answerNext(status: number, body: string, headers?: Readonly<Record<string, string>>): void;
  /** New calls stay in this phase. */
  holdAt(phase: Phase): void;
  /** How long the document is that leg B hears, in the time of the calls. */
  whisperFor(seconds: number): void;
  callerHangsUp(call: Call): void;
  close(): Promise<void>;
}

export const telnyxId = (sid: string): string => `v3:${Buffer.from(sid).toString('base64url')}`;

const RESOURCE = /^\/v2\/texml\/Accounts\/([\w-]+)\/Calls(?:\/([^/]+))?$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

const secondsOf = ({ startedAt, endedAt }: Leg): number =>
  startedAt && endedAt ? Math.round((endedAt.getTime() - startedAt.getTime()) / 1000) : 0;

export const startTelnyxServer = async (options: TelnyxServerOptions): Promise<TelnyxServer> => {
  const { accountSid, apiKey, applicationSid, privateKey, callerNumbers, speed, reach } = options;
  const calls = new Map<string, Call>();
  const dials: Readonly<Record<string, unknown>>[] = [];
  const callbacks: SentCallback[] = [];
  const startedAt = Date.now();
  let prepared: { status: number; body: string; headers: Readonly<Record<string, string>> } | undefined;
  let heldAt: Phase | undefined;
  let whisperSeconds = 3;
  const world: CallWorld = {
    speed,
    heldAt: () => heldAt,
    whisperSeconds: () => whisperSeconds,
    now: () => new Date(startedAt + (Date.now() - startedAt) * speed),
    asksActionWhenCallerLeft: true,
    keys: '1',
    leftUnanswered: 'canceled',
    dialNext: (call) => ringLegB(world, call),
    async post(url, fields) {
      await options.callbacksFrom;
      return deliver(url, telnyxFields(fields, { accountSid, applicationSid }, telnyxId), privateKey, reach, callbacks);
    },
    applicationError: () => undefined,
  };

  /** A CallResource of the document: it has no field for the call that has dialled it. */
  const shown = (leg: Leg): object => ({
    account_sid: accountSid,
    caller_name: leg.from,
    date_created: rfc2822(leg.createdAt),
    date_updated: rfc2822(leg.updatedAt),
    direction: 'outbound',
    duration: String(secondsOf(leg)),
    end_time: leg.endedAt && rfc2822(leg.endedAt),
    from: leg.from,
    from_formatted: leg.from,
    sid: telnyxId(leg.sid),
    start_time: leg.startedAt && rfc2822(leg.startedAt),
    status: leg.status === 'queued' ? 'ringing' : leg.status,
    to: leg.to,
    to_formatted: leg.to,
    uri: `/v2/texml/Accounts/${accountSid}/Calls/${telnyxId(leg.sid)}.json`,
  });

  const legs = (): { call: Call; leg: Leg }[] =>
    [...calls.values()].flatMap((call) =>
      [call.legA, call.legB, ...call.earlierLegs].flatMap((leg) => (leg ? [{ call, leg }] : [])),
    );

  const legBy = (id: string): { call: Call; leg: Leg } => {
    const found = legs().find(({ leg }) => telnyxId(leg.sid) === id);
    if (!found) throw new TelnyxError(404, null, 'Resource not found');
    return found;
  };

  const dial = (body: unknown): { status: number; answer: object | null } => {
    const { To, From, StatusCallback, events, ringCallerSeconds, dial, gather } = checkDial(body, {
      applicationSid,
      callerNumbers,
    });
    const script = dial?.number.slice(-2);
    if (script === '06') throw new TelnyxError(422, '10002', 'Invalid phone number');
    const legA = newLeg(
      { accountSid, parentSid: null, to: To, from: From, statusCallback: StatusCallback, statusCallbackEvents: events },
      world.now(),
    );
    const call: Call = {
      legA,
      legB: null,
      earlierLegs: [],
      dial: dial ?? NOT_YET,
      joined: false,
      gather,
      ringCallerSeconds,
      machineDetection: null,
      timers: new Set(),
    };
    calls.set(legA.sid, call);
    place(world, call);
    return { status: 200, answer: { from: From, to: To, status: 'queued' } };
  };

  const order = (id: string): object => {
    const { call, leg } = legBy(id);
    if (isOver(leg)) throw new TelnyxError(422, '90018', 'Call has already ended');
    const answered = leg.status === 'in-progress';
    if (leg === call.legA) endLegA(world, call, answered ? 'completed' : 'canceled');
    else endLegB(world, call, answered ? 'completed' : 'canceled', answered ? 200 : 487);
    return shown(leg);
  };

  const list = (query: URLSearchParams): object => {
    for (const name of query.keys()) {
      if (!['To', 'From', 'StartTime_gt', 'PageSize'].includes(name))
        throw new TelnyxError(422, '10015', 'Bad Request', name);
    }
    const after = query.get('StartTime_gt');
    if (after !== null && !DAY.test(after))
      throw new TelnyxError(422, '10026', 'Invalid parameter type', 'StartTime_gt');
    const found = legs()
      .map(({ leg }) => leg)
      .filter(({ to, from }) => [to, null].includes(query.get('To')) && [from, null].includes(query.get('From')))
      .filter(({ startedAt: at }) => after === null || (at !== null && at.toISOString().slice(0, 10) > after));
    const uri = `/v2/texml/Accounts/${accountSid}/Calls.json`;
    return {
      calls: found.map(shown),
      end: 0,
      first_page_uri: uri,
      next_page_uri: null,
      page: 0,
      page_size: 20,
      start: 0,
      uri,
    };
  };

  const answer = (
    { method, headers }: IncomingMessage,
    url: URL,
    body: string,
  ): { status: number; answer: object | null } => {
    const [, account, id] = RESOURCE.exec(url.pathname) ?? [];
    if (account === undefined) throw new TelnyxError(404, '10005', 'Resource not found');
    if (headers.authorization !== `Bearer ${apiKey}`) throw new TelnyxError(401, '10009', 'Authentication failed');
    if (account !== accountSid) throw new TelnyxError(404, '10005', 'Resource not found');
    const callId = id === undefined ? undefined : decodeURIComponent(id);
    if (method === 'GET')
      return { status: 200, answer: callId === undefined ? list(url.searchParams) : shown(legBy(callId).leg) };
    if (method !== 'POST') throw new TelnyxError(405, '10015', 'Bad Request');
    if (callId !== undefined) {
      checkOrder(headers['content-type'], new URLSearchParams(body));
      return { status: 200, answer: order(callId) };
    }
    if (headers['content-type'] !== 'application/json') throw new TelnyxError(415, '10014', 'Unsupported Media Type');
    const given = JSON.parse(body) as Record<string, unknown>;
    dials.push(given);
    return dial(given);
  };

  const respond = (request: IncomingMessage, body: string): { status: number; text: string; headers?: object } => {
    if (prepared) {
      const { status, body: text, headers } = prepared;
      prepared = undefined;
      return { status, text, headers };
    }
    try {
      const { status, answer: shownAnswer } = answer(request, new URL(request.url ?? '/', 'http://api'), body);
      return { status, text: JSON.stringify(shownAnswer) };
    } catch (error) {
      if (!(error instanceof TelnyxError)) throw error;
      return { status: error.status, text: JSON.stringify(error.shown) };
    }
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { status, text, headers } = respond(request, Buffer.concat(chunks).toString());
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    dials,
    callbacks,
    calls,
    answerNext: (status, body, headers = {}) => (prepared = { status, body, headers }),
    holdAt: (phase) => (heldAt = phase),
    whisperFor: (seconds) => (whisperSeconds = seconds),
    callerHangsUp: (call) => callerHangsUp(world, call),
    async close() {
      for (const { timers } of calls.values()) for (const timer of timers) clearTimeout(timer);
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
