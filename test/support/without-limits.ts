/** Most tests place many calls between the same few, and poll without a pause. */
export const WITHOUT_LIMITS = {
  ALLOWED_COUNTRIES: '*',
  CALLS_PER_CALLER: 'off',
  CALLS_PER_CALLEE: 'off',
  CALLEES_PER_CALLER: 'off',
  ONE_CALL_PER_CALLEE: 'false',
  FREEZE_RULES: 'off',
  POLLS_PER_USER: 'off',
  CANCELS_PER_USER: 'off',
  FAILED_TOKENS_PER_ADDRESS: 'off',
};
