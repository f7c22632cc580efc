/**
 * What the service says, in the reader's language: rules by their names, and in Chinese the sentences that it has in English
 * alone: what a rule saw and why it refuses, why a provider is passed over, why an endpoint is disabled, what is wrong in a file or a
 * field. Stored records have no codes of these, so a sentence is its own key. A test puts everything that the rules say through here. Pure.
 */
import { FAULTS } from './fault-words.js';
import { FIELD_FAULTS } from './field-fault-words.js';
import type { Words } from './problem-words.js';

/** By the name of the rule. */
export const RULES: Readonly<Record<string, Words>> = {
  caller_freeze: { en: 'Freezes of the caller', zh: '主叫是否被冻结' },
  caller_phone: { en: 'Phone of the caller', zh: '主叫的电话' },
  caller_extension: { en: 'Extension of the caller', zh: '主叫的分机' },
  caller_destination: { en: 'Whether the caller’s number may be rung', zh: '主叫号码是否允许呼叫' },
  caller_suppression: { en: 'Caller on the suppression list', zh: '主叫是否在禁呼名单上' },
  caller_account: { en: 'Account of the caller', zh: '主叫的账户' },
  caller_rate: { en: 'How often the caller calls', zh: '主叫的呼叫频率' },
  callees_rate: { en: 'How many numbers the caller calls', zh: '主叫呼叫的号码数' },
  callee_phone: { en: 'Phone of the callee', zh: '被叫的电话' },
  callee_freeze: { en: 'Freezes of the callee', zh: '被叫是否被冻结' },
  callee_destination: { en: 'Whether the callee’s number may be rung', zh: '被叫号码是否允许呼叫' },
  callee_suppression: { en: 'Callee on the suppression list', zh: '被叫是否在禁呼名单上' },
  route: { en: 'Route to the number', zh: '通往该号码的路由' },
  extension: { en: 'Extension of the callee', zh: '被叫的分机' },
  route_account: { en: 'Account at a provider of the route', zh: '路由上服务商的账户' },
  two_phones: { en: 'Two different phones', zh: '主被叫是否为两部电话' },
  price: { en: 'Price of the call', zh: '通话价格' },
  quiet_hours: { en: 'Quiet hours of the callee', zh: '被叫的免打扰时段' },
  callee_rate: { en: 'How often the callee is called', zh: '被叫的被呼频率' },
  one_call_per_callee: { en: 'One call at a time to the callee', zh: '被叫是否已在通话' },
  calls_of_line: { en: 'Calls at once of the service line', zh: '客服线路的同时通话数' },
  budget: { en: 'Budgets', zh: '预算' },
};

/** By the name of the rule that freezes, as FREEZE_RULES has it. */
export const FREEZE_RULES: Readonly<Record<string, Words>> = {
  new_countries: { en: 'calls to new countries', zh: '首次呼叫新的国家或地区' },
  rate: { en: 'far more calls than usual', zh: '呼叫量远超平时' },
  refusals: { en: 'many refused calls', zh: '被拒呼叫过多' },
  short_calls: { en: 'many short calls', zh: '短通话过多' },
};

/** With the values of a sentence in braces: VALUES says what each may be. */
const SENTENCES: Readonly<Record<string, string>> = {
  ...FAULTS,
  ...FIELD_FAULTS,

  allowed: '允许',

  // What a rule saw.
  none: '无',
  one: '有',
  'an extension': '带分机',
  'on the list': '在名单上',
  'not on the list': '不在名单上',
  'no limit': '不限',
  'at most {rates}': '最多 {rates}',
  '{calls} calls within {seconds} s': '{seconds} 秒内 {calls} 次呼叫',
  '{calls} numbers within {seconds} s': '{seconds} 秒内 {calls} 个号码',
  'a service line, which is exempt': '客服线路，不受此限',
  'no service line': '不是客服线路',
  'no free number': '没有空闲号码',
  'at most {calls} at a time': '最多同时 {calls} 路',
  'the route for all numbers': '适用于所有号码的路由',
  'one phone': '同一部电话',
  'two phones': '两部电话',
  'no budget': '无预算',
  'no price': '无价格',
  'at most {cost}, with a talk of {seconds} s': '最多 {cost}，通话 {seconds} 秒',
  'no quiet hours': '未设免打扰时段',
  day: '白天',
  'night in {zone}': '{zone} 为夜间',
  'in a call': '通话中',
  free: '空闲',
  'all calls': '全部呼叫',
  'user {id}': '用户 {id}',
  'sub-account {id}': '子账户 {id}',
  'country {id}': '国家或地区 {id}',
  'budget {id} (all, a day)': '预算 {id}（全部呼叫，每天）',
  'budget {id} (all, a month)': '预算 {id}（全部呼叫，每月）',
  'budget {id} (user {user}, a day)': '预算 {id}（用户 {user}，每天）',
  'budget {id} (user {user}, a month)': '预算 {id}（用户 {user}，每月）',
  'budget {id} (sub_account {account}, a day)': '预算 {id}（子账户 {account}，每天）',
  'budget {id} (sub_account {account}, a month)': '预算 {id}（子账户 {account}，每月）',
  'no country': '不属于任何国家或地区',
  '{country} mobile': '{country} 手机',
  '{country} fixed_line': '{country} 固定电话',
  '{country} fixed_line_or_mobile': '{country} 固定电话或手机',
  '{country} toll_free': '{country} 免费电话',
  '{country} premium_rate': '{country} 高费率号码',
  '{country} shared_cost': '{country} 主被叫分摊付费号码',
  '{country} voip': '{country} 网络电话',
  '{country} personal_number': '{country} 个人通信号码',
  '{country} pager': '{country} 寻呼机',
  '{country} uan': '{country} 统一接入号码',
  '{country} voicemail': '{country} 语音信箱',

  // Why a rule refuses.
  'A freeze is in force: {what}.': '冻结生效中：{what}。',
  'The caller has no phone, or is not known.': '主叫没有电话，或不存在。',
  'The callee has no phone, or is not known.': '被叫没有电话，或不存在。',
  'The caller’s phone has an extension. Only a callee’s can be dialled.': '主叫的号码带分机。只有被叫的分机可以拨打。',
  'The caller may not call: {reason}': '主叫不得呼叫：{reason}',
  'The caller’s number is on the suppression list.': '主叫的号码在禁呼名单上。',
  'The callee’s number is on the suppression list.': '被叫的号码在禁呼名单上。',
  'The caller has no account at any provider.': '主叫在所有服务商处都没有账户。',
  'The caller has no account at a provider of the route.': '主叫在该路由的服务商处没有账户。',
  'The caller has placed {rate}, as many as CALLS_PER_CALLER allows.':
    '主叫已发起的呼叫达到 CALLS_PER_CALLER 的上限：{rate}。',
  'The caller has called {rate}, as many as CALLEES_PER_CALLER allows.':
    '主叫已呼叫的号码达到 CALLEES_PER_CALLER 的上限：{rate}。',
  'The callee has had {rate}, as many as CALLS_PER_CALLEE allows.':
    '被叫接到的呼叫达到 CALLS_PER_CALLEE 的上限：{rate}。',
  'The number is an emergency number.': '该号码是紧急号码。',
  'The number begins with {prefix}, which is in REFUSED_PREFIXES.':
    '该号码以 {prefix} 开头，在 REFUSED_PREFIXES 之中。',
  'The number belongs to an international network, such as a satellite network, and to no country. ALLOWED_PREFIXES can allow it.':
    '该号码属于国际网络（例如卫星网络），不属于任何国家或地区。可用 ALLOWED_PREFIXES 放行。',
  'The number belongs to {country}, which is not in ALLOWED_COUNTRIES.':
    '该号码属于 {country}，不在 ALLOWED_COUNTRIES 之中。',
  'The number is of a type that is not called: {type}. ALLOWED_PREFIXES can allow it.':
    '不呼叫此类号码：{type}。可用 ALLOWED_PREFIXES 放行。',
  'premium rate': '高费率号码',
  'shared cost': '主被叫分摊付费号码',
  'personal number': '个人通信号码',
  pager: '寻呼机',
  voicemail: '语音信箱',
  'No route leads to this number, or not the one of the request.': '没有通往该号码的路由，或请求指定的路由不适用。',
  'The callee’s number has an extension, and no provider of the route can dial one.':
    '被叫的号码带分机，而该路由的服务商都无法拨打分机。',
  'Caller and callee have the same phone.': '主叫和被叫是同一部电话。',
  'A budget counts the call, and no provider of the route has a price for both numbers.':
    '有预算计入此通话，而该路由的服务商都没有双方号码的价格。',
  'It is {time} in {zone}, where the callee may be: within QUIET_HOURS.':
    '被叫可能所在的 {zone} 现在是 {time}，处于 QUIET_HOURS 之内。',
  'The callee is in another call, and ONE_CALL_PER_CALLEE is true.':
    '被叫正在另一通话中，而 ONE_CALL_PER_CALLEE 为 true。',
  'Each number of the service line is in another call, and ONE_CALL_PER_CALLEE is true.':
    '客服线路的每个号码都在通话中，而 ONE_CALL_PER_CALLEE 为 true。',
  'The service line is in as many calls as it has at a time: {calls}.': '客服线路的同时通话数已达上限：{calls}。',
  'The call may cost {cost}, and {budget} has {left} left.': '此通话最多可能花费 {cost}，而{budget}只剩 {left}。',
  'the provider refused ({category}): {words}': '服务商拒绝：{words}',

  // Why a provider would carry a call or not.
  'The caller has a sub-account there.': '主叫在该服务商处有子账户。',
  'The caller has no sub-account there yet; the call would create one.': '主叫在该服务商处还没有子账户；呼叫时会创建。',
  'The caller has no sub-account there, and would call under the account of the service.':
    '主叫在该服务商处没有子账户，会使用本服务的账户呼叫。',
  'The caller has no sub-account there.': '主叫在该服务商处没有子账户。',
  'It cannot dial an extension.': '无法拨打分机。',
  'It has no price for both numbers, and a budget counts the call.': '没有双方号码的价格，而有预算计入此通话。',
  'It has failed repeatedly, so no calls are sent to it for a while.': '连续失败，暂时不向其发起呼叫。',
  'Its limit of concurrent calls is reached: {carried} of {limit}.': '同时通话数已达上限：{carried} / {limit}。',
  'None of the providers on the route can carry it at the moment.': '该路由的服务商目前都无法承载此通话。',

  // Why a rule froze a user.
  '{calls} calls were refused within {seconds} s.': '{seconds} 秒内有 {calls} 次呼叫被拒。',
  '{calls} calls of less than {talk} s of talk within {seconds} s.': '{seconds} 秒内有 {calls} 次通话不足 {talk} 秒。',
  '{calls} calls within an hour, more than {factor} times the usual {usual}.':
    '一小时内 {calls} 次呼叫，超过平时 {usual} 次的 {factor} 倍。',
  'First calls to {countries} within {seconds} s.': '{seconds} 秒内首次呼叫 {countries}。',

  // The weekdays, and the ranges of addresses, of faults.
  monday: '星期一',
  tuesday: '星期二',
  wednesday: '星期三',
  thursday: '星期四',
  friday: '星期五',
  saturday: '星期六',
  sunday: '星期日',
  private: '私有地址',
  loopback: '回环地址',
  linkLocal: '链路本地地址',
  uniqueLocal: '唯一本地地址',
  carrierGradeNat: '运营商级 NAT 地址',
  cloudPlatform: '云平台地址',
  multicast: '组播地址',
  broadcast: '广播地址',
  unspecified: '未指定地址',
  reserved: '保留地址',
  unassigned: '未分配地址',

  // Why a webhook endpoint is disabled.
  'An administrator disabled it.': '由管理员停用。',
  'It answered 410 Gone.': '响应为 410 Gone。',
  'It has taken nothing for {hours} hours.': '已有 {hours} 小时未接收任何内容。',
};

const NUMBER = String.raw`\d+`;
const NAME = String.raw`[^\s,()]+`;

/** Other values may be any text. */
const VALUES: Readonly<Record<string, string>> = {
  calls: NUMBER,
  seconds: NUMBER,
  hours: NUMBER,
  max: NUMBER,
  min: NUMBER,
  most: NUMBER,
  date: String.raw`\d{4}-\d{2}-\d{2}`,
  zone: NAME,
  line: NUMBER,
  cells: NUMBER,
  columns: NUMBER,
  characters: NUMBER,
  id: NAME,
  user: NAME,
  account: NAME,
  country: '[A-Z]{2}|no country',
};

const patternOf = (sentence: string): RegExp => {
  const literal = sentence.replace(/[.()*+?[\]\\^$|]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replace(/\{(\w+)\}/g, (_, name: string) => `(?<${name}>${VALUES[name] ?? '.+?'})`)}$`);
};

/** The more words of its own a sentence has, the earlier it is tried. */
const PATTERNS = Object.entries(SENTENCES)
  .filter(([sentence]) => sentence.includes('{'))
  .sort(([one], [other]) => other.length - one.length)
  .map(([sentence, chinese]) => [patternOf(sentence), chinese] as const);

const BETWEEN = /, (?=budget \d|\d+ (?:calls|numbers) )/;

/** Null for what has no Chinese here: a masked number, the name of a route, a sentence of another version. */
export const chineseOf = (said: string): string | null => {
  const parts = said.split(BETWEEN);
  if (parts.length > 1) return parts.map((part) => sentenceOf(part) ?? part).join('，');
  return sentenceOf(said);
};

const sentenceOf = (said: string): string | null => {
  const whole = Object.hasOwn(SENTENCES, said) ? SENTENCES[said] : undefined;
  if (whole !== undefined) return whole;
  for (const [pattern, chinese] of PATTERNS) {
    const values = pattern.exec(said)?.groups;
    if (values) return chinese.replace(/\{(\w+)\}/g, (_, name: string) => valueOf(values[name] ?? ''));
  }
  return null;
};

/** A value may be words of the service too. */
const valueOf = (value: string): string => chineseOf(value) ?? value;
