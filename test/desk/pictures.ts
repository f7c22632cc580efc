/** `npm run desk:pictures`: each page in both languages, into docs/pictures/desk. Not a test: it compares nothing. */
import { startTestApp, type TestApp } from '../support/test-app.js';
import { ON_A_PHONE } from './desk-page.js';
import { startDrawing, type Drawing } from './drawing.js';
import { FOR_SOME_CALLS, placeSomeCalls, type SomeCalls } from './some-calls.js';
import { storeSomePeople } from './some-people.js';

interface Shown {
  readonly name: string;
  readonly path: string | ((calls: SomeCalls) => string);
  /** How to know that it is there. */
  readonly shows: string;
  /** Also in dark, and on a phone. */
  readonly isFull?: true;
}

/** `npm run desk:pictures -- -t 'the page: calls'` draws one of them. */
const PAGES: readonly Shown[] = [
  { name: 'providers', path: 'providers?callerId=1001&calleeId=2003', shows: '.outcome', isFull: true },
  { name: 'calls', path: 'calls', shows: 'tbody tr' },
  { name: 'call', path: ({ completed }) => `calls/${completed}`, shows: '.deliveries-of-endpoint', isFull: true },
  { name: 'refused-calls', path: 'calls/refused', shows: 'tbody tr' },
  { name: 'people', path: 'people/users/1006', shows: 'table' },
  { name: 'service-lines', path: 'people/lines', shows: 'table' },
  { name: 'suppressions', path: 'protection', shows: 'table' },
  { name: 'money', path: 'protection/money', shows: 'table >> nth=1' },
];

jest.setTimeout(120_000);

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
  }, 120_000);
  afterAll(async () => {
    await drawing.close();
    await calls.receiver.close();
    await service.close();
  });

  it('the sign-in', () => drawing.drawInBoth('sign-in', 'sign-in', 'form', { isSignedIn: false }));

  it.each(PAGES)('the page: $name', async ({ name, path, shows, isFull }) => {
    const address = typeof path === 'string' ? path : path(calls);
    await drawing.drawInBoth(name, address, shows);
    if (!isFull) return;
    await drawing.draw(`${name}.dark`, address, shows, { theme: 'dark' });
    await drawing.draw(`${name}.phone`, address, shows, ON_A_PHONE);
  });
});
