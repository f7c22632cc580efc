/** Most tests place many calls between the same few. */
export const WITHOUT_LIMITS = {
  ALLOWED_COUNTRIES: '*',
  CALLS_PER_CALLER: 'off',
  CALLS_PER_CALLEE: 'off',
  ONE_CALL_PER_CALLEE: 'false',
};
