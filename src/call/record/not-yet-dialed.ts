/**
 * As SQL over call_records: the call has no dial slot yet, so no provider has been asked to dial. A waiting call has
 * turn_at 'infinity' until it gets its slot. Versions before this column wrote null; such a call may have been dialled.
 */
export const NOT_YET_DIALED =
  'state = 1 and provider_call_id is null and turn_at is not null and turn_at > clock_timestamp()';
