/** The route of a backend's call: the first that matches the number, or the one that the request names. */
import { backend, newPhone, type Answer, type Backend } from '../support/backend.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';

let telephony: TwoProviders;
let calls: Backend;

beforeAll(async () => {
  telephony = await startTwoProviders({ ROUTES: '+8613=twilio,+86=yuntongxun/twilio,US=twilio' });
  calls = backend(telephony.service);
});
afterEach(() => {
  telephony.yuntongxun.replyInstead = null;
});
afterAll(() => telephony.close());

const ROUTES = ['+8613', '+86', 'US'];

/** By a user with accounts at both providers. */
const place = async (terms: object): Promise<Answer> =>
  calls.place({
    caller: { userId: await telephony.user('yuntongxun', 'twilio') },
    callee: { phone: newPhone() },
    ...terms,
  });

const wayOf = ({ status, body }: Answer) => ({ status, route: body.route, provider: body.provider });
const dials = (): number => telephony.yuntongxun.calls.dials.length + telephony.twilio.forms.length;
const refuseAtYuntongxun = (): void => {
  telephony.yuntongxun.replyInstead = (_, response) =>
    response.writeHead(200).end(JSON.stringify({ statusCode: '111142', statusMsg: 'no funds' }));
};

it('without a route in the request is the first that matches the number', async () => {
  expect(wayOf(await place({}))).toEqual({ status: 201, route: '+8613', provider: 'twilio' });
});

it('in the request is taken in place of an earlier one that matches', async () => {
  const answer = await place({ route: '+86' });

  expect(wayOf(answer)).toEqual({ status: 201, route: '+86', provider: 'yuntongxun' });
  const record = await telephony.service.admin('GET', `calls/${String(answer.body.callSid)}`);
  expect(await record.json()).toMatchObject({ route: '+86', provider: 'yuntongxun' });
});

it('in the request has its own fallback', async () => {
  refuseAtYuntongxun();

  expect(wayOf(await place({ route: '+86' }))).toEqual({ status: 201, route: '+86', provider: 'twilio' });
});

it('in the request is the only one that is tried', async () => {
  const before = dials();
  const caller = { userId: await telephony.user('yuntongxun') };

  const answer = await place({ caller, route: '+8613' });

  expect(answer).toMatchObject({ status: 422, body: { code: 'NO_PROVIDER_ACCOUNT' } });
  expect(dials()).toBe(before);
});

it('in the request may come with one of its providers, which is the only one that is tried', async () => {
  expect(wayOf(await place({ route: '+86', provider: 'twilio' }))).toMatchObject({ route: '+86', provider: 'twilio' });

  refuseAtYuntongxun();
  expect(await place({ route: '+86', provider: 'yuntongxun' })).toMatchObject({
    status: 503,
    body: { code: 'PROVIDER_UNAVAILABLE' },
  });
});

it.each([
  ['a route that does not match the number', { route: 'US' }],
  ['a provider that is not on the route', { route: '+8613', provider: 'yuntongxun' }],
  ['a provider that is only on a later route', { provider: 'yuntongxun' }],
])('is refused for %s, and no phone rings', async (_, terms) => {
  const before = dials();

  expect(await place(terms)).toMatchObject({ status: 422, body: { code: 'NO_ROUTE' } });
  expect(dials()).toBe(before);
});

it.each(['', '+861', 'us', 'CN', 'twilio', '+86 ', '__proto__'])(
  'that this service does not have is refused with the routes that it has: %j',
  async (route) => {
    expect(await place({ route })).toMatchObject({
      status: 400,
      body: {
        code: 'BAD_REQUEST',
        errors: [
          { where: '/route', what: `must be a route of this service: ${ROUTES.map((to) => `"${to}"`).join(', ')}` },
        ],
      },
    });
  },
);

it.each([5, null, ['+86'], {}])('that is no text is refused: %j', async (route) => {
  expect(await place({ route })).toMatchObject({ status: 400, body: { errors: [{ where: '/route' }] } });
});

it('belongs to the request that an Idempotency-Key identifies', async () => {
  const body = { caller: { phone: newPhone() }, callee: { phone: newPhone() }, route: '+8613' };
  const first = await calls.place(body, 'with a route');

  const same = await calls.place(body, 'with a route');
  const another = await calls.place({ ...body, route: '+86' }, 'with a route');

  expect(first.status).toBe(201);
  expect(same).toMatchObject({ status: 201, body: { callSid: first.body.callSid } });
  expect(another).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
});
