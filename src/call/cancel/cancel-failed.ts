import { AppError } from '../../common/error-table.js';

/**
 * over, gone: the call was over, by our record or by its provider's word. passed: it had reached the state of the condition.
 * refused: the provider would not hang up.
 */
export type CancelFault = 'over' | 'gone' | 'passed' | 'refused';

/** The contract has one reply for all faults; the API for backends has one for each. */
export class CancelFailed extends AppError {
  constructor(
    readonly fault: CancelFault,
    details: ConstructorParameters<typeof AppError>[1] = {},
  ) {
    super('CANCEL_FAILED', details);
  }
}
