/**
 * A server with Twilio's wire format for calls, written from Twilio's public API documentation. It is stricter than Twilio,
 * so that it refuses our mistakes. The last two digits of the callee's number choose a call's script, as with the
 * simulator. Its callbacks are real, signed HTTP requests.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deliver, type CallbackOptions, type SentCallback } from './twilio-callbacks.js';
import { place, ringLegB } from './twilio-call-script.js';
import { callerHangsUp, endLegA, endLegB, isOver, newLeg, NOT_YET, shownLeg } from './twilio-calls.js';
import type { Call, CallWorld, Leg, Phase } from './twilio-calls.js';
import { ApiError, checkCreate, checkForm, checkUpdate } from './twilio-forms.js';
import { listedCalls } from './twilio-call-list.js';
import type { GatherForm } from './twilio-twiml.js';
import { faultOfRequest } from './twilio-request-check.js';

export interface TwilioServerOptions extends Partial<CallbackOptions> {
  /** Auth tokens by account. The first is the main account, whose credentials are valid for all accounts. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly callerNumbers: readonly string[];
  /** The factor by which calls are faster than real time. */
  readonly speed: number;
  readonly asksActionWhenCallerLeft?: boolean;
  /** What callers press when they are asked for a key. Default: 1. */
  readonly keys?: string;
  /** Of another company. */
  readonly gatherForm?: GatherForm;
  /** Delivers callbacks in another company's form. */
  readonly post?: CallWorld['post'];
  /** The answer to a cancel of an answered leg. Twilio documents that it has no effect, but not the answer. */
  readonly cancelOfAnswered?: 'refuse' | 'ignore';
}

export interface TwilioServer {
  readonly url: string;
  readonly port: number;
  /** `POST /2010-04-01/…`, with any answer. */
  readonly requests: string[];
  readonly forms: URLSearchParams[];
  readonly callbacks: SentCallback[];
  readonly calls: ReadonlyMap<string, Call>;
  /** Legs whose caller heard "an application error has occurred". */
  readonly applicationErrors: string[];
  /** Answers the next request with this instead. */
  answerNext(status: number, body: string, headers?: Readonly<Record<string, string>>): void;
  /** Applies to the next request that is carried out. */
  replyNext(status: number, body: string): void;
  /** New calls stay in this phase. */
  holdAt(phase: Phase): void;
  /** How long the document is that leg B hears, in the time of the calls. */
  whisperFor(seconds: number): void;
  /** Runs during the next hang-up request, after its arrival and before its outcome. */
  beforeNextOrder(act: (call: Call) => void): void;
  callOf(sid: string): Call;
  callerHangsUp(sid: string): void;
  /** What Twilio's OpenAPI document does not allow in the requests so far. Only for a test that sends wrong requests. */
  takeFaults(): string[];
  /** @throws if a request did not fit Twilio's OpenAPI document */
  close(): Promise<void>;
}

const shownAccount = (sid: string, owner: string): object => ({
  sid,
  owner_account_sid: owner,
  status: 'active',
  type: 'Full',
  friendly_name: 'Test',
  auth_token: 'not told to tests',
  date_created: 'Wed, 25 Nov 2026 05:00:00 +0000',
  date_updated: 'Wed, 25 Nov 2026 05:00:00 +0000',
  subresource_uris: {},
  uri: `/2010-04-01/Accounts/${sid}.json`,
});

const RESOURCE = /^\/2010-04-01\/Accounts\/(AC[0-9a-f]{32})(?:\/Calls(?:\/(CA[0-9a-f]{32}))?)?\.json$/;

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly accountSid: string;
  readonly sid: string | undefined;
  readonly isList: boolean;
  readonly form: URLSearchParams;
}

export const startTwilioServer = async (options: TwilioServerOptions): Promise<TwilioServer> => {
  const { accounts, callerNumbers, cancelOfAnswered = 'refuse' } = options;
  const { reach = (url: string) => url, signsFragment = false } = options;
  const main = Object.keys(accounts)[0] ?? '';
  const calls = new Map<string, Call>();
  const requests: string[] = [];
  const forms: URLSearchParams[] = [];
  const callbacks: SentCallback[] = [];
  const applicationErrors: string[] = [];
  const faults: string[] = [];
  const startedAt = Date.now();
  let prepared: { status: number; body: string; headers: Readonly<Record<string, string>> } | undefined;
  let reply: { status: number; body: string } | undefined;
  let heldAt: Phase | undefined;
  let whisperSeconds = 3;
  let interloper: ((call: Call) => void) | undefined;
  const world: CallWorld = {
    speed: options.speed,
    heldAt: () => heldAt,
    whisperSeconds: () => whisperSeconds,
    now: () => new Date(startedAt + (Date.now() - startedAt) * options.speed),
    asksActionWhenCallerLeft: options.asksActionWhenCallerLeft ?? true,
    keys: options.keys ?? '1',
    // Twilio: `canceled` means canceled over the API.
    leftUnanswered: 'no-answer',
    dialNext: (call) => ringLegB(world, call),
    post:
      options.post ??
      ((url, fields, accountSid) =>
        deliver(url, fields, accounts[accountSid] ?? '', { reach, signsFragment }, callbacks)),
    applicationError: ({ legA }) => applicationErrors.push(legA.sid),
  };

  const authorize = ({ headers }: IncomingMessage, accountSid: string): void => {
    const [, encoded = ''] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? [];
    const [user = '', token] = Buffer.from(encoded, 'base64').toString().split(':');
    const isKnown = token !== undefined && accounts[user] === token;
    if (!isKnown || (user !== accountSid && user !== main)) throw new ApiError(401, 20003, 'Authenticate');
    if (!(accountSid in accounts)) throw new ApiError(404, 20404, 'The requested resource was not found');
  };

  const create = ({ accountSid, form }: Asked): { answer: object | null; status: number } => {
    const { dial, gather, ringCallerSeconds, machineDetection } = checkCreate(form, callerNumbers, options.gatherForm);
    const script = dial?.number.slice(-2);
    if (script === '06') throw new ApiError(400, 21211, "The 'To' number is not a valid phone number.");
    if (script === '07') throw new ApiError(401, 20003, 'Authenticate');
    if (script === '09') return { status: 500, answer: { status: 500, message: 'Internal Server Error', code: 20500 } };
    const legA = newLeg(
      {
        accountSid,
        parentSid: null,
        to: form.get('To') ?? '',
        from: form.get('From') ?? '',
        statusCallback: form.get('StatusCallback'),
        statusCallbackEvents: form.has('StatusCallbackEvent') ? form.getAll('StatusCallbackEvent') : ['completed'],
      },
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
      machineDetection,
      timers: new Set(),
    };
    calls.set(legA.sid, call);
    place(world, call);
    return script === '08' ? { status: 0, answer: null } : { status: 201, answer: shownLeg(legA) };
  };

  const legBy = (sid: string, accountSid: string): { call: Call; leg: Leg } => {
    for (const call of calls.values()) {
      const leg = [call.legA, call.legB, ...call.earlierLegs].find(
        (one) => one?.sid === sid && one.accountSid === accountSid,
      );
      if (leg) return { call, leg };
    }
    throw new ApiError(404, 20404, `The requested resource /Calls/${sid}.json was not found`);
  };

  /** Reads and changes the state in one step. */
  const update = ({ sid = '', accountSid, form }: Asked): object => {
    const wanted = checkUpdate(form);
    const { call, leg } = legBy(sid, accountSid);
    const act = interloper;
    interloper = undefined;
    act?.(call);
    if (isOver(leg)) throw new ApiError(400, 21220, 'Call is not in-progress. Cannot redirect.');
    const answered = leg.status === 'in-progress';
    if (wanted === 'canceled' && answered) {
      if (cancelOfAnswered === 'ignore') return shownLeg(leg);
      throw new ApiError(400, 21220, 'Call is not in-progress. Cannot redirect.');
    }
    const status = answered ? 'completed' : 'canceled';
    if (leg === call.legA) endLegA(world, call, status);
    else endLegB(world, call, status, answered ? 200 : 487);
    return shownLeg(leg);
  };

  const answer = (asked: Asked): { answer: object | null; status: number } => {
    const { method, accountSid, sid, isList } = asked;
    if (method === 'POST' && isList) return create(asked);
    if (method === 'POST' && sid) return { status: 200, answer: update(asked) };
    if (method === 'GET' && isList) return { status: 200, answer: listedCalls(calls.values(), asked) };
    if (method === 'GET' && sid) return { status: 200, answer: shownLeg(legBy(sid, accountSid).leg) };
    if (method === 'GET') return { status: 200, answer: shownAccount(accountSid, main) };
    throw new ApiError(405, 20004, 'Method not allowed');
  };

  const handle = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    const url = new URL(request.url ?? '/', 'http://api');
    requests.push(`${request.method ?? ''} ${url.pathname}`);
    const contentType = request.headers['content-type'];
    faults.push(...[faultOfRequest({ method: request.method ?? '', url, contentType, body }) ?? []].flat());
    if (prepared) {
      response
        .writeHead(prepared.status, { 'content-type': 'application/json', ...prepared.headers })
        .end(prepared.body);
      prepared = undefined;
      return;
    }
    try {
      const [, accountSid, sid] = RESOURCE.exec(url.pathname) ?? [];
      if (accountSid === undefined) throw new ApiError(404, 20404, `${url.pathname} was not found`);
      authorize(request, accountSid);
      const method = request.method ?? '';
      const form = method === 'POST' ? checkForm(contentType, body) : new URLSearchParams();
      if (method === 'POST') forms.push(form);
      const isList = url.pathname.endsWith('/Calls.json');
      const { status, answer: shown } = answer({ method, url, accountSid, sid, isList, form });
      const written = reply ?? { status, body: JSON.stringify(shown) };
      reply = undefined;
      if (shown) response.writeHead(written.status, { 'content-type': 'application/json' }).end(written.body);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      response.writeHead(error.status, { 'content-type': 'application/json' }).end(JSON.stringify(error.shown));
    }
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handle(request, response, Buffer.concat(chunks).toString()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const callOf = (sid: string): Call => {
    const call = calls.get(sid.split('/').at(-1) ?? '');
    if (!call) throw new Error(`no call ${sid}`);
    return call;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    forms,
    callbacks,
    calls,
    applicationErrors,
    answerNext: (status, body, headers = {}) => (prepared = { status, body, headers }),
    replyNext: (status, body) => (reply = { status, body }),
    holdAt: (phase) => (heldAt = phase),
    whisperFor: (seconds) => (whisperSeconds = seconds),
    beforeNextOrder: (act) => (interloper = act),
    callOf,
    callerHangsUp: (sid) => callerHangsUp(world, callOf(sid)),
    takeFaults: () => faults.splice(0),
    async close() {
      for (const { timers } of calls.values()) for (const timer of timers) clearTimeout(timer);
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      if (faults.length > 0) throw new Error(`Twilio’s OpenAPI document does not allow: ${faults.join('; ')}`);
    },
  };
};
