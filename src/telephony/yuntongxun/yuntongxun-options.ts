import type ipaddr from 'ipaddr.js';
import type { ProxyFor } from '../../common/proxy-rules.js';
import type { WireFormat } from './wire-body.js';

/** The vendor's production URL. The sandbox for unreleased apps is https://sandboxapp.cloopen.com:8883. */
export const PRODUCTION_URL = 'https://app.cloopen.com:8883';

export interface YuntongxunOptions {
  /** Scheme, host and port, without the API version. Default: PRODUCTION_URL. */
  readonly url?: string;
  /** ACCOUNT SID and AUTH TOKEN of the console. */
  readonly accountSid: string;
  readonly authToken: string;
  readonly appId: string;
  /**
   * The last part of the webhook path, and the only authentication, because Yuntongxun signs nothing: letters, digits,
   * - and _, at least 22 characters (128 bits in base64url).
   */
  readonly webhookToken: string;
  /** The allowed sender addresses of webhooks. Default: all. */
  readonly allowedAddresses?: readonly ReturnType<typeof ipaddr.parseCIDR>[];
  /**
   * The public URL of this service, without a path. If set, every dial requests the call's realtime CDR. An app without
   * 应用鉴权 needs it, because it gets no other events. With 应用鉴权 the platform ignores the request.
   */
  readonly publicUrl?: string;
  /** The format of requests; default json. Replies and webhooks are read in both formats. */
  readonly format?: WireFormat;
  /** The time limit of all requests but a dial, which is limited by its signal. Default: 5 s. */
  readonly replyLimitMs?: number;
  readonly proxyFor?: ProxyFor;
  /**
   * The numbers of which the phones show one (number-pool.ts), as dialled within China. The platform's default is used if there
   * are none, or if it equals the number that is rung.
   */
  readonly displayNumbers?: {
    /** Shown to the callee. */
    readonly customerSerNum?: readonly string[];
    /** Shown to the caller. */
    readonly fromSerNum?: readonly string[];
  };
  /** Whether calls are recorded, from the caller's answer on. */
  readonly record?: boolean;
  /** The platform hangs up after this many seconds of talk. Default: one hour with 应用鉴权, no limit without it. */
  readonly maxCallSeconds?: number;
  /** Both hear a warning this many seconds before that. The platform has spoken ones for 5, 30 and 60. */
  readonly talkWarningSeconds?: number | undefined;
}
