/** A client that leaves before its response is in the log all the same, or it could act without a trace. */
import { collectedLog } from '../support/collected-log.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const log = collectedLog();
let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ logTo: log.stream, environment: { LOG_LEVEL: 'info' } });
});
afterAll(() => service.close());

const requestsOf = (userId: string) =>
  log.lines().filter((line) => line['msg'] === 'request' && line['userId'] === userId);

it('its line has the user, the address and the call', async () => {
  const left = new AbortController();
  // The simulator does not reply to this dial.
  const url = `${service.url}/v1/app/call/2008?access_token=${await service.token('1004')}`;
  const request = fetch(url, { signal: left.signal }).catch(() => null);
  await waitFor('the call', () =>
    log.lines().some((line) => line['msg'] === 'call requested' && String(line['callerPhone']).endsWith('1004')),
  );

  left.abort();
  await request;

  await waitFor('its line', () => requestsOf('1004').length > 0);
  expect(requestsOf('1004')).toMatchObject([
    { path: '/v1/app/call/2008', isAborted: true, address: '127.0.0.1', callSid: expect.stringMatching(/^\d{32}$/) },
  ]);
});

it('a request that is answered has one line, with its status', async () => {
  await service.ask('1005', 'call/2001');

  await waitFor('its line', () => requestsOf('1005').length > 0);
  expect(requestsOf('1005')).toMatchObject([{ path: '/v1/app/call/2001', status: 200 }]);
  expect(requestsOf('1005')[0]).not.toHaveProperty('isAborted');
});
