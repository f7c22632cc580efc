/**
 * How the package's requests go out. Its own client cannot be told to stop, and does not say whether a request that failed
 * had been sent. Here no redirection is followed.
 */
import { request, type Agent } from 'undici';
import { readJson, readObject } from '../../common/foreign-json.js';
import type { ProxyFor } from '../../common/proxy-rules.js';
import { retryAfterOf } from '../../common/retry-after.js';
import { connectionsTo } from '../provider-connections.js';
import type twilio from 'twilio';

type SdkRequest = Parameters<twilio.RequestClient['request']>[0];
type Value = string | number | boolean | undefined;

export class TwilioHttp {
  private readonly apiUrl: string;
  private readonly agent: Agent;

  constructor(apiUrl: string, proxyFor?: ProxyFor) {
    this.apiUrl = apiUrl.replace(/\/$/, '');
    this.agent = connectionsTo('Twilio', { proxyFor });
  }

  /**
   * What the package takes for its HTTP client, for requests that end with the signal: it calls nothing but `request`.
   * @param hold gets the seconds for which Twilio wants no such request, where it says so: the package's errors do not tell
   */
  until(signal: AbortSignal, hold?: (seconds: number) => void): twilio.RequestClient {
    const request = async (order: SdkRequest) => {
      const reply = await this.send(order, signal);
      const seconds = retryAfterOf(reply.statusCode, [reply.headers['retry-after']].flat()[0], new Date());
      if (seconds > 0) hold?.(seconds);
      return reply;
    };
    return { request } as unknown as twilio.RequestClient;
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  /** @throws where Twilio neither did it nor refused it: no other status is a word about the request */
  private async send({ method, uri, username, password, headers, params, data }: SdkRequest, signal: AbortSignal) {
    // Only the path: the package would take another host from variables of the environment.
    const { pathname, searchParams } = new URL(uri);
    for (const [name, value] of pairs(params)) searchParams.append(name, value);
    const query = searchParams.size > 0 ? `?${searchParams.toString()}` : '';
    const credentials = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
    const reply = await request(`${this.apiUrl}${pathname}${query}`, {
      method: method === 'post' ? 'POST' : 'GET',
      headers: { ...(headers as Record<string, string>), Authorization: `Basic ${credentials}` },
      dispatcher: this.agent,
      signal,
      ...(data !== undefined && { body: new URLSearchParams(pairs(data)).toString() }),
    });
    const { statusCode } = reply;
    const body = await reply.body.text();
    const isAnswer = (statusCode >= 200 && statusCode < 300) || (statusCode >= 400 && statusCode < 500);
    if (!isAnswer) throw new Error(`Twilio answered ${method} ${pathname} with ${statusCode}`);
    // The package reads fields of whatever is there, also of null.
    if (statusCode < 300) readObject('the reply of Twilio', readJson(body));
    return { statusCode, body, headers: reply.headers };
  }
}

/** As the package hands them over: undefined is not sent, a list is sent as the same name again and again. */
const pairs = (values: object | null | undefined): [string, string][] =>
  Object.entries((values ?? {}) as Record<string, Value | readonly Value[]>).flatMap(([name, value]) =>
    [value].flat().flatMap((one): [string, string][] => (one === undefined ? [] : [[name, String(one)]])),
  );
