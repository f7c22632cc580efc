/** `npm run desk:pictures`: each page in both languages, into docs/pictures/desk. Not a test: it compares nothing. */
import type { Page } from 'playwright-core';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { startDrawing, type Drawing } from './drawing.js';
import { FOR_SOME_CALLS, placeSomeCalls, type SomeCalls } from './some-calls.js';
import { storeSomePeople } from './some-people.js';

interface Shown {
  readonly name: string;
  readonly path: string | ((calls: SomeCalls) => string);
  /** How to know that it is there. */
  readonly shows: string;
  readonly look?: Parameters<Drawing['drawInBoth']>[3];
}

/** New users, a changed one, and one that is stored already. */
const USERS_CSV = `id,name,phone,externalId
4001,张三,13800138001,m-4001
4002,李四,13800138002,m-4002
4003,Maria Rossi,+39 06 1234 5678,
1006,王小明,13900001006,m-1006
1007,赵六,13900001007,m-1007
`;

const chooseUsers = (page: Page): Promise<void> =>
  page
    .locator('input[type=file]')
    .setInputFiles({ name: 'users.csv', mimeType: 'text/csv', buffer: Buffer.from(USERS_CSV) });

/** `npm run desk:pictures -- -t 'the page: calls'` draws one of them. */
const PAGES: readonly Shown[] = [
  { name: 'providers', path: 'providers?callerId=1001&calleeId=2003', shows: '.outcome' },
  { name: 'calls', path: 'calls', shows: 'tbody tr' },
  { name: 'call', path: ({ completed }) => `calls/${completed}`, shows: '.deliveries-of-endpoint' },
  { name: 'refused-calls', path: 'calls/refused', shows: 'tbody tr' },
  { name: 'users', path: 'people', shows: 'table', look: { isInSight: true } },
  { name: 'people', path: 'people/users/1006', shows: 'table' },
  { name: 'service-lines', path: 'people/lines', shows: 'table' },
  { name: 'import', path: 'people/import', shows: 'table', look: { act: chooseUsers } },
  { name: 'suppressions', path: 'protection', shows: 'table' },
  { name: 'freezes', path: 'protection/freezes', shows: 'table' },
  { name: 'money', path: 'protection/money', shows: 'table >> nth=1' },
];

describe('draws', () => {
  let service: TestApp;
  let calls: SomeCalls;
  let drawing: Drawing;

  beforeAll(async () => {
    // Slow enough for steps as people see them.
    service = await startTestApp({ environment: { ...FOR_SOME_CALLS, SIMULATOR_SPEED: '10' } });
    calls = await placeSomeCalls(service);
    await storeSomePeople(service);
    drawing = await startDrawing(service);
  });
  afterAll(async () => {
    await drawing.close();
    await calls.receiver.close();
    await service.close();
  });

  it('the sign-in', () => drawing.drawInBoth('sign-in', 'sign-in', 'form', { isSignedIn: false }));

  it.each(PAGES)('the page: $name', ({ name, path, shows, look }) =>
    drawing.drawInBoth(name, typeof path === 'string' ? path : path(calls), shows, look),
  );
});
