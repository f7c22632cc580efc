/** Who is responsible for the end of a call that was not completed. Pure. */
import type { EndReason, EndSource } from './call-lifecycle.js';

export type EndFault = 'none' | 'caller' | 'callee' | 'provider' | 'ringback';

export interface EndFacts {
  readonly endReason: EndReason;
  readonly endedBy: EndSource;
  /** Whether the callee's phone was called: the caller had answered, or the callee's phone rang. */
  readonly hasReachedCallee: boolean;
  /** Whether the provider was ever asked to dial. */
  readonly wasDialed: boolean;
}

/** The faults that each end may have. */
export const END_FAULTS: Readonly<Record<EndReason, readonly EndFault[]>> = {
  completed: ['none'],
  canceled: ['caller', 'callee'],
  busy: ['caller', 'callee'],
  no_answer: ['caller', 'callee'],
  rejected: ['caller', 'callee'],
  unreachable: ['caller', 'callee'],
  failed: ['provider', 'ringback'],
  lost: ['provider', 'ringback'],
};

/** A phone that is busy, silent, off or rejects the call is the caller's own until the caller has answered. */
export const faultOf = ({ endReason, endedBy, hasReachedCallee, wasDialed }: EndFacts): EndFault => {
  switch (endReason) {
    case 'completed':
      return 'none';
    case 'canceled':
      // The sweeper cancels a call that has rung for too long.
      return endedBy === 'sweeper' && hasReachedCallee ? 'callee' : 'caller';
    case 'busy':
    case 'no_answer':
    case 'rejected':
    case 'unreachable':
      return hasReachedCallee ? 'callee' : 'caller';
    case 'failed':
    case 'lost':
      return wasDialed ? 'provider' : 'ringback';
  }
};
