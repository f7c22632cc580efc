/**
 * A stand-in for app.cloopen.com with Yuntongxun's REST API 2013-12-26, written from its public sources, not from our
 * client. Scripts 06 and 07 refuse. Script 08 never replies, but its call goes on. Script 09 fails without a body. The
 * other scripts are in yuntongxun-calls.ts.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { scriptOf, StandInCalls, type CancelAnswer } from './yuntongxun-calls.js';
import { Bare, checkRequest, Refused, type CheckedRequest, type Format } from './yuntongxun-request.js';

export interface YuntongxunServer {
  readonly url: string;
  readonly port: number;
  readonly accountSid: string;
  readonly authToken: string;
  readonly appId: string;
  /** A sub-account that exists from the start. */
  readonly subAccount: { readonly externalId: string; readonly secret: string };
  readonly calls: StandInCalls;
  /** The fault of each malformed request. Refusals of scripts are not included. */
  readonly complaints: string[];
  /** Every request, correct or not: `POST SubAccounts/…/Calls/Callback` without its query. */
  readonly requests: string[];
  /** Replies instead of the server. */
  replyInstead: ((request: IncomingMessage, response: ServerResponse) => void) | null;
  close(): Promise<void>;
}

interface Options {
  readonly speed?: number;
  readonly webhookFormat?: Format;
}

/** No public source gives these codes; they are our own. */
export const CANCEL_CODES: Readonly<Record<Exclude<CancelAnswer, 'taken'>, string>> = {
  'too late': '112910',
  'no such call': '112911',
};
const NAME_TAKEN = '112912';
const SCRIPTED_REFUSALS: Readonly<Record<string, [string, string]>> = {
  '06': ['112050', '【呼叫】被叫号码格式错误'],
  '07': ['111150', '【账号】子账户已关闭'],
};

const DATE = '2016-06-23 16:37:22';

type Leaves = Readonly<Record<string, string>>;
type Answer = Readonly<Record<string, string | Leaves>>;

const randomSid = (): string => randomBytes(16).toString('hex');

export const startYuntongxunServer = async ({
  speed = 100,
  webhookFormat = 'xml',
}: Options = {}): Promise<YuntongxunServer> => {
  const subAccount = { externalId: randomSid(), secret: randomSid() };
  const subAccounts = new Map([[subAccount.externalId, subAccount.secret]]);
  const byName = new Map<string, string>();
  const account = { accountSid: randomSid(), authToken: randomSid(), appId: randomSid() };
  const calls = new StandInCalls({ speed, webhookFormat, appId: account.appId });

  const answerTo = ({ operation, sid, fields }: CheckedRequest): Answer | 'silence' | 'failure' => {
    switch (operation) {
      case 'POST SubAccounts Calls/Callback':
        return callback(sid, fields);
      case 'POST SubAccounts Calls/CallCancel':
      case 'POST Accounts Calls/CallCancel': {
        const by = operation.includes('SubAccounts') ? sid : 'main';
        const answer = calls.cancel(fields.callSid!, fields.type ?? '0', by);
        return answer === 'taken' ? {} : { statusCode: CANCEL_CODES[answer], statusMsg: '【呼叫】取消回拨失败' };
      }
      case 'POST Accounts SubAccounts':
        return createSubAccount(fields.friendlyName!);
      case 'POST Accounts QuerySubAccountByName': {
        const found = byName.get(fields.friendlyName!);
        return found === undefined ? {} : { SubAccount: shownSubAccount(found) };
      }
      case 'GET Accounts AccountInfo':
        return {
          Account: {
            friendlyName: 'stand-in',
            type: '0',
            status: '1',
            dateCreated: DATE,
            dateUpdated: DATE,
            balance: '1.00',
          },
        };
      case 'GET Accounts CallResult':
        return calls.has(fields.callsid!)
          ? { CallResult: { callTime: '10', state: '0' } }
          : { statusCode: CANCEL_CODES['no such call'], statusMsg: '【呼叫】callSid不存在' };
    }
  };

  const callback = (sid: string, fields: Leaves): Answer | 'silence' | 'failure' => {
    const script = scriptOf(fields.to!);
    const refusal = SCRIPTED_REFUSALS[script];
    if (refusal) return { statusCode: refusal[0], statusMsg: refusal[1] };
    if (script === '09') return 'failure';
    const callSid = calls.place(sid, fields);
    const { customerSerNum = '', fromSerNum = '' } = fields;
    const shown = { callSid, dateCreated: DATE, customerSerNum, fromSerNum, appId: account.appId, orderId: '' };
    return script === '08' ? 'silence' : { CallBack: shown };
  };

  const createSubAccount = (name: string): Answer => {
    if (byName.has(name)) return { statusCode: NAME_TAKEN, statusMsg: '【账号】子账户名称重复' };
    const sid = randomSid();
    subAccounts.set(sid, randomSid());
    byName.set(name, sid);
    return { SubAccount: shownSubAccount(sid) };
  };

  const shownSubAccount = (sid: string): Leaves => ({
    subAccountSid: sid,
    subToken: subAccounts.get(sid)!,
    dateCreated: DATE,
    voipAccount: '8001234500000001',
    voipPwd: 'abcdefgh',
  });

  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    server.requests.push(`${request.method ?? ''} ${(request.url ?? '').split('?')[0]!.replace('/2013-12-26/', '')}`);
    if (server.replyInstead) {
      server.replyInstead(request, response);
      return;
    }
    const format = request.headers.accept === 'application/json' ? 'json' : 'xml';
    try {
      const answer = answerTo(checkRequest(request, body, { ...account, subAccounts }));
      if (answer === 'failure') response.writeHead(500).end();
      else if (answer !== 'silence') send(response, format, { statusCode: '000000', ...answer });
    } catch (error) {
      if (error instanceof Bare) response.writeHead(error.status).end();
      else if (error instanceof Refused) send(response, format, { statusCode: error.code, statusMsg: error.message });
      else response.writeHead(400).end();
      server.complaints.push(String(error));
    }
  };

  const http = createServer((request, response) => void reply(request, response));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const server: YuntongxunServer = {
    ...account,
    url: `http://127.0.0.1:${port}`,
    port,
    subAccount,
    calls,
    complaints: [],
    requests: [],
    replyInstead: null,
    async close() {
      calls.close();
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
  return server;
};

const send = (response: ServerResponse, format: Format, answer: Answer): void => {
  response.writeHead(200, { 'content-type': `application/${format};charset=utf-8` });
  response.end(format === 'json' ? JSON.stringify(answer) : `<?xml version="1.0"?>\n${element('Response', answer)}`);
};

const element = (name: string, content: string | Answer): string => {
  const inner =
    typeof content === 'string'
      ? content
      : Object.entries(content)
          .map(([child, value]) => element(child, value))
          .join('');
  return `<${name}>${inner}</${name}>`;
};
