/** What the service finds wrong in the fields of the desk's forms and filters, on the desk in Chinese. */
import { FIELD_FAULTS } from '../../web/src/text/field-fault-words.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { expectChinese } from './said-in-chinese.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
  await service.admin('POST', 'users', { id: '1', name: 'a', externalId: 'one' });
});
afterAll(() => service.close());

const OPEN = { name: 'a', open: true, position: 0 };
const LINE = { ...OPEN, phone: '010-56469588' };
const hours = (week: unknown, more: object = {}) => ({ ...LINE, hours: { timeZone: 'UTC', week, ...more } });
const ring = (...seconds: unknown[]) => ({
  ...OPEN,
  phones: seconds.map((ringSeconds, place) => ({ phone: `138 0013 800${place}`, ringSeconds })),
});
const NIGHT_TO_NIGHT = { monday: ['09:00-12:00', '11:00-13:00'] };
const MANY = 11;

type FormRequest = readonly [method: string, path: string, body?: unknown];

/** Each form, with fields as people fill them in. */
const REQUESTS: readonly FormRequest[] = [
  ['POST', 'users', { id: 'x', name: ' ', phone: '12', externalId: '12', shown: { toCaller: 'x', toCallee: 'y' } }],
  ['POST', 'users', { id: '9', name: 'n'.repeat(201), externalId: 'e'.repeat(300) }],
  ['PUT', 'users/1/sub-accounts/simulator', { externalId: '', secret: 's'.repeat(2_000) }],
  ['POST', 'service-lines', { ...LINE, name: '', position: -1, callsAtOnce: 0 }],
  ['POST', 'service-lines', { ...OPEN, phones: [{ phone: '12' }] }],
  ['POST', 'service-lines', { ...OPEN, phones: [] }],
  [
    'POST',
    'service-lines',
    { ...OPEN, phones: Array.from({ length: MANY }, (_, n) => ({ phone: `1380013${8000 + n}` })) },
  ],
  ['POST', 'service-lines', { ...OPEN, phones: [{ phone: '138 0013 8000' }, { phone: '13800138000转1' }] }],
  ['POST', 'service-lines', ring(1)],
  ['POST', 'service-lines', ring(0)],
  ['POST', 'service-lines', ring(300, 300, 300)],
  ['POST', 'service-lines', hours({ monday: ['9-12'] })],
  ['POST', 'service-lines', hours(NIGHT_TO_NIGHT)],
  ['POST', 'service-lines', hours({})],
  [
    'POST',
    'service-lines',
    hours({ monday: Array.from({ length: MANY }, (_, hour) => `${10 + hour}:00-${10 + hour}:30`) }),
  ],
  ['POST', 'service-lines', hours({ monday: ['09:00-12:00'] }, { timeZone: 'Nowhere' })],
  ['POST', 'service-lines', hours({ monday: ['09:00-12:00'] }, { holidays: ['2026-02-31'] })],
  [
    'POST',
    'service-lines',
    hours({ monday: ['09:00-12:00'] }, { holidays: Array.from({ length: 1_001 }, () => '2026-02-01') }),
  ],
  ['POST', 'webhook-endpoints', { url: 'https://example.com/', eventTypes: [] }],
  ['POST', 'webhook-endpoints', { url: 'x' }],
  ['POST', 'webhook-endpoints', { url: 'ftp://example.com/' }],
  ['POST', 'webhook-endpoints', { url: 'http://10.0.0.5/' }],
  ['POST', 'webhook-endpoints', { url: 'http://93.184.215.14/' }],
  ['POST', 'webhook-endpoints', { url: 'https://a:b@example.com/' }],
  ['POST', 'webhook-endpoints', { url: 'https://example.com/#x' }],
  ['POST', 'webhook-endpoints', { url: 'https://example.com:22/' }],
  ['POST', 'webhook-endpoints', { url: `https://example.com/${'x'.repeat(3_000)}` }],
  ['POST', 'webhook-endpoints', { url: 'https://nowhere.invalid/' }],
  ['POST', 'webhook-endpoints', { url: 'https://10.0.0.5/' }],
  ['PUT', 'suppressions', { suppressions: [{ phone: '12', reason: 'r'.repeat(300), until: 'tomorrow' }] }],
  [
    'PUT',
    'suppressions',
    {
      suppressions: [
        { phone: '13800138000', reason: 'b' },
        { phone: '13800138000', reason: 'a' },
      ],
    },
  ],
  ['POST', 'freezes', { kind: 'user', subject: '99', reason: 'a' }],
  ['POST', 'freezes', { kind: 'sub_account', subject: 'x', reason: 'a' }],
  ['POST', 'freezes', { kind: 'country', subject: 'XX', reason: 'a' }],
  ['PUT', 'budgets', { kind: 'all', period: 'day', amount: 'much', timeZone: 'Nowhere' }],
  ['PUT', 'budgets', { kind: 'user', subject: '99', period: 'day', amount: '1', timeZone: 'UTC' }],
  ['GET', 'calls?from=x&to=2026-13-01&timeZone=Nowhere&phone=x&callerId=%20&limit=0'],
  ['GET', 'calls?from=2026-11-02&to=2026-11-01'],
  ['GET', `calls?userId=${'9'.repeat(300)}`],
  ['GET', 'refusals?from=x&userId=%20'],
  ['GET', `audit?from=x&subject=&target=${'x'.repeat(300)}`],
  ['GET', 'users?phone=x&externalId=&name='],
  ['GET', 'statistics?from=x&to=y&every=hour&timeZone=Nowhere'],
  ['GET', 'statistics?from=x&to=y&every=hour&timeZone=UTC'],
  ['GET', 'statistics?from=2020-01-01&to=2026-01-01&every=hour&timeZone=UTC'],
  ['GET', 'dry-run?callerId=1&calleeId=1'],
  ['GET', 'dry-run?callerId=&phone=x'],
  ['GET', 'dry-run?callerId=1&phone=x'],
  ['POST', 'webhook-endpoints/1/redeliver', { callSid: 'x' }],
  ['GET', 'webhook-endpoints/1/deliveries?callSid=x'],
];

/** The form shows the fault of a part of the field at that part. */
const PART = /^(?:week\.\w+|holidays|timeZone|ringSeconds)\S* /;

const saidTo = async ([method, path, body]: FormRequest): Promise<readonly string[]> => {
  const response = await service.admin(method, path, body);
  const { errors = [] } = (await response.json()) as { errors?: { what: string }[] };
  if (errors.length === 0)
    throw new Error(`nothing is wrong with ${method} ${path} ${JSON.stringify(body).slice(0, 200)}`);
  return errors.map(({ what }) => what.replace(PART, ''));
};

it('says each fault of a field in Chinese, and has no words that the service does not use', async () => {
  const said = [...new Set((await Promise.all(REQUESTS.map(saidTo))).flat())];

  expectChinese(said, FIELD_FAULTS);
});
