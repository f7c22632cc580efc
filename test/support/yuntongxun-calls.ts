/**
 * The calls of Yuntongxun's stand-in. The callee's last two digits choose the script, as with the simulator; `speed` scales
 * it. Notifications have the vendor's format. An app with 应用鉴权 gets CallAuth, CallEstablish and Hangup at its URL,
 * with or without the action in the path. An app without it gets a realtime CDR at the URL that the dial named.
 */
import { randomBytes } from 'node:crypto';
import { chinaTime, writeCdr } from './yuntongxun-cdr.js';
import type { Format } from './yuntongxun-request.js';

export interface StandInDial {
  readonly callSid: string;
  readonly subAccountSid: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface StandInHangUp {
  readonly callSid: string;
  readonly type: string;
  /** 'main' or the sub-account. */
  readonly by: string;
  readonly answer: CancelAnswer;
}

export type CancelAnswer = 'taken' | 'too late' | 'no such call';

export interface StandInDelivery {
  readonly action: string;
  readonly status: number;
  readonly answer: string;
}

interface Call extends StandInDial {
  readonly placedAt: Date;
  isRecorded: boolean;
  /** The app's answer to CallAuth. */
  permission: string;
  callerAnsweredAt: Date | null;
  /** When the callee picked up. */
  answeredAt: Date | null;
  over: boolean;
  readonly timers: NodeJS.Timeout[];
}

/** Seconds from CallAuth: when each leg is picked up, and how the call ends; null for one that talks on. */
type Script = readonly [callerAnswers: number | null, calleeAnswers: number | null, end: [number, string] | null];

const SCRIPTS: Readonly<Record<string, Script>> = {
  '00': [2, 7, [17, '4']],
  '01': [2, null, [3, '-1']],
  '02': [2, null, [33, '-2']],
  '03': [2, null, [7, '-9']],
  '04': [2, null, [3, '-5']],
  '05': [null, null, [30, '-10']],
  '12': [2, 7, [12, '3']],
  '13': [2, 7, null],
};

/** Without the extension of a landline, `01052823298-3627`. */
export const scriptOf = (to: string): string => to.replace(/-\d+$/, '').slice(-2);

export interface CallsOptions {
  /** The script's times are divided by this. */
  readonly speed: number;
  readonly webhookFormat: Format;
  readonly appId: string;
}

export class StandInCalls {
  readonly dials: StandInDial[] = [];
  readonly hangUps: StandInHangUp[] = [];
  readonly deliveries: StandInDelivery[] = [];
  /** The app's URL for 应用鉴权; null for an app without it. */
  webhookUrl: string | null = null;
  /** Whether the action is appended to the app's URL, for integrators that serve one path per action. */
  appendsAction = false;
  private readonly calls = new Map<string, Call>();
  private readonly closing = new AbortController();

  constructor(private readonly options: CallsOptions) {}

  /** @returns the callSid */
  place(subAccountSid: string, fields: Readonly<Record<string, string>>): string {
    const callSid = `${chinaTime(new Date()).slice(2)}${randomBytes(10).toString('hex')}`;
    const dial = { callSid, subAccountSid, fields };
    this.dials.push(dial);
    const isRecorded = fields.needRecord === '1';
    const progress = {
      placedAt: new Date(),
      isRecorded,
      permission: '',
      callerAnsweredAt: null,
      answeredAt: null,
      over: false,
      timers: [],
    };
    const call: Call = { ...dial, ...progress };
    this.calls.set(callSid, call);
    void this.run(call);
    return callSid;
  }

  /** Reads and changes the state in one step. */
  cancel(callSid: string, type: string, by: string): CancelAnswer {
    const call = this.calls.get(callSid);
    const answer = this.answerTo(call, type, by);
    this.hangUps.push({ callSid, type, by, answer });
    if (call && answer === 'taken') this.end(call, call.answeredAt ? '1' : '-14');
    return answer;
  }

  has(callSid: string): boolean {
    return this.calls.has(callSid);
  }

  phaseOf(callSid: string): 'dialling' | 'caller answered' | 'talking' | 'over' {
    const call = this.calls.get(callSid)!;
    if (call.over) return 'over';
    if (call.answeredAt) return 'talking';
    return call.callerAnsweredAt ? 'caller answered' : 'dialling';
  }

  /** The field of the app's answer to CallAuth, which decides, whatever the dial said. */
  permitted(callSid: string, field: 'record' | 'sessiontime' | 'countDownTime'): string | undefined {
    return new RegExp(`<${field}>(.*?)</${field}>`).exec(this.calls.get(callSid)!.permission)?.[1];
  }

  close(): void {
    this.closing.abort();
    for (const { timers } of this.calls.values()) timers.forEach(clearTimeout);
  }

  private answerTo(call: Call | undefined, type: string, by: string): CancelAnswer {
    if (!call || call.over || (by !== 'main' && by !== call.subAccountSid)) return 'no such call';
    if (type === '1' && call.answeredAt) return 'too late';
    if (type === '2' && call.callerAnsweredAt) return 'too late';
    return 'taken';
  }

  private async run(call: Call): Promise<void> {
    if (this.webhookUrl !== null) {
      const answer = await this.send(call, 'CallAuth', { subtype: '2' });
      if (!/<Response>.*<statuscode>0000<\/statuscode>/is.test(answer ?? '')) {
        this.end(call, '-7');
        return;
      }
      // With 应用鉴权, the app's answer decides whether the call continues.
      call.permission = answer!;
      call.isRecorded = answer!.includes('<record>1</record>');
    }
    const [callerAnswers, calleeAnswers, end] = SCRIPTS[scriptOf(call.fields.to!)] ?? SCRIPTS['00']!;
    this.at(call, callerAnswers, () => {
      call.callerAnsweredAt = new Date();
    });
    this.at(call, calleeAnswers, () => {
      call.answeredAt = new Date();
      if (this.webhookUrl !== null) void this.send(call, 'CallEstablish', {});
    });
    this.at(call, end?.[0] ?? null, () => {
      this.end(call, end![1]);
    });
  }

  private at(call: Call, seconds: number | null, act: () => void): void {
    if (seconds === null || call.over || this.closing.signal.aborted) return;
    call.timers.push(
      setTimeout(
        () => {
          if (!call.over) act();
        },
        (seconds * 1000) / this.options.speed,
      ),
    );
  }

  private end(call: Call, byetype: string): void {
    call.over = true;
    call.timers.forEach(clearTimeout);
    const now = new Date();
    if (this.webhookUrl === null) {
      void this.tellCdr(call, byetype, now);
      return;
    }
    const { answeredAt, callerAnsweredAt } = call;
    const startedAt = answeredAt ?? callerAnsweredAt;
    void this.send(call, 'Hangup', {
      subtype: '2',
      starttime: startedAt ? chinaTime(startedAt) : '',
      endtime: startedAt ? chinaTime(now) : '',
      billdata: '',
      byetype,
      recordurl: recordUrlOf(call) ?? '',
      talkDuration: String(answeredAt ? Math.round((now.getTime() - answeredAt.getTime()) / 1000) : 0),
    });
  }

  private async tellCdr(call: Call, byetype: string, endedAt: Date): Promise<void> {
    const { hangupCdrUrl } = call.fields;
    if (hangupCdrUrl === undefined) return;
    const cdr = { ...call, appId: this.options.appId, endedAt, byetype, recordUrl: recordUrlOf(call) };
    await this.post('CDR', hangupCdrUrl, writeCdr(this.options.webhookFormat, cdr));
  }

  private send(call: Call, action: string, more: Readonly<Record<string, string>>): Promise<string | null> {
    const body = writeNotification(this.options.webhookFormat, this.fieldsOf(call, action, more));
    return this.post(action, this.addressFor(action), body);
  }

  /** @returns the answer of an accepted request */
  private async post(action: string, url: string, body: string): Promise<string | null> {
    try {
      const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(5_000)]);
      const headers = { 'content-type': `application/${this.options.webhookFormat};charset=utf-8` };
      const response = await fetch(url, { method: 'POST', body, headers, signal });
      const answer = await response.text();
      this.deliveries.push({ action, status: response.status, answer });
      return response.status === 200 ? answer : null;
    } catch {
      return null;
    }
  }

  private addressFor(action: string): string {
    return `${this.webhookUrl ?? ''}${this.appendsAction ? `/${action}` : ''}`;
  }

  /** CallEstablish has neither appId nor userData. */
  private fieldsOf(call: Call, action: string, more: Readonly<Record<string, string>>) {
    return {
      ...{ action, type: '1' },
      orderid: call.callSid,
      subid: call.subAccountSid,
      caller: call.fields.from!,
      called: call.fields.to!,
      callSid: call.callSid,
      ...more,
      ...(action !== 'CallEstablish' && { appId: this.options.appId, userData: call.fields.userData ?? '' }),
    };
  }
}

const recordUrlOf = ({ isRecorded, callerAnsweredAt, callSid }: Call): string | null =>
  isRecorded && callerAnsweredAt ? `http://record.example/${callSid}.wav?a=1&b=2` : null;

export const writeNotification = (format: Format, fields: Readonly<Record<string, string>>): string => {
  if (format === 'json') return JSON.stringify(fields);
  const leaves = Object.entries(fields).map(
    ([name, value]) => `  <${name}>${value.replaceAll('&', '&amp;')}</${name}>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>\n<request>\n${leaves.join('\n')}\n</request>\n`;
};
