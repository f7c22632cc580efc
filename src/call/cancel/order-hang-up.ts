import type { DataSource } from 'typeorm';
import type { Logger } from '../../common/logger.js';
import { loggedRefusal } from '../../telephony/logged-refusal.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import type { HangUpOutcome, ProviderCall } from '../../telephony/telephony-provider.js';
import { inTraceOfCall } from '../record/call-trace.js';
import { asAsked } from '../record/dialled-call.js';

/** Never throws. @returns undefined if the outcome is unknown */
export const orderHangUp = async (
  { database, logger }: { readonly database: DataSource; readonly logger: Logger },
  provider: ResilientProvider,
  call: ProviderCall,
): Promise<HangUpOutcome | undefined> => {
  try {
    const outcome = await inTraceOfCall(database, call.callSid, async () =>
      provider.hangUp(await asAsked(database, call)),
    );
    if (outcome.kind === 'refused') {
      logger.warn({ provider: provider.name, refusal: loggedRefusal(outcome) }, 'the provider refused to hang up');
    }
    return outcome;
  } catch (error) {
    logger.warn({ error, provider: provider.name }, 'a hang-up request failed; its outcome is unknown');
    return undefined;
  }
};
