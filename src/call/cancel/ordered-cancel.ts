/** Executes a cancel that is on record: by the sweeper, or as soon as the provider's id is known. */
import type { DataSource } from 'typeorm';
import type { Logger } from '../../common/logger.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import type { ProviderCall } from '../../telephony/telephony-provider.js';
import type { CallRecorder } from '../call-recorder.js';
import { canceledFacts, releaseCancel, type CancelAuthor } from './cancel-claim.js';
import { orderHangUp } from './order-hang-up.js';

export interface CancelTools {
  readonly database: DataSource;
  readonly recorder: CallRecorder;
  readonly logger: Logger;
}

/** @returns whether the call is over as a result */
export const carryOutCancel = async (
  tools: CancelTools,
  provider: ResilientProvider,
  call: ProviderCall & { readonly cancelOrderedBy: CancelAuthor },
): Promise<boolean> => {
  const outcome = await orderHangUp(tools, provider, call);
  if (outcome?.kind === 'taken') {
    await tools.recorder.applyOwn(call.callSid, 'canceled', canceledFacts(call.cancelOrderedBy));
  } else if (outcome) await releaseCancel(tools.database, call.callSid);
  return outcome?.kind === 'taken';
};
