/** NestJS 12 is made of ES modules, so jest runs them as such; SWC takes the types off, `tsc` checks them beforehand. */

/**
 * ES modules that CommonJS packages of ours require. Node can do that since 20.19, but jest's own require only from Node
 * 24.9 on; for it alone they are turned into CommonJS.
 */
const REQUIRED_ES_MODULES = ['content-disposition'];
const IN_THEM = `/node_modules/(?:${REQUIRED_ES_MODULES.join('|')})/`;

export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', {}],
    [`${IN_THEM}.+\\.js$`]: ['@swc/jest', { swcrc: false, jsc: { target: 'es2022' } }],
  },
  transformIgnorePatterns: [`/node_modules/(?!(?:${REQUIRED_ES_MODULES.join('|')})/)`],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // Its ES module imports JSON in a way that jest complains about, in five lines a test file.
    '^libphonenumber-js/max$': '<rootDir>/node_modules/libphonenumber-js/max/index.cjs',
  },
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testTimeout: 30_000,
  maxWorkers: 2,
  // Modules of a finished test file stay in memory (ES modules in vm contexts). At 2 GB a worker spends its time collecting garbage.
  workerIdleMemoryLimit: '600MB',
};
