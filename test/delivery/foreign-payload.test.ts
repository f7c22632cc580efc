/** A job's payload may be any JSON: another version may add jobs, and people may add them by hand. */
import fc from 'fast-check';
import { deliveryJobOf, endpointIdOf } from '../../src/delivery/job-payload.js';
import { CALL_SID, foreignText } from '../support/foreign-values.js';

const id = fc.oneof(
  fc.constantFrom('1', '9223372036854775807', '9223372036854775808', '0', '01', '-1', ' 1', '1e3', 1),
  foreignText,
);
const payload = fc.oneof(
  fc.record(
    { endpointId: fc.oneof(id, fc.jsonValue()), callSid: fc.oneof(foreignText, fc.jsonValue()) },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
  fc.constant(undefined),
);

const isMalformed = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("The job's payload is malformed: ");

it('a job payload is either read as valid ids or refused', () => {
  let read = 0;
  fc.assert(
    fc.property(payload, (given) => {
      for (const reader of [endpointIdOf, (one: unknown) => deliveryJobOf(one).endpointId]) {
        try {
          const endpointId = reader(given);
          read += 1;
          expect(endpointId).toMatch(/^[1-9]\d{0,18}$/);
          expect(BigInt(endpointId) < 2n ** 63n).toBe(true);
        } catch (error) {
          if (!isMalformed(error)) throw error;
        }
      }
    }),
    { numRuns: 1_000 },
  );
  expect(read).toBeGreaterThan(0);
  expect(deliveryJobOf({ endpointId: '1', callSid: CALL_SID, more: 1 })).toEqual({
    endpointId: '1',
    callSid: CALL_SID,
  });
});
