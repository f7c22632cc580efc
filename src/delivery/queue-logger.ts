import type { Logger as QueueLogger } from 'graphile-worker';
import type { Logger } from '../common/logger.js';
import { Logger as LoggerOfQueue } from '../postgres/graphile-worker.js';
import { DeliveryFailed } from './webhook-deliverer.js';

/**
 * Writes graphile-worker's messages to our logger, without the jobs and connections that it attaches. A failed attempt
 * has already been logged by the deliverer. Messages below error level are about details, or advise against settings
 * that are intended; they are logged at debug.
 */
export const queueLogger = (logger: Logger): QueueLogger =>
  new LoggerOfQueue(() => (level: string, message, meta) => {
    const isNews = level === 'error' && !(meta?.error instanceof DeliveryFailed);
    if (isNews) logger.warn({ context: 'graphile-worker', text: message }, 'the webhook queue reported an error');
    else logger.debug({ context: 'graphile-worker' }, message);
  });
