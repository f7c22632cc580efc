/** The simulator as a separate process, and how its HTTP API handles bad input. */
import { request } from 'undici';
import { readConfig, readSimulatorConfig } from '../../src/config/config.js';
import { randomWebhookSecret } from '../../src/telephony/simulator/simulator.provider.js';
import { endOf, startNode } from '../support/node-process.js';
import { dialRequest } from '../support/simulator-call.js';
import { SIMULATOR, startSimulator, type SimulatorProcess } from '../support/simulator-process.js';
import { startReceiver, type Receiver } from '../support/simulator-receiver.js';
import { waitFor } from '../support/wait-for.js';

let receiver: Receiver;
let simulator: SimulatorProcess;

beforeAll(async () => {
  receiver = await startReceiver();
  simulator = await startSimulator({ targets: ['http://127.0.0.1:1/nobody', receiver.url] });
});
afterAll(async () => {
  await simulator.stop();
  await receiver.close();
});

const ask = async (method: 'GET' | 'POST', path: string, body?: unknown) => {
  const response = await request(simulator.url + path, {
    method,
    ...(body !== undefined && {
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  return { status: response.statusCode, body: await response.body.json() };
};

const order = (script: string) => {
  const { callSid, callerPhone, calleePhone } = dialRequest(script);
  return { callSid, callerPhone, calleePhone };
};

describe('the simulator process', () => {
  it('is reachable after it has logged that it listens', async () => {
    expect(await ask('GET', '/health')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('places a call, sends webhooks to the target that is up, and keeps the call in its callLog', async () => {
    const call = order('01');

    expect(await ask('POST', '/calls', call)).toEqual({ status: 201, body: { callId: expect.any(String) } });

    await waitFor('the webhooks', () => receiver.of(call.callSid).length === 2);
    expect(await simulator.callLog()).toContainEqual(
      expect.objectContaining({ ...call, dials: 1, events: [expect.anything(), expect.anything()] }),
    );
  });

  it('has different 404 responses for an unknown call and an unknown path', async () => {
    expect(await ask('GET', '/calls/none')).toEqual({ status: 404, body: { code: 'no_such_call' } });
    expect(await ask('GET', '/call/none')).toMatchObject({ status: 404, body: { error: 'Not Found' } });
  });

  it.each<[string, unknown]>([
    ['a body that is not JSON', '{'],
    ['a list', []],
    ['no callSid', { ...order('00'), callSid: undefined }],
    ['a callSid that is a number', { ...order('00'), callSid: 5 }],
    ['a callSid that is a path', { ...order('00'), callSid: '../call-log' }],
    ['no callee', { ...order('00'), calleePhone: undefined }],
    ['a callee that is not a phone number', { ...order('00'), calleePhone: 'Lin' }],
    ['an unknown field', { ...order('00'), secret: 'x' }],
  ])('refuses a dial with %s, and places no call', async (_, body) => {
    const before = await simulator.callLog();

    expect(await ask('POST', '/calls', body)).toMatchObject({ status: 400 });

    expect(await simulator.callLog()).toHaveLength(before.length);
  });

  it.each<[string, unknown]>([
    ['with an unknown condition', { before: 'breakfast' }],
    ['without a body', undefined],
    ['with an unknown field', { after: 'ringing' }],
  ])('refuses a hang-up %s', async (_, body) => {
    expect(await ask('POST', '/calls/1/hang-up', body)).toMatchObject({ status: 400 });
  });

  it('exits on SIGTERM even while a dial waits for its reply', async () => {
    const other = await startSimulator({ targets: [receiver.url], speed: 1 });
    const call = order('08');
    const pendingDial = request(`${other.url}/calls`, {
      method: 'POST',
      body: JSON.stringify(call),
      headers: { 'content-type': 'application/json' },
    });
    const cut = expect(pendingDial).rejects.toThrow();
    await waitFor('the call', async () => (await other.callLog()).length === 1);

    expect(await other.stop()).toMatchObject({ code: 0, complaint: '' });

    await cut;
  });

  it('can be used only by a service that has its webhook secrets', () => {
    const environment = { SIMULATOR_URL: simulator.url };

    expect(() => readConfig(environment)).toThrow('SIMULATOR_WEBHOOK_SECRETS');
    expect(readConfig(simulator.environment)).toMatchObject({ simulatorUrl: simulator.url });
  });

  it('exits with status 1 and names the missing setting', async () => {
    const ending = endOf(startNode(SIMULATOR, [], { environment: { SIMULATOR_WEBHOOK_SECRETS: '' } }));

    expect(await ending).toMatchObject({ code: 1, complaint: expect.stringContaining('SIMULATOR_WEBHOOK_SECRETS') });
  });

  it.each(['localhost:3000', 'http://127.0.0.1:3000,', 'ftp://127.0.0.1'])('rejects the target %s', (targets) => {
    const environment = { SIMULATOR_WEBHOOK_SECRETS: randomWebhookSecret(), SIMULATOR_TARGETS: targets };

    expect(() => readSimulatorConfig(environment)).toThrow('SIMULATOR_TARGETS');
  });
});
