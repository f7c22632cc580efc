import { AppError } from '../../common/error-table.js';
import type { CallMilestone } from '../../telephony/telephony-provider.js';

/** Reads the parameter `before`; null for an unconditional cancel. */
export const cancelConditionOf = (before: unknown): CallMilestone | null => {
  switch (before) {
    case undefined:
      return null;
    case '2':
      return 'ringing';
    case '3':
      return 'answered';
    default:
      throw new AppError('BAD_REQUEST', { detail: 'before must be 2 or 3' });
  }
};
