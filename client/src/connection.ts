/** Where the service is, and who asks. Sends a request and reads a refusal. */
import { RingbackError, type Problem } from './ringback-error.js';

export interface ConnectionOptions {
  /** Of the service, such as `https://calls.example.com`. A path in front of `/v1` is kept. */
  readonly url: string | URL;
  /**
   * An access token, or for a backend an API key. A function is called before each request, and again when a token has
   * been refused; let it return a token that is still valid for a while. If it fails, or has no token within 30 seconds, the
   * request is not sent and fails with NO_ANSWER. A watch then asks again, up to 20 times in a row. Only `ringbackApi` throws
   * the function's own error.
   */
  readonly token: string | (() => string | Promise<string>);
  /** Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST';
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Called when the token is there: from now on, it is Ringback that has to answer. */
  readonly onSend?: () => void;
}

/** Without the slash at its end. */
export const baseOf = (url: string | URL): string => new URL(url).href.replace(/\/+$/, '');

/** A token function usually asks a backend. */
const TOKEN_LIMIT_SECONDS = 30;

/** @throws the function's own error, an Error if it does not answer in time, or the reason of the signal if it aborts */
export const currentToken = async (token: ConnectionOptions['token'], signal?: AbortSignal): Promise<string> => {
  if (typeof token === 'string') return token;
  signal?.throwIfAborted();
  let stopWaiting = (): void => undefined;
  const interruption = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`The token function has not answered within ${TOKEN_LIMIT_SECONDS} seconds.`));
    }, TOKEN_LIMIT_SECONDS * 1_000);
    const abort = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', abort);
    stopWaiting = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
  });
  try {
    return await Promise.race([token(), interruption]);
  } finally {
    stopWaiting();
  }
};

export class Connection {
  readonly #base: string;
  readonly #token: ConnectionOptions['token'];
  readonly #fetch: typeof globalThis.fetch;

  constructor({ url, token, fetch }: ConnectionOptions) {
    this.#base = baseOf(url);
    this.#token = token;
    this.#fetch = fetch ?? globalThis.fetch.bind(globalThis);
  }

  get hasFreshTokens(): boolean {
    return typeof this.#token === 'function';
  }

  /** @throws RingbackError for a refusal, and if there is no token or no answer; the reason of the signal if it aborts */
  async send(path: string, options: RequestOptions): Promise<Response> {
    const { method = 'GET', query = {}, headers, body, signal, onSend } = options;
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const token = await currentToken(this.#token, signal).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw noAnswer(cause, 'The token function has failed. The request was not sent.');
    });
    onSend?.();
    const request = {
      method,
      headers: {
        ...headers,
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
      cache: 'no-store',
      credentials: 'omit',
    } as const;
    const response = await this.#fetch(url, request).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw noAnswer(cause);
    });
    if (!response.ok) throw await refusalOf(response);
    return response;
  }
}

export const noAnswer = (cause: unknown, message = 'Ringback has not answered.'): RingbackError =>
  new RingbackError({ code: 'NO_ANSWER', message, cause });

/** Null if it is no JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** @throws RingbackError NO_ANSWER if the body is cut off, and UNKNOWN if it is no JSON, as a captive portal's page */
export const bodyOf = async <Body>(response: Response): Promise<Body> => {
  const text = await response.text().catch((cause: unknown) => {
    throw noAnswer(cause);
  });
  const body = parseJson(text);
  if (body === null) {
    throw new RingbackError({
      code: 'UNKNOWN',
      message: `HTTP status ${response.status}, but the body is no JSON. A proxy or a captive portal may have answered.`,
      httpStatus: response.status,
    });
  }
  return body as Body;
};

const secondsIn = (retryAfter: string | null): number | undefined =>
  retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined;

const jsonOf = async (response: Response): Promise<unknown> => {
  try {
    return await response.json();
  } catch {
    return null;
  }
};

/** The contract's body, a problem body, or what a proxy has sent. */
interface AnyBody extends Problem {
  readonly returnCode?: number;
  readonly returnMsg?: string;
}

/** @param body if it has been read already */
export const refusalOf = async (response: Response, body?: unknown): Promise<RingbackError> => {
  const { headers, status } = response;
  const read = (body ?? (await jsonOf(response)) ?? {}) as AnyBody;
  return new RingbackError({
    code: headers.get('x-ringback-error') ?? read.code ?? 'UNKNOWN',
    message: read.returnMsg ?? read.detail ?? read.title ?? `HTTP status ${status}`,
    httpStatus: status,
    returnCode: read.returnCode,
    retryAfterSeconds: secondsIn(headers.get('retry-after')),
    requestId: headers.get('x-request-id') ?? undefined,
    problem: read.code === undefined ? undefined : read,
  });
};
