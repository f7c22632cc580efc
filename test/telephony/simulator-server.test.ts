/** The simulator as a process of its own, and what its HTTP makes of bad input. */
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

describe('the simulator as a program', () => {
  it('is reachable once it says so', async () => {
    expect(await ask('GET', '/health')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('places a call, tells of it by webhook to whoever of its targets is there, and keeps it in its callLog', async () => {
    const call = order('01');

    expect(await ask('POST', '/calls', call)).toEqual({ status: 201, body: { callId: expect.any(String) } });

    await waitFor('the webhooks', () => receiver.of(call.callSid).length === 2);
    expect(await simulator.callLog()).toContainEqual(
      expect.objectContaining({ ...call, dials: 1, events: [expect.anything(), expect.anything()] }),
    );
  });

  it('tells a call that it does not know from a path that it does not know', async () => {
    expect(await ask('GET', '/calls/none')).toEqual({ status: 404, body: { code: 'no_such_call' } });
    expect(await ask('GET', '/call/none')).toMatchObject({ status: 404, body: { error: 'Not Found' } });
  });

  it.each<[string, unknown]>([
    ['no JSON', '{'],
    ['a list', []],
    ['no callSid', { ...order('00'), callSid: undefined }],
    ['a callSid that is a number', { ...order('00'), callSid: 5 }],
    ['a callSid that would lead elsewhere', { ...order('00'), callSid: '../call-log' }],
    ['no callee', { ...order('00'), calleePhone: undefined }],
    ['a callee that is no phone', { ...order('00'), calleePhone: 'Lin' }],
    ['a field that it does not know', { ...order('00'), secret: 'x' }],
  ])('refuses a dial with %s, and places nothing', async (_, body) => {
    const before = await simulator.callLog();

    expect(await ask('POST', '/calls', body)).toMatchObject({ status: 400 });

    expect(await simulator.callLog()).toHaveLength(before.length);
  });

  it.each<[string, unknown]>([
    ['before what it does not know', { before: 'breakfast' }],
    ['without a body', undefined],
    ['with a field that it does not know', { after: 'ringing' }],
  ])('refuses an order to hang up %s', async (_, body) => {
    expect(await ask('POST', '/calls/1/hang-up', body)).toMatchObject({ status: 400 });
  });

  it('goes when it is told to, though somebody waits for a reply to a dial', async () => {
    const other = await startSimulator({ targets: [receiver.url], speed: 1 });
    const call = order('08');
    const hanging = request(`${other.url}/calls`, {
      method: 'POST',
      body: JSON.stringify(call),
      headers: { 'content-type': 'application/json' },
    });
    const cut = expect(hanging).rejects.toThrow();
    await waitFor('the call', async () => (await other.callLog()).length === 1);

    expect(await other.stop()).toMatchObject({ code: 0, complaint: '' });

    await cut;
  });

  it('is led to by a service that has been told its secrets, and by no other', () => {
    const environment = { SIMULATOR_URL: simulator.url };

    expect(() => readConfig(environment)).toThrow('SIMULATOR_WEBHOOK_SECRETS');
    expect(readConfig(simulator.environment)).toMatchObject({ simulatorUrl: simulator.url });
  });

  it('says what is missing, and ends', async () => {
    const ending = endOf(startNode(SIMULATOR, [], { environment: { SIMULATOR_WEBHOOK_SECRETS: '' } }));

    expect(await ending).toMatchObject({ code: 1, complaint: expect.stringContaining('SIMULATOR_WEBHOOK_SECRETS') });
  });

  it.each(['localhost:3000', 'http://127.0.0.1:3000,', 'ftp://127.0.0.1'])('takes no target such as %s', (targets) => {
    const environment = { SIMULATOR_WEBHOOK_SECRETS: randomWebhookSecret(), SIMULATOR_TARGETS: targets };

    expect(() => readSimulatorConfig(environment)).toThrow('SIMULATOR_TARGETS');
  });
});
