/** The tests run in Node's own module system: `test/runner/environment.mjs` says why. */
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testEnvironment: '<rootDir>/test/runner/environment.mjs',
  runtime: '<rootDir>/test/runner/runtime.mjs',
  testSequencer: '<rootDir>/test/runner/sequencer.mjs',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  // Ends a test that hangs, and judges none: a machine may give the tests a third of its processor.
  testTimeout: 240_000,
  // One more than the cores of the smallest machine: many tests wait for a process or a timer.
  maxWorkers: 3,
  // A worker keeps the modules of its finished test files, some 10 MB each.
  workerIdleMemoryLimit: '1GB',
};
