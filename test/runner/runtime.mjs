/** Loads a test file with Node's own `import`. See `environment.mjs`. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { sourceMaps } from './typescript.mjs';

const require = createRequire(import.meta.url);

/** The global from which jest-circus reads the time limit of the file's tests. */
const FILE_TIMEOUT = Symbol.for('TEST_TIMEOUT_SYMBOL');

/** Node's streams and sockets take these from the globals, those of other test files and of jest too. */
const TURNS = ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'];

/** Makes each load of a test file unique, because Node caches modules by their URL. */
let loads = 0;

export default class NativeRuntime {
  #environment;

  constructor(_config, environment) {
    this.#environment = environment;
  }

  /** Reloads jest-circus for each file, because its module keeps the file's tests. */
  requireInternalModule(path) {
    delete require.cache[path];
    return require(path);
  }

  setGlobalsForRuntime() {
    const { moduleMocker: mocks, fakeTimersModern: timers } = this.#environment;
    globalThis.jest = {
      fn: (implementation) => mocks.fn(implementation),
      spyOn: (...target) => mocks.spyOn(...target),
      replaceProperty: (...target) => mocks.replaceProperty(...target),
      restoreAllMocks: () => mocks.restoreAllMocks(),
      useFakeTimers: ({ doNotFake = [], ...options } = {}) =>
        timers.useFakeTimers({ ...options, doNotFake: [...TURNS, ...doNotFake] }),
      useRealTimers: () => timers.useRealTimers(),
      advanceTimersByTime: (ms) => timers.advanceTimersByTime(ms),
      advanceTimersByTimeAsync: (ms) => timers.advanceTimersByTimeAsync(ms),
      getTimerCount: () => timers.getTimerCount(),
      setTimeout: (timeout) => {
        globalThis[FILE_TIMEOUT] = timeout;
      },
    };
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    await import(`${pathToFileURL(path).href}?load=${(loads += 1)}`);
  }

  getSourceMaps() {
    return sourceMaps;
  }

  requireModule(path) {
    return require(path);
  }

  // Jest calls these on every runtime. Nothing to do.
  enterTestCode() {}
  leaveTestCode() {}
  getAllCoverageInfoCopy() {}
  teardown() {
    delete globalThis[FILE_TIMEOUT];
  }
}

/** Makes jest use the default export. */
export const __esModule = true;
