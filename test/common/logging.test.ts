import { PassThrough } from 'node:stream';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let written = '';

beforeAll(async () => {
  const logTo = new PassThrough();
  logTo.on('data', (chunk: Buffer) => (written += chunk.toString()));
  service = await startTestApp({ environment: { LOG_LEVEL: 'trace' }, logTo });
});
afterAll(() => service.close());

const lines = (): Record<string, unknown>[] =>
  written
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log', () => {
  it('has lines for each step of a call with its callSid, and with the request’s id if there is a request', async () => {
    const { data } = await service.ask('1004', 'call/2000');
    const callSid = data?.callSid;
    const about = () => lines().filter((line) => line.callSid === callSid);
    await waitFor('the call to end', () => about().some((line) => line.type === 'ended'));

    expect(about().map((line) => line.type ?? line.msg)).toEqual(
      expect.arrayContaining(['call requested', 'accepted', 'ringing', 'answered', 'ended', 'request']) as unknown,
    );
    const [requested] = about().filter((line) => line.msg === 'call requested');
    expect(lines().filter((line) => line.requestId === requested?.requestId).length).toBeGreaterThanOrEqual(3);
  });

  it('masks phone numbers and never contains a token or a secret', async () => {
    const token = await service.token('1005');
    const response = await fetch(`${service.url}/v1/app/call/2001?access_token=${token}`);
    await fetch(`${service.url}/v1/app/callState/1`, { headers: { authorization: `Bearer ${token}` } });
    await fetch(`${service.url}/v1/app/callState/1?access_token=${token}x`);
    await response.text();
    await service.admin('PUT', 'users/1005/sub-accounts/simulator', {
      externalId: 'x',
      secret: 'a sub-account’s secret',
    });
    const phones = await service.database.query<{ phone: string }[]>(
      'select phone from app_user where id in (1005, 2001)',
    );
    const secrets = await service.database.query<{ secret: string }[]>('select secret from sub_account');
    await waitFor('the request’s line', () => written.includes('"/v1/app/call/2001"'));

    expect(written).toMatch(/"callerPhone":"1\d\d\*{4}\d{4}"/);
    for (const { phone } of phones) expect(written).not.toContain(phone.replace('+86', ''));
    for (const { secret } of secrets) expect(written).not.toContain(secret);
    expect(written).not.toContain('a sub-account’s secret');
    expect(written).not.toContain(token.split('.')[2]);
    expect(written).not.toContain('access_token');
    expect(written).not.toContain(service.config.jwtSecrets![0]);
  });

  it('has the user and the address of a request', async () => {
    await service.ask('1006', 'callState/1');
    await fetch(`${service.url}/v1/app/call/2013`);

    const requests = await waitFor('both requests’ lines', () => {
      const [known] = lines().filter((line) => line.msg === 'request' && line.userId === '1006');
      const [stranger] = lines().filter((line) => line.msg === 'request' && line.path === '/v1/app/call/2013');
      return known && stranger && [known, stranger];
    });

    expect(requests).toMatchObject([
      { userId: '1006', address: '127.0.0.1' },
      { address: '127.0.0.1', status: 401 },
    ]);
    expect(requests[1]).not.toHaveProperty('userId');
  });

  it('has no whole phone number of a token whose external id contains one', async () => {
    await service.ask('13911112222@139.example', 'callState/1');

    await waitFor('the request’s line', () =>
      lines().some((line) => line.msg === 'request' && line.userId === '139****2222@139.example'),
    );
    expect(written).not.toContain('13911112222');
  });

  it('has the request id that the client gets', async () => {
    const response = await fetch(`${service.url}/health/live`);
    const id = response.headers.get('x-request-id');

    await waitFor('the request’s line', () => lines().some((line) => line.requestId === id && line.msg === 'request'));
  });
});
