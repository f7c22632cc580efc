/** Hang-ups and status requests to Yuntongxun, and how its replies are read. */
import type { YuntongxunProvider } from '../../src/telephony/yuntongxun/yuntongxun.provider.js';
import { StatusUnavailable, type ProviderCall } from '../../src/telephony/telephony-provider.js';
import { callbackRequest, replyTimeout, providerFor } from '../support/yuntongxun-provider.js';
import { CANCEL_CODES, startYuntongxunServer, type YuntongxunServer } from '../support/yuntongxun-server.js';
import { waitFor } from '../support/wait-for.js';
import { asXml, readBy } from '../support/yuntongxun-webhook.js';

let server: YuntongxunServer;
let provider: YuntongxunProvider;

/** The speed is so high that every leg is answered at once, or so low that none is answered. */
const start = async (speed: number): Promise<void> => {
  server = await startYuntongxunServer({ speed });
  provider = providerFor(server);
};
afterEach(async () => {
  await provider.close();
  await server.close();
});

const place = async (script: string): Promise<ProviderCall> => {
  const request = callbackRequest(server, script);
  const outcome = await provider.dial(request, replyTimeout());
  if (outcome.kind !== 'accepted') throw new Error(`refused: ${outcome.code}`);
  return { callSid: request.callSid, providerCallId: outcome.providerCallId };
};
const phaseOf = (call: ProviderCall) => server.calls.phaseOf(call.providerCallId!);
const reaches = (call: ProviderCall, phase: string) => waitFor(phase, () => phaseOf(call) === phase);

describe('a hang-up without a condition', () => {
  it('is taken during a talk', async () => {
    await start(1_000);
    const call = await place('13');
    await reaches(call, 'talking');

    expect(await provider.hangUp(call)).toEqual({ kind: 'taken' });

    expect(phaseOf(call)).toBe('over');
  });

  it('for a call that has ended is refused, because the code for that is not documented', async () => {
    await start(10_000);
    const call = await place('01');
    await reaches(call, 'over');

    expect(await provider.hangUp(call)).toEqual({
      kind: 'refused',
      category: 'forbidden',
      code: CANCEL_CODES['no such call'],
      text: '【呼叫】取消回拨失败',
    });
  });

  it('for another replica’s call is sent with the main account', async () => {
    await start(1);
    const { providerCallId } = await place('13');

    expect(await provider.hangUp({ callSid: '9'.repeat(32), providerCallId })).toEqual({ kind: 'taken' });

    expect(server.calls.hangUps).toMatchObject([{ by: 'main', type: '0' }]);
    expect(server.complaints).toEqual([]);
  });

  it('for a call without a provider id is refused without a request', async () => {
    await start(1);

    expect(await provider.hangUp({ callSid: '9'.repeat(32), providerCallId: null })).toMatchObject({
      kind: 'refused',
      category: 'forbidden',
      code: 'RB-NO-CALL-ID',
    });

    expect(server.requests).toEqual([]);
  });

  it('for a call without a provider id waits for its CallAuth, if the platform asks by it', async () => {
    await start(1);
    const asked = { callSid: '8'.repeat(32), providerCallId: null };
    readBy(provider, asXml({ action: 'CallAuth', type: '1', callSid: 'theirs', userData: asked.callSid }));
    const other = { callSid: '9'.repeat(32), providerCallId: null };

    for (const call of [asked, other]) await expect(provider.hangUp(call)).rejects.toThrow(StatusUnavailable);

    expect(await provider.fetchStatus(other)).toEqual({ kind: 'unknown' });
    await expect(provider.fetchStatus(asked)).rejects.toThrow(StatusUnavailable);
    expect(server.requests).toEqual([]);
  });
});

describe('a hang-up on the condition “before”', () => {
  it.each([
    ['answered', '1'],
    ['ringing', '2'],
  ] as const)('%s is sent as type %s, and is taken while no leg is answered', async (before, type) => {
    await start(0.001);
    const call = await place('13');

    expect(await provider.hangUp(call, before)).toEqual({ kind: 'taken' });

    expect(server.calls.hangUps).toMatchObject([{ type, answer: 'taken' }]);
    expect(phaseOf(call)).toBe('over');
  });

  it.each(['answered', 'ringing'] as const)('%s does not end a talk, and is refused', async (before) => {
    await start(1_000);
    const call = await place('13');
    await reaches(call, 'talking');

    expect(await provider.hangUp(call, before)).toMatchObject({
      kind: 'refused',
      category: 'forbidden',
      code: CANCEL_CODES['too late'],
    });

    expect(phaseOf(call)).toBe('talking');
  });

  it('ringing does not end a call whose caller has answered, and “answered” ends it', async () => {
    await start(10);
    const call = await place('02');
    await reaches(call, 'caller answered');

    expect(await provider.hangUp(call, 'ringing')).toMatchObject({ kind: 'refused' });
    expect(await provider.hangUp(call, 'answered')).toEqual({ kind: 'taken' });
  });
});

describe('a hang-up throws, because its outcome is unknown, when Yuntongxun', () => {
  const CALL = { callSid: '9'.repeat(32), providerCallId: 'a1' };

  it.each([
    ['fails', 500, ''],
    ['replies with a platform error', 200, '{"statusCode":"111001","statusMsg":"x"}'],
    ['sends a reply that cannot be read', 200, '<html>'],
  ])('%s', async (_, status, body) => {
    await start(1);
    server.replyInstead = (__, response) => response.writeHead(status).end(body);

    await expect(provider.hangUp(CALL)).rejects.toThrow();
  });

  it('does not reply in time', async () => {
    await start(1);
    server.replyInstead = () => undefined;

    await expect(provider.hangUp(CALL)).rejects.toThrow();
  });

  it('cannot be reached', async () => {
    await start(1);
    await server.close();

    await expect(provider.hangUp(CALL)).rejects.toThrow('reached');
    server = await startYuntongxunServer();
  });
});

describe('the status of a call', () => {
  it('is requested with the main account, and the reply is not interpreted', async () => {
    await start(1);
    const call = await place('13');

    await expect(provider.fetchStatus(call)).rejects.toThrow('"code":"000000","text":"","state":"0","callTime":"10"');

    expect(server.requests.at(-1)).toBe(`GET Accounts/${server.accountSid}/CallResult`);
    expect(server.complaints).toEqual([]);
  });

  it('is not “unknown” for a code that may only mean so', async () => {
    await start(1);

    await expect(provider.fetchStatus({ callSid: '9'.repeat(32), providerCallId: 'a1' })).rejects.toThrow(
      CANCEL_CODES['no such call'],
    );
  });

  it('cannot be requested by our callSid', async () => {
    await start(1);

    await expect(provider.fetchStatus({ callSid: '9'.repeat(32), providerCallId: null })).rejects.toThrow(
      'no status from Yuntongxun',
    );

    expect(server.requests).toEqual([]);
  });
});
