/** The titles of failed requests, in the reader's language. A test compares them with the service's errors. Pure. */

export interface Words {
  readonly en: string;
  readonly zh: string;
}

/** By the code of the problem (docs/errors.md). */
export const PROBLEMS: Readonly<Record<string, Words>> = {
  BAD_REQUEST: { en: 'The service does not accept this.', zh: '服务不接受此请求。' },
  UNAUTHENTICATED: { en: 'You are signed out.', zh: '您尚未登录，或登录已失效。' },
  FORBIDDEN: { en: 'Your sign-in does not allow this.', zh: '您的登录权限不允许此操作。' },
  PREFETCH: { en: 'A preview of a page must not ring a phone.', zh: '页面的预取或预览不得呼叫电话。' },
  NOT_FOUND: { en: 'There is no such thing.', zh: '没有找到。' },
  METHOD_NOT_ALLOWED: {
    en: 'The service does not know this request. A newer page may speak to an older service; load it again.',
    zh: '服务不认识此请求。页面与服务的版本可能不一致，请重新加载页面。',
  },
  TOO_SLOW: { en: 'The request took too long to arrive.', zh: '请求传输时间过长。' },
  CONFLICT: { en: 'This conflicts with what is there.', zh: '与现有数据冲突。' },
  TOO_LARGE: { en: 'This is too large.', zh: '内容过大。' },
  UNSUPPORTED_MEDIA_TYPE: { en: 'The service does not take such a file.', zh: '服务不接受此类文件。' },
  UNAVAILABLE: { en: 'The service is not available at the moment.', zh: '服务暂时不可用。' },
  NOT_IMPLEMENTED: { en: 'The service does not know this method.', zh: '服务不支持此方法。' },
  INTERNAL: {
    en: 'The service has failed. Its log says why, under the id of the request.',
    zh: '服务内部出错。原因见日志中的该请求编号。',
  },
  FAILED_TOKENS_TOO_FREQUENT: {
    en: 'Too many failed sign-ins came from your address.',
    zh: '来自您所在地址的失败登录过多。',
  },
  TOO_MANY_EXPORTS: { en: 'Too many exports are running.', zh: '正在进行的导出过多。' },
  USER_BLOCKED: { en: 'An administrator has blocked you.', zh: '管理员已停用您的账号。' },
  CALLS_FROZEN: { en: 'A freeze stops such calls.', zh: '此类呼叫已被冻结。' },
  BUDGET_SPENT: { en: 'The call may cost more than a budget has left.', zh: '通话费用可能超出预算余额。' },
  CALLER_IN_A_CALL: { en: 'The caller has another open call.', zh: '主叫有正在进行的通话。' },
  CALL_TOO_LATE: { en: 'The call could not be dialled in time.', zh: '未能在时限内拨号。' },
  REQUEST_IN_PROGRESS: { en: 'The same request is still in progress.', zh: '相同的请求正在处理中。' },
  CANCEL_REFUSED: { en: 'The provider refuses to hang up.', zh: '服务商拒绝挂断。' },
  IDEMPOTENCY_KEY_REUSED: {
    en: 'The Idempotency-Key was used for another request.',
    zh: '该 Idempotency-Key 已用于另一请求。',
  },
  UNKNOWN_USER: { en: 'There is no such user.', zh: '没有该用户。' },
  USER_HAS_NO_PHONE: { en: 'The user has no phone.', zh: '该用户没有电话。' },
  UNKNOWN_SERVICE_LINE: { en: 'There is no such service line.', zh: '没有该客服线路。' },
  SERVICE_LINE_CLOSED: { en: 'The service line is closed.', zh: '该客服线路已关闭。' },
  UNKNOWN_PROVIDER: { en: 'This service runs no such provider.', zh: '本服务没有接入该服务商。' },
  SAME_PHONE: { en: 'Caller and callee have the same phone.', zh: '主叫和被叫是同一部电话。' },
  NUMBER_NOT_ALLOWED: { en: 'This service does not call this number.', zh: '本服务不呼叫该号码。' },
  NUMBER_SUPPRESSED: { en: 'The number is on the suppression list.', zh: '该号码在禁呼名单上。' },
  NO_ROUTE: { en: 'No provider may carry calls to this number.', zh: '没有服务商可承载到该号码的呼叫。' },
  NO_PROVIDER_ACCOUNT: {
    en: 'The caller has no account at a provider that may carry the call.',
    zh: '主叫在可承载该呼叫的服务商处没有账户。',
  },
  EXTENSION_NOT_DIALLED: { en: 'The extension of a phone cannot be dialled.', zh: '无法拨打分机。' },
  NUMBER_REFUSED: { en: 'The provider refuses a number.', zh: '服务商拒绝号码。' },
  CALL_NOT_PERMITTED: { en: 'The provider does not permit this call.', zh: '服务商不允许该呼叫。' },
  CALLEE_IN_A_CALL: { en: 'The callee is in another call.', zh: '被叫正在另一通话中。' },
  CALLEE_IN_QUIET_HOURS: { en: 'It is night where the callee may be.', zh: '被叫可能所在的地区现在是夜间。' },
  CALLER_CALLS_TOO_OFTEN: { en: 'The caller has placed too many calls.', zh: '主叫呼叫过于频繁。' },
  CALLER_CALLS_TOO_MANY_NUMBERS: {
    en: 'The caller has called too many different numbers.',
    zh: '主叫呼叫的不同号码过多。',
  },
  CALLEE_CALLED_TOO_OFTEN: { en: 'The callee has had too many calls.', zh: '被叫接到的呼叫过多。' },
  SERVICE_LINE_BUSY: { en: 'The service line has no more calls at a time.', zh: '客服线路的同时通话数已达上限。' },
  RATE_LIMITED: { en: 'There are too many calls.', zh: '呼叫过多。' },
  TOO_MANY_REQUESTS: { en: 'Too many of your requests are in progress.', zh: '您正在处理的请求过多。' },
  REQUESTS_TOO_FREQUENT: { en: 'There are too many requests of this kind.', zh: '此类请求过于频繁。' },
  PROVIDER_UNAVAILABLE: {
    en: 'The provider cannot be reached or takes no calls.',
    zh: '服务商不可达，或不接受呼叫。',
  },
  // Of the page itself, where no response of the service came.
  OFFLINE: { en: 'The service does not answer.', zh: '服务没有响应。' },
  UNKNOWN: {
    en: 'The answer makes no sense. A proxy in front may have sent it.',
    zh: '收到无法识别的响应，可能来自中间的代理。',
  },
};
