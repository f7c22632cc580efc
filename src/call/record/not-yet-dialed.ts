/**
 * Of a row of call_record: its turn has not come, so no provider has been asked to dial. A call that waits has turn_at
 * 'infinity' until it gets its turn. Null is written by versions before this one, and may have been dialled.
 */
export const NOT_YET_DIALED =
  'state = 1 and provider_call_id is null and turn_at is not null and turn_at > clock_timestamp()';
