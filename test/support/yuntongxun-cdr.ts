/**
 * The realtime CDR of the vendor's sample, with the names and meanings that integrators use. With needBothCdr, it is as an
 * integrator captured it: both legs in one body, leg B first, and the cause with leg A.
 */
import type { Format } from './yuntongxun-request.js';

export interface CdrCall {
  readonly appId: string;
  readonly callSid: string;
  readonly subAccountSid: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly placedAt: Date;
  readonly callerAnsweredAt: Date | null;
  readonly answeredAt: Date | null;
  readonly endedAt: Date;
  readonly byetype: string;
  /** The URL of the recording; without one, the CDR has no such field. */
  readonly recordUrl: string | null;
}

type Leaves = Readonly<Record<string, string>>;

export const writeCdr = (format: Format, call: CdrCall): string => {
  const isBoth = call.fields.needBothCdr === '1';
  const cdr = isBoth ? bothLegs(call, format) : oneLeg(call);
  return format === 'json' ? JSON.stringify(cdr) : `<?xml version="1.0" encoding="utf-8"?>\n${element('CDR', cdr)}\n`;
};

const oneLeg = (call: CdrCall): Leaves => {
  const { placedAt, callerAnsweredAt, answeredAt, endedAt, recordUrl } = call;
  return {
    ...whose(call),
    userData: call.fields.userData ?? '',
    ...during(answeredAt ?? callerAnsweredAt, endedAt),
    ...called(placedAt, placedAt, callerAnsweredAt ?? endedAt),
    byetype: call.byetype,
    ...(recordUrl !== null && { recordurl: recordUrl }),
  };
};

const bothLegs = (call: CdrCall, format: Format): Readonly<Record<string, string | Leaves>> => {
  const { placedAt, callerAnsweredAt, answeredAt, endedAt, recordUrl } = call;
  const legB = {
    ...whose(call),
    ...{ byetype: '', userData: '', lineNumber: '263', lostRate: '' },
    ...during(answeredAt, endedAt),
    ...called(callerAnsweredAt, callerAnsweredAt, callerAnsweredAt && (answeredAt ?? endedAt)),
  };
  const legA = {
    ...whose(call),
    ...{ byetype: call.byetype, userData: call.fields.userData ?? '', lineNumber: '326', lostRate: '0.00' },
    ...during(callerAnsweredAt, endedAt),
    ...called(placedAt, placedAt, callerAnsweredAt ?? endedAt),
  };
  const [nameB, nameA] = format === 'json' ? ['calledCdr', 'callerCdr'] : ['CalledCdr', 'CallerCdr'];
  return { [nameB]: legB, [nameA]: legA, orderid: `CM${call.callSid}`, recordurl: recordUrl ?? '' };
};

const whose = ({ appId, callSid, subAccountSid, fields }: CdrCall): Leaves => ({
  ...{ appId, callSid, subId: subAccountSid },
  ...{ caller: fields.from!, called: fields.to! },
});

/** Empty for a leg that was never picked up. */
const during = (since: Date | null, until: Date): Leaves => ({
  starttime: timeOf(since),
  endtime: timeOf(since && until),
  duration: String(since ? Math.round((until.getTime() - since.getTime()) / 1000) : 0),
});

const called = (beganAt: Date | null, rangAt: Date | null, rangUntil: Date | null): Leaves => ({
  beginCallTime: timeOf(beganAt),
  ringingBeginTime: timeOf(rangAt),
  ringingEndTime: timeOf(rangUntil),
});

const timeOf = (time: Date | null): string => (time ? chinaTime(time) : '');

/** yyyyMMddHHmmss in China. */
export const chinaTime = (time: Date): string => {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: 'Asia/Shanghai',
    hourCycle: 'h23',
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  } as const).formatToParts(time);
  return parts.map(({ value }) => value.replace(/\D/g, '')).join('');
};

const element = (name: string, content: string | Readonly<Record<string, string | Leaves>>): string => {
  if (typeof content === 'string') return `<${name}>${content.replaceAll('&', '&amp;')}</${name}>`;
  const children = Object.entries(content).map(([child, inner]) => element(child, inner));
  return `<${name}>${children.join('')}</${name}>`;
};
