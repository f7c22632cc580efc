import { Logger as QueueLogger } from 'graphile-worker';
import type { Logger } from '../common/logger.js';
import { DeliveryFailed } from './webhook-deliverer.js';

/**
 * graphile-worker's messages through our logger, without what it hangs on them: jobs and connections whole. An attempt
 * that failed was logged where it was made; everything but errors is chatter, or advice on settings that are meant so.
 */
export const queueLogger = (logger: Logger): QueueLogger =>
  new QueueLogger(() => (level: string, message, meta) => {
    const isNews = level === 'error' && !(meta?.error instanceof DeliveryFailed);
    if (isNews) logger.warn({ context: 'graphile-worker', text: message }, 'the queue of webhooks has trouble');
    else logger.debug({ context: 'graphile-worker' }, message);
  });
