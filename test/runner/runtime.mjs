/** How jest loads a test file here: by Node's own `import`. See `environment.mjs`. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { sourceMaps } from './typescript.mjs';

const require = createRequire(import.meta.url);

/** Where jest-circus looks for the time limit of the file's tests. */
const FILE_TIMEOUT = Symbol.for('TEST_TIMEOUT_SYMBOL');

/** Each load of a test file is a load of its own; Node remembers modules by their address. */
let loads = 0;

export default class NativeRuntime {
  #environment;

  constructor(_config, environment) {
    this.#environment = environment;
  }

  /** jest-circus, anew for each file, because it keeps the file's tests in its module. */
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
      useFakeTimers: (options) => timers.useFakeTimers(options),
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

  // Asked of every runtime; there is nothing to do in these.
  enterTestCode() {}
  leaveTestCode() {}
  getAllCoverageInfoCopy() {}
  teardown() {
    delete globalThis[FILE_TIMEOUT];
  }
}

/** Jest takes the default export of a CommonJS module. */
export const __esModule = true;
