/**
 * The contract makes GETs ring phones (contract: A GET that rings a phone). Browsers and chat programs also send GETs
 * that no user has asked for: prefetches, link previews, resources that a page of another site embeds. This guard
 * refuses them.
 * Requests by fetch(), typed addresses and links within the site pass. So does every client that sends none of these
 * headers.
 */
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';

/**
 * Sec-Fetch-Dest of fetch(), XMLHttpRequest and EventSource (`empty`), and of a typed address or a link (`document`).
 * Embedded resources have other values.
 */
const DESTINATIONS_OF_USERS: ReadonlySet<string> = new Set(['empty', 'document']);

/**
 * User agents that fetch links for previews or search. Each is matched by the name that it sends. Words as common as
 * "bot" are not listed: an app's own backend may have one in its name.
 */
const PREVIEW_AGENT = new RegExp(
  [
    'facebookexternalhit',
    'Facebot',
    'meta-externalagent',
    'meta-externalfetcher',
    'Twitterbot',
    'Slackbot',
    'Slack-ImgProxy',
    'Discordbot',
    'TelegramBot',
    'WhatsApp/',
    'LinkedInBot',
    'SkypeUriPreview',
    'MicrosoftPreview',
    'BingPreview',
    'bingbot',
    'Googlebot',
    'GoogleOther',
    'Google-Read-Aloud',
    'Applebot',
    'YandexBot',
    'Baiduspider',
    'Bytespider',
    'Sogou web spider',
    '360Spider',
    'PetalBot',
    'DuckDuckBot',
    'DingTalkBot',
    'LarkUrl2Png',
    'kakaotalk-scrap',
    'line-poker',
    'Synapse \\(bot',
    'Pinterestbot',
    'redditbot',
    'vkShare',
    'Iframely',
    'Embedly',
    'Snap URL Preview',
    'Mastodon/',
    'archive\\.org_bot',
    'Mattermost-Bot',
    'Rocket\\.Chat',
    'Viber',
    'GPTBot',
    'ClaudeBot',
    'Amazonbot',
    'PerplexityBot',
    'Google-PageRenderer',
    'AdsBot-Google',
    'Yahoo! Slurp',
    'SeznamBot',
    'DuckAssistBot',
  ].join('|'),
  'i',
);

@Injectable()
export class UserActGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    if (isPrefetch(headers) || isLoadedByPage(headers) || PREVIEW_AGENT.test(headers['user-agent'] ?? '')) {
      throw new AppError('PREFETCH');
    }
    return true;
  }
}

const isPrefetch = (headers: IncomingHttpHeaders): boolean =>
  [headers['sec-purpose'], headers.purpose, headers['x-purpose'], headers['x-moz']]
    .flat()
    .some((purpose) => /prefetch|prerender|preview/i.test(purpose ?? ''));

/** Fetch Metadata headers cannot be set by a script: https://www.w3.org/TR/fetch-metadata/ */
const isLoadedByPage = (headers: IncomingHttpHeaders): boolean => {
  const [destination, mode, site] = ['dest', 'mode', 'site'].map((name) => String(headers[`sec-fetch-${name}`] ?? ''));
  return (
    (destination !== '' && !DESTINATIONS_OF_USERS.has(destination ?? '')) ||
    (mode === 'navigate' && site === 'cross-site')
  );
};
