/**
 * The end reason of a call, by the `byetype` of its hang-up. The list is from the vendor's page 鉴权挂机类型说明, which no
 * longer exists. Integrators' copies of it agree. It has no rows for a busy line or a declined call.
 */
import type { ProviderEndReason, RefusalCategory } from '../telephony-provider.js';

export interface ByeTypeRow {
  readonly byeType: string;
  readonly endReason: ProviderEndReason;
  /** The leg that caused the end, if known. */
  readonly leg?: 'A' | 'B';
  /** Set if the platform ended the call for a reason that is also a refusal category; stored in the detail. */
  readonly category?: RefusalCategory;
  /**
   * The two were connected, so `starttime` is the time of leg B's answer. 'unless 0 s': an order or a limit may also
   * end a call before the talk, which then has 0 seconds.
   */
  readonly wasAnswered?: 'always' | 'unless 0 s';
  /** False if leg A certainly never answered. */
  readonly callerAnswered?: false;
  readonly means: string;
  /** Repository and file. */
  readonly source: string;
}

/** Copies of docs.yuntongxun.com 鉴权挂机类型说明. The first has all rows except the two that only the longer ones have. */
const SHORT_COPY = 'LogTelcenterOrdercallModel.class.php getByeTypeInfo';
const LONG_COPIES = 'huimeibest hooks/order (ccp-privilege); eh CallRecordController.java; RLYUtils.java';

const row = (
  byeType: string,
  endReason: ProviderEndReason,
  means: string,
  more: Partial<Omit<ByeTypeRow, 'byeType' | 'endReason' | 'means'>> = {},
): ByeTypeRow => ({ byeType, endReason, means, source: SHORT_COPY, ...more });

/**
 * Both external ends are `canceled`. If the call was answered, the lifecycle turns that into `completed`, so nothing is
 * guessed from times.
 */
export const BYE_TYPES: readonly ByeTypeRow[] = [
  row('1', 'canceled', 'an order canceled the call during the talk', { wasAnswered: 'unless 0 s' }),
  row('2', 'canceled', 'the money or the set time was used up', { wasAnswered: 'unless 0 s' }),
  row('3', 'completed', 'the caller hung up after talking', { leg: 'A', wasAnswered: 'always' }),
  row('4', 'completed', 'the callee hung up after talking', { leg: 'B', wasAnswered: 'always' }),
  row('-1', 'unreachable', 'the callee’s phone never rang', { leg: 'B' }),
  row('-2', 'no_answer', 'the call was not connected in time'),
  row('-3', 'canceled', 'the caller answered, and hung up before the callee answered', { leg: 'A' }),
  row('-4', 'unreachable', 'the caller’s phone never rang', { leg: 'A', callerAnswered: false }),
  row('-5', 'unreachable', 'the line to the callee was connected, but the phone did not ring', { leg: 'B' }),
  row('-6', 'failed', 'the platform did not allow the call', { callerAnswered: false }),
  row('-7', 'failed', 'Ringback’s answer to CallAuth was a refusal, or did not arrive', { callerAnswered: false }),
  row('-8', 'no_answer', 'the callee’s phone rang and was not answered (direct calls)', { leg: 'B' }),
  row('-9', 'no_answer', 'the callee’s phone rang and was not answered', { leg: 'B' }),
  row('-10', 'no_answer', 'the caller’s phone rang and was not answered', { leg: 'A', callerAnswered: false }),
  row('-11', 'failed', 'the account’s balance is used up', { category: 'no_funds', source: LONG_COPIES }),
  row('-14', 'canceled', 'an order (CallCancel) canceled the call before the talk', { source: LONG_COPIES }),
];

/** A call is over with any code. An unlisted code becomes `failed` and is kept in the event's detail. */
export const byeTypeRow = (byeType: string): Omit<ByeTypeRow, 'byeType' | 'means' | 'source'> =>
  BYE_TYPES.find((known) => known.byeType === byeType) ?? { endReason: 'failed' };
