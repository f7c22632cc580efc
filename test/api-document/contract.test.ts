/** The strings are copied from the contract, not from our error table, because they test that table. */
import { startTestApp, type TestApp } from '../support/test-app.js';
import { fetchDocument, operationNamed, type ApiDocument } from './document.js';
import { checkWith } from './schema-check.js';

const PLACING_A_CALL = [
  [400, '呼叫请求的参数有误,请联系管理员!'],
  [400, '用户未绑定手机号,请手动拨打010-56469588!'],
  [400, '客服电话不存在,请联系管理员!'],
  [400, '无通讯子账户,请联系管理员!'],
  [500, '系统内部异常!'],
] as const;

const CONTRACT = {
  callUser: PLACING_A_CALL,
  callCustomerService: PLACING_A_CALL,
  cancelCall: [
    [400, '用户信息有误!'],
    [400, '取消呼叫失败!'],
    [500, '系统内部异常!'],
  ],
  getCallState: [
    [400, '用户信息有误!'],
    [500, '系统内部异常!'],
  ],
} as const;

let service: TestApp;
let document: ApiDocument;

beforeAll(async () => {
  service = await startTestApp();
  document = await fetchDocument(service.url);
});
afterAll(() => service.close());

describe.each(Object.entries(CONTRACT))('%s', (operationId, failures) => {
  const ok = () => {
    const { responses } = operationNamed(document, operationId).operation;
    return { description: responses['200']?.description ?? '', body: responses['200']?.content?.['application/json'] };
  };

  it('shows every failure of the contract as a reply with HTTP status 200, and no other', () => {
    const shown = Object.values(ok().body?.examples ?? {}).map(({ value }) => value);

    expect(shown.filter((value) => !('data' in (value as object)))).toEqual(
      failures.map(([returnCode, returnMsg]) => ({ returnCode, returnMsg })),
    );
  });

  it('describes the cause of each of them', () => {
    const rows = ok().description.split('\n');

    for (const [returnCode, returnMsg] of failures) {
      expect(rows).toContainEqual(expect.stringMatching(`^\\| ${returnCode} \\| ${returnMsg} \\| \\w.+ \\|$`));
    }
  });

  it('shows a success in the order of the contract', () => {
    const success = ok().body?.examples?.success?.value;

    expect(Object.keys(success as object)).toEqual(['data', 'returnCode', 'returnMsg']);
    expect(success).toMatchObject({ returnCode: 200, returnMsg: 'success' });
  });
});

it('a refusal because of the callee is in the document', async () => {
  const faultOf = checkWith(document);
  const suppressed = await service.admin('PUT', 'suppressions', { suppressions: [{ phone: '13800002000' }] });
  expect(suppressed.status).toBe(200);
  const response = await fetch(`${service.url}/v1/app/call/2000`, {
    headers: { authorization: `Bearer ${await service.token('1001')}` },
  });
  const body = await response.json();
  expect([response.status, body]).toEqual([403, { returnCode: 403, returnMsg: '对方暂不接受来电!' }]);

  for (const operationId of ['callUser', 'callCustomerService']) {
    const declared = operationNamed(document, operationId).operation.responses['403'];
    expect(faultOf(declared!.content!['application/json']!.schema!, body)).toBeNull();
    expect(JSON.stringify(declared)).toContain(response.headers.get('x-ringback-error'));
  }
});

it('a second call to another target has the contract’s answer in the document', () => {
  for (const operationId of ['callUser', 'callCustomerService']) {
    const body = operationNamed(document, operationId).operation.responses['429']?.content?.['application/json'];

    expect(body?.examples?.ALREADY_IN_A_CALL?.value).toEqual({
      returnCode: 429,
      returnMsg: '您有正在进行的通话,请稍后再试!',
    });
  }
});
