/**
 * OpenID Connect by openid-client: authorization code flow with PKCE, state and nonce. Tokens of the identity provider stay
 * in this process. The steps of one sign-in may reach different replicas, so what belongs to it is in a cookie.
 */
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Configuration, CustomFetch } from 'openid-client';
import { Agent, fetch } from 'undici';
import { boundedText } from '../common/bounded-text.js';
import { AppError } from '../common/error-table.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { connectorBy } from '../common/proxied-connector.js';
import { proxyRules } from '../common/proxy-rules.js';
import { CONFIG, type Config } from '../config/config.js';
import { withinLimit } from '../common/time-limit.js';

export const FLOW_SECONDS = 600;

/** As for the keys of access tokens (auth/key-set.ts). */
const FETCH_LIMIT_MS = 3_000;
const MAX_BYTES = 256 * 1024;
/** The addresses of an identity provider hardly change. */
const DISCOVERED_MS = 3_600_000;
/** A failure is remembered: whoever asks, one that is down is asked once in this time. */
const RETRY_SECONDS = 5;

/** Why a sign-in failed, as the page for signing in explains it. */
export class FlowFault extends Error {
  constructor(
    readonly reason: 'expired' | 'refused' | 'unavailable',
    options: ErrorOptions = {},
  ) {
    super(`the sign-in is ${reason}`, options);
  }
}

interface Flow {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

interface Discovered {
  readonly configuration: Promise<Configuration>;
  /** By performance.now(). */
  readonly until: number;
}

@Injectable()
export class IdentityProvider implements OnModuleDestroy {
  private discovered: Discovered | undefined;
  private readonly agent: Agent;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.agent = new Agent({ connect: connectorBy(proxyRules(config), FETCH_LIMIT_MS) });
  }

  async onModuleDestroy(): Promise<void> {
    await this.agent.destroy();
  }

  get isConfigured(): boolean {
    return this.config.oidcIssuer !== undefined;
  }

  /** @throws AppError UNAVAILABLE if the identity provider does not answer */
  async begin(redirectUri: string): Promise<{ readonly location: string; readonly flow: string }> {
    const oidc = await import('openid-client');
    const configuration = await this.configuration().catch((cause: unknown) => {
      throw new AppError('UNAVAILABLE', { cause, retryAfterSeconds: RETRY_SECONDS });
    });
    const flow: Flow = {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
      redirectUri,
    };
    const location = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: this.config.oidcScope,
      state: flow.state,
      nonce: flow.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier),
      code_challenge_method: 'S256',
    });
    return { location: location.href, flow: Buffer.from(JSON.stringify(flow)).toString('base64url') };
  }

  /**
   * @param value of the cookie of the sign-in
   * @param address of the request, with the parameters that the identity provider has added
   * @returns the access token
   * @throws FlowFault
   */
  async finish(value: string | null, address: string): Promise<string> {
    const flow = flowIn(value);
    if (!flow) throw new FlowFault('expired');
    const oidc = await import('openid-client');
    const configuration = await this.configuration().catch((cause: unknown) => {
      throw new FlowFault('unavailable', { cause });
    });
    const url = new URL(flow.redirectUri);
    url.search = new URL(address, url).search;
    try {
      const { access_token: token } = await oidc.authorizationCodeGrant(configuration, url, {
        pkceCodeVerifier: flow.verifier,
        expectedState: flow.state,
        expectedNonce: flow.nonce,
        idTokenExpected: true,
      });
      return token;
    } catch (cause) {
      if (cause instanceof oidc.AuthorizationResponseError) throw new FlowFault('refused', { cause });
      if (cause instanceof OutgoingFault) {
        this.reportUnreachable(cause);
        throw new FlowFault('unavailable', { cause });
      }
      throw new FlowFault('expired', { cause });
    }
  }

  private configuration(): Promise<Configuration> {
    const { discovered } = this;
    if (discovered && performance.now() < discovered.until) return discovered.configuration;
    const configuration = this.discover();
    this.discovered = { configuration, until: performance.now() + DISCOVERED_MS };
    configuration.catch((error: unknown) => {
      this.discovered = { configuration, until: performance.now() + RETRY_SECONDS * 1_000 };
      this.reportUnreachable(error);
    });
    return configuration;
  }

  private reportUnreachable(error: unknown): void {
    this.logger.warn({ error }, 'the identity provider of the desk cannot be reached: nobody can sign in by it');
  }

  private async discover(): Promise<Configuration> {
    const { oidcIssuer = '', oidcClientId = '', oidcClientSecret } = this.config;
    const oidc = await import('openid-client');
    return oidc.discovery(
      new URL(oidcIssuer),
      oidcClientId,
      undefined,
      oidcClientSecret === undefined ? oidc.None() : oidc.ClientSecretPost(oidcClientSecret),
      {
        [oidc.customFetch]: this.fetch,
        // For an identity provider on this machine or in this network; the setting decides. Marked as deprecated to stand out.
        // oxlint-disable-next-line typescript/no-deprecated
        execute: oidcIssuer.startsWith('http:') ? [oidc.allowInsecureRequests] : [],
      },
    );
  }

  /** With a limit of time and size, and without redirects, as for the keys of access tokens. */
  private readonly fetch: CustomFetch = async (url, { method, headers, body }) => {
    const exchange = async (signal: AbortSignal): Promise<Response> => {
      const response = await fetch(url, {
        method,
        headers,
        body: (body as string | URLSearchParams | null | undefined) ?? null,
        dispatcher: this.agent,
        redirect: 'error',
        signal,
      });
      const text = await boundedText(response, MAX_BYTES);
      return new Response(text, { status: response.status, headers: Object.fromEntries(response.headers) });
    };
    try {
      return await withinLimit(FETCH_LIMIT_MS, exchange);
    } catch (cause) {
      throw new OutgoingFault('no complete response of the identity provider', { cause });
    }
  };
}

class OutgoingFault extends Error {}

const flowIn = (value: string | null): Flow | null => {
  try {
    const flow = JSON.parse(Buffer.from(value ?? '', 'base64url').toString()) as Partial<Record<keyof Flow, unknown>>;
    const texts = [flow.state, flow.nonce, flow.verifier, flow.redirectUri];
    return texts.every((text) => typeof text === 'string') && URL.canParse(String(flow.redirectUri))
      ? (flow as Flow)
      : null;
  } catch {
    return null;
  }
};
