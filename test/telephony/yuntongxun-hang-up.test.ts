/** Orders to end a call at Yuntongxun, and what is made of its word on one. */
import type { YuntongxunProvider } from '../../src/telephony/yuntongxun/yuntongxun.provider.js';
import type { ProviderCall } from '../../src/telephony/telephony-provider.js';
import { callbackRequest, replyTimeout, providerFor } from '../support/yuntongxun-provider.js';
import { CANCEL_CODES, startYuntongxunServer, type YuntongxunServer } from '../support/yuntongxun-server.js';
import { waitFor } from '../support/wait-for.js';

let server: YuntongxunServer;
let provider: YuntongxunProvider;

/** So fast that every leg has been picked up at once; or so slow that none ever is. */
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

describe('an order without a condition', () => {
  it('is taken in any phase', async () => {
    await start(1_000);
    const call = await place('13');
    await reaches(call, 'talking');

    expect(await provider.hangUp(call)).toEqual({ kind: 'taken' });

    expect(phaseOf(call)).toBe('over');
  });

  it('for a call that is over is refused, for by which code that is said nobody knows', async () => {
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

  it('for another replica’s call is given by the main account', async () => {
    await start(1);
    const { providerCallId } = await place('13');

    expect(await provider.hangUp({ callSid: '9'.repeat(32), providerCallId })).toEqual({ kind: 'taken' });

    expect(server.calls.hangUps).toMatchObject([{ by: 'main', type: '0' }]);
    expect(server.complaints).toEqual([]);
  });

  it('for a call whose id is not known yet is refused, and nothing is asked', async () => {
    await start(1);

    expect(await provider.hangUp({ callSid: '9'.repeat(32), providerCallId: null })).toMatchObject({
      kind: 'refused',
      category: 'forbidden',
      code: 'RB-NO-CALL-ID',
    });

    expect(server.requests).toEqual([]);
  });
});

describe('an order that holds only before', () => {
  it.each([
    ['answered', '1'],
    ['ringing', '2'],
  ] as const)('%s is type %s, and is taken while nobody has picked up', async (before, type) => {
    await start(0.001);
    const call = await place('13');

    expect(await provider.hangUp(call, before)).toEqual({ kind: 'taken' });

    expect(server.calls.hangUps).toMatchObject([{ type, answer: 'taken' }]);
    expect(phaseOf(call)).toBe('over');
  });

  it.each(['answered', 'ringing'] as const)('%s leaves a talk alone, and is refused', async (before) => {
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

  it('ringing leaves a call alone whose caller has picked up, and answered ends it', async () => {
    await start(10);
    const call = await place('02');
    await reaches(call, 'caller answered');

    expect(await provider.hangUp(call, 'ringing')).toMatchObject({ kind: 'refused' });
    expect(await provider.hangUp(call, 'answered')).toEqual({ kind: 'taken' });
  });
});

describe('an order throws, for nobody knows whether it was taken, when Yuntongxun', () => {
  const CALL = { callSid: '9'.repeat(32), providerCallId: 'a1' };

  it.each([
    ['fails', 500, ''],
    ['says that its platform failed', 200, '{"statusCode":"111001","statusMsg":"x"}'],
    ['says nothing that can be read', 200, '<html>'],
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
  it('is asked of the main account, and nothing is made of it', async () => {
    await start(1);
    const call = await place('13');

    await expect(provider.fetchStatus(call)).rejects.toThrow('"code":"000000","text":"","state":"0","callTime":"10"');

    expect(server.requests.at(-1)).toBe(`GET Accounts/${server.accountSid}/CallResult`);
    expect(server.complaints).toEqual([]);
  });

  it('is not unknown because of a code that may mean so', async () => {
    await start(1);

    await expect(provider.fetchStatus({ callSid: '9'.repeat(32), providerCallId: 'a1' })).rejects.toThrow(
      CANCEL_CODES['no such call'],
    );
  });

  it('cannot be asked for by our callSid', async () => {
    await start(1);

    await expect(provider.fetchStatus({ callSid: '9'.repeat(32), providerCallId: null })).rejects.toThrow(
      'no status from Yuntongxun',
    );

    expect(server.requests).toEqual([]);
  });
});
