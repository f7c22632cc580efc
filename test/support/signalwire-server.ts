/**
 * A server with the wire format of SignalWire's Compatibility API, written from its published specification (signalwire/docs,
 * specs/compatibility-api). Behind it is the Twilio test server: only ids, paths, credentials, errors and callbacks differ.
 * So Twilio's OpenAPI document is a witness of these requests too.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { signatureOf, type SentCallback } from './twilio-callbacks.js';
import { startTwilioServer, type TwilioServer } from './twilio-server.js';

export interface SignalWireServerOptions {
  readonly projectId: string;
  readonly apiToken: string;
  readonly signingKey: string;
  readonly callerNumbers: readonly string[];
  /** The factor by which calls are faster than real time. */
  readonly speed: number;
  /** Maps a public URL to one on this machine. */
  readonly reach: (url: string) => string;
}

export interface SignalWireServer extends Pick<
  TwilioServer,
  'forms' | 'calls' | 'holdAt' | 'whisperFor' | 'answerNext' | 'callerHangsUp'
> {
  readonly url: string;
  readonly port: number;
  readonly callbacks: SentCallback[];
  close(): Promise<void>;
}

const HEX = /\b(?:AC|CA)([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})\b/g;
export const uuids = (text: string): string => text.replace(HEX, '$1-$2-$3-$4-$5');
const sid = (prefix: 'AC' | 'CA', uuid: string): string => prefix + uuid.replaceAll('-', '');

const RESOURCE = /^\/api\/laml\/2010-04-01\/Accounts\/([0-9a-f-]{36})(?:(\/Calls)(?:\/([0-9a-f-]{36}))?)?\.json$/;

/** From the cXML pages on Gather and Say, and the pages on voices: the Chinese one is an example there. */
const GATHER_FORM = {
  tellsNoKey: true,
  longestTimeout: 600,
  voices: ['voice=gcloud.cmn-CN-Standard-D', 'language=en-US'],
};

/** A refused dial has its errors in a list; any other refusal is one error (specs/compatibility-api/_shared/errors.tsp). */
const refusalOf = (status: number, text: string, isDial: boolean): string => {
  if (status !== 400 || !isDial) return text;
  const { code, message, more_info: info } = JSON.parse(text) as { code: number; message: string; more_info: string };
  return JSON.stringify({ errors: [{ code: String(code), message, more_info: info }] });
};

export const startSignalWireServer = async (options: SignalWireServerOptions): Promise<SignalWireServer> => {
  const { projectId, apiToken, signingKey, callerNumbers, speed, reach } = options;
  const callbacks: SentCallback[] = [];

  const post = async (url: string, given: Record<string, string>): Promise<string | null> => {
    const fields = Object.fromEntries(
      Object.entries(given)
        .filter(([name]) => name !== 'Called' && name !== 'Caller')
        .map(([name, value]) => [name === 'SipResponseCode' ? 'SipResultCode' : name, uuids(value)]),
    );
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-signalwire-signature': signatureOf(signingKey, url, fields),
    };
    const body = new URLSearchParams(fields).toString();
    const answer = await request(reach(url), { method: 'POST', headers, body })
      .then(async (reply) => ({ status: reply.statusCode, body: await reply.body.text() }))
      .catch(() => null);
    callbacks.push({ url, fields, headers, answers: [answer?.status ?? null] });
    return answer && answer.status >= 200 && answer.status < 300 ? answer.body : null;
  };
  const account = sid('AC', projectId);
  const inner = await startTwilioServer({
    accounts: { [account]: apiToken },
    callerNumbers,
    speed,
    gatherForm: GATHER_FORM,
    post,
  });

  const forward = async ({ method, headers }: IncomingMessage, url: URL, body: string) => {
    const [, project, calls = '', call] = RESOURCE.exec(url.pathname) ?? [];
    if (project === undefined) return { status: 404, text: '{"code":20404,"message":"The resource was not found"}' };
    const query = new URLSearchParams(url.searchParams);
    const parent = query.get('ParentCallSid');
    if (parent !== null) query.set('ParentCallSid', sid('CA', parent));
    const [user = '', token = ''] = Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64')
      .toString()
      .split(':');
    const path = `/2010-04-01/Accounts/${sid('AC', project)}${calls}${call === undefined ? '' : `/${sid('CA', call)}`}.json`;
    const reply = await request(`${inner.url}${path}${query.size > 0 ? `?${query.toString()}` : ''}`, {
      method: method === 'POST' ? 'POST' : 'GET',
      headers: {
        ...(headers['content-type'] !== undefined && { 'content-type': headers['content-type'] }),
        authorization: `Basic ${Buffer.from(`${sid('AC', user)}:${token}`).toString('base64')}`,
      },
      ...(body !== '' && { body }),
    });
    const text = uuids(await reply.body.text()).replace(/"duration":"(\d+)"/g, '"duration":$1');
    const retryAfter = reply.headers['retry-after'];
    return {
      status: reply.statusCode,
      ...(retryAfter !== undefined && { headers: { 'retry-after': String(retryAfter) } }),
      text: refusalOf(reply.statusCode, text, method === 'POST' && call === undefined),
    };
  };

  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      void forward(incoming, new URL(incoming.url ?? '/', 'http://api'), Buffer.concat(chunks).toString()).then(
        ({ status, text, headers }) =>
          response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text),
        () => response.destroy(),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    callbacks,
    forms: inner.forms,
    calls: inner.calls,
    holdAt: (phase) => inner.holdAt(phase),
    whisperFor: (seconds) => inner.whisperFor(seconds),
    answerNext: (...reply) => inner.answerNext(...reply),
    callerHangsUp: (id) => inner.callerHangsUp(id),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      await inner.close();
    },
  };
};
