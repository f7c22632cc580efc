/** Quiet hours, for an app, a backend and an administrator. It is quiet in China now, and nowhere else. */
import { localTime } from '../../src/common/local-time.js';
import { backend, newPhone } from '../support/backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;

/** Two hours around the present time of day in China. */
const aroundNow = (): string => {
  const { minute } = localTime('Asia/Shanghai', new Date());
  const shown = (shift: number): string => {
    const shifted = (minute + shift + 1_440) % 1_440;
    return `${String(Math.floor(shifted / 60)).padStart(2, '0')}:${String(shifted % 60).padStart(2, '0')}`;
  };
  return `${shown(-60)}-${shown(60)}`;
};

beforeAll(async () => {
  service = await startTestApp({
    environment: { QUIET_HOURS: aroundNow(), ALLOWED_COUNTRIES: 'CN,US', SIMULATOR_SHARES_ACCOUNT: 'true' },
  });
});
afterAll(() => service.close());

const IN_NEW_YORK = '+12125550113';

it('refuses an app’s call without saying why or until when', async () => {
  const response = await fetch(`${service.url}/v1/app/call/2000`, {
    headers: { authorization: `Bearer ${await service.token('1010')}` },
  });

  expect([response.status, response.headers.get('x-ringback-error'), response.headers.get('retry-after')]).toEqual([
    403,
    'CALLEE_UNAVAILABLE',
    null,
  ]);
  expect(await response.json()).toEqual({ returnCode: 403, returnMsg: '对方暂不接受来电!' });
});

it('tells a backend when they are over', async () => {
  const answer = await backend(service).place({ caller: { userId: '1011' }, callee: { phone: newPhone() } });

  expect(answer).toMatchObject({
    status: 409,
    body: {
      code: 'CALLEE_IN_QUIET_HOURS',
      errors: [
        { where: '/callee', what: expect.stringMatching(/^It is \d\d:\d\d in Asia\/Shanghai, where/) as unknown },
      ],
    },
  });
  const seconds = Number(answer.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(3_300);
  expect(seconds).toBeLessThanOrEqual(3_600);
});

it('are explained by the dry run and the list of refusals', async () => {
  await service.ask('1012', 'call/2000');
  const dryRun = await service.admin('GET', 'dry-run?callerId=1012&calleeId=2000');

  expect(await dryRun.json()).toMatchObject({
    carrier: null,
    why: expect.stringContaining('within QUIET_HOURS') as unknown,
    checks: expect.arrayContaining([
      expect.objectContaining({ rule: 'quiet_hours', saw: 'night in Asia/Shanghai' }),
    ]) as unknown,
  });
  const listed = async () =>
    ((await (await service.admin('GET', 'refusals?userId=1012')).json()) as { items: unknown[] }).items;
  await waitFor('the refusal', async () => (await listed()).length === 1);
  expect(await listed()).toMatchObject([{ fault: 'callee_in_quiet_hours' }]);
});

it('do not concern a callee elsewhere, nor a service line', async () => {
  const elsewhere = await backend(service).place({ caller: { userId: '1013' }, callee: { phone: IN_NEW_YORK } });

  expect(elsewhere).toMatchObject({ status: 201 });
  expect(await service.ask('1014', 'callService')).toMatchObject({ returnCode: 200 });
});
