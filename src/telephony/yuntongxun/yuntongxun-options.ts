import type ipaddr from 'ipaddr.js';
import type { ProxyFor } from '../../common/proxy-rules.js';
import type { WireFormat } from './wire-body.js';

/** The vendor's own; its sandbox for apps that are not released yet is https://sandboxapp.cloopen.com:8883. */
export const PRODUCTION_URL = 'https://app.cloopen.com:8883';

export interface YuntongxunOptions {
  /** Scheme, host and port, without the version of the API; PRODUCTION_URL where it is not said. */
  readonly url?: string;
  /** ACCOUNT SID and AUTH TOKEN of the console. */
  readonly accountSid: string;
  readonly authToken: string;
  readonly appId: string;
  /**
   * What the path of its webhooks ends in, and all that keeps strangers out, for Yuntongxun signs nothing: letters, digits,
   * - and _, at least 22 of them (128 bits in base64url).
   */
  readonly webhookToken: string;
  /** From where its webhooks may come; from anywhere where there are none. */
  readonly allowedAddresses?: readonly ReturnType<typeof ipaddr.parseCIDR>[];
  /**
   * Where the Internet reaches this service, without a path. With it every dial asks for its call's realtime CDR, which an
   * app without 应用鉴权 needs, because it is told of nothing else; one with it ignores that.
   */
  readonly publicUrl?: string;
  /** Of requests; json where it is not said. Replies and webhooks are read in either. */
  readonly format?: WireFormat;
  /** How long it may take to reply to anything but a dial, whose signal is its limit; 5 s where it is not said. */
  readonly replyLimitMs?: number;
  readonly proxyFor?: ProxyFor;
  /** What the two phones show; the platform's default where it is not said, and where it is the very number rung. */
  readonly displayNumbers?: {
    /** Shown to the callee. */
    readonly customerSerNum?: string;
    /** Shown to the caller. */
    readonly fromSerNum?: string;
  };
  /** Whether every call is recorded, from the moment when the caller picks up. */
  readonly record?: boolean;
  /**
   * After so many seconds of talk the platform hangs up. Where it is not said, that is an hour with 应用鉴权, and without it
   * never.
   */
  readonly maxCallSeconds?: number;
}
