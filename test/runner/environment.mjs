/**
 * The tests run in Node's own module system, not in jest's copy of it. Jest loads every module again for each test file (for
 * NestJS, TypeORM and the rest of a service: some 2,000 modules, four seconds); here a worker process loads them once. The
 * three hooks that jest has for this are this environment, the runtime beside it, and a loader for TypeScript.
 *
 * The price: test files of one worker share globals and module state. The teardown below restores what a file has changed.
 */
import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';
import { registerTypeScript } from './typescript.mjs';

registerTypeScript();

/** Jest's own code keeps using the real clock while a test has a fake one. */
Object.assign(globalThis, {
  [Symbol.for('jest-native-now')]: Date.now.bind(Date),
  [Symbol.for('jest-native-promise')]: Promise,
});

/**
 * Node takes up to 0.9 s to take a heap of 1.6 GB apart on a busy machine (0.2 to 0.5 s on a quiet one). Jest allows an ended
 * worker half a second, and then reports that tests leak. So a worker with nothing left to do ends without that, after all
 * other listeners of its exit.
 */
process.once('beforeExit', () => {
  process.once('exit', (code) => process.reallyExit(process.exitCode ?? code));
});

/** The global in which jest-circus keeps the listeners of the running file. */
const EVENT_HANDLERS = Symbol.for('EVENT_HANDLERS');

const realExit = process.exit;
const realConsole = globalThis.console;

export default class SharedEnvironment {
  global = globalThis;
  #before = { ...process.env };

  constructor({ projectConfig }) {
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
  }

  async setup() {}

  async teardown() {
    this.fakeTimersModern.dispose();
    this.moduleMocker.restoreAllMocks();
    for (const name of Object.keys(process.env)) if (!(name in this.#before)) delete process.env[name];
    Object.assign(process.env, this.#before);
    process.exit = realExit;
    globalThis.console = realConsole;
    delete globalThis[EVENT_HANDLERS];
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  /** None: modules run in the process's own context. */
  getVmContext() {
    return null;
  }
}
