/**
 * Sends the requests of Twilio's package, in the form of a dialect. The package's own client cannot be aborted, and does not report whether a
 * failed request was sent. Redirects are not followed.
 */
import { request, type Agent } from 'undici';
import { readJson, readObject } from '../../common/foreign-json.js';
import type { ProxyFor } from '../../common/proxy-rules.js';
import { retryAfterOf } from '../../common/retry-after.js';
import { traceHeaders } from '../../common/tracing.js';
import { connectionsTo } from '../provider-connections.js';
import type { Dialect } from './dialect.js';
import type twilio from 'twilio';

type SdkRequest = Parameters<twilio.RequestClient['request']>[0];
type Value = string | number | boolean | undefined;

export class TwilioHttp {
  private readonly apiUrl: string;
  private readonly agent: Agent;

  constructor(
    private readonly dialect: Dialect,
    apiUrl: string,
    proxyFor?: ProxyFor,
  ) {
    this.apiUrl = apiUrl.replace(/\/$/, '');
    this.agent = connectionsTo(dialect.company, { proxyFor });
  }

  /**
   * An HTTP client for the package whose requests abort with the signal. The package calls only `request`.
   * @param hold receives the seconds of a Retry-After, because the package's errors do not contain it
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

  /** @throws unless Twilio executed or refused the request; any other status says nothing about it */
  private async send({ method, uri, username, password, headers, params, data }: SdkRequest, signal: AbortSignal) {
    // Only the path is used: the package may take another host from environment variables.
    const { pathname, searchParams } = new URL(uri);
    for (const [name, value] of pairs(params)) searchParams.append(name, value);
    const { company, wireRequest, errorBody } = this.dialect;
    const wire = wireRequest({
      path: pathname,
      query: searchParams,
      user: username ?? '',
      secret: password ?? '',
      form: data === undefined ? null : new URLSearchParams(pairs(data)),
    });
    const query = wire.query.size > 0 ? `?${wire.query.toString()}` : '';
    const reply = await request(`${this.apiUrl}${wire.path}${query}`, {
      method: method === 'post' ? 'POST' : 'GET',
      headers: { ...(headers as Record<string, string>), ...traceHeaders(), ...wire.headers },
      dispatcher: this.agent,
      signal,
      body: wire.body,
    });
    const { statusCode } = reply;
    const body = await reply.body.text();
    const isAnswer = (statusCode >= 200 && statusCode < 300) || (statusCode >= 400 && statusCode < 500);
    if (!isAnswer) throw new Error(`${company} answered ${method} ${wire.path} with ${statusCode}`);
    // The package reads fields of any reply, even of null.
    if (statusCode < 300) readObject(`the reply of ${company}`, readJson(body));
    const read = statusCode < 300 ? body : withoutOddMessage(errorBody(statusCode, body));
    return { statusCode, body: read, headers: reply.headers };
  }
}

/** The package takes the message of its error from here, whatever it is. An error with an object there cannot be printed. */
const withoutOddMessage = (body: string): string => {
  try {
    const { message, ...others } = JSON.parse(body) as Record<string, unknown>;
    return message === undefined || typeof message === 'string' ? body : JSON.stringify(others);
  } catch {
    return body;
  }
};

/** As the package passes them: undefined is not sent, and a list becomes repeated parameters. */
const pairs = (values: object | null | undefined): [string, string][] =>
  Object.entries((values ?? {}) as Record<string, Value | readonly Value[]>).flatMap(([name, value]) =>
    [value].flat().flatMap((one): [string, string][] => (one === undefined ? [] : [[name, String(one)]])),
  );
