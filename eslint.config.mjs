import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const ENVIRONMENT =
  'The environment is read once, by src/config/environment.ts; take what you need from Config. ' +
  'A new variable goes into src/config/settings.ts, which gives it a check and a line in docs/configuration.md.';
const DEFAULT_EXPORT = 'Export it by name, so that one thing has one name wherever it is imported.';

const environmentIsReadOnce = [
  { selector: "MemberExpression[object.name='process'][property.name='env']", message: ENVIRONMENT },
  { selector: "MemberExpression[object.name='process'][property.value='env']", message: ENVIRONMENT },
  { selector: "VariableDeclarator[init.name='process'] > ObjectPattern", message: ENVIRONMENT },
  { selector: 'ImportDeclaration[source.value=/^(node:)?process$/]', message: ENVIRONMENT },
];
const exportsHaveNames = [
  { selector: 'ExportDefaultDeclaration', message: DEFAULT_EXPORT },
  { selector: "ExportSpecifier[exported.name='default']", message: DEFAULT_EXPORT },
];

const NODE_GLOBALS = ['AbortSignal', 'Buffer', 'URL', 'clearTimeout', 'console', 'fetch', 'process', 'setTimeout'];

export default defineConfig(
  {
    ignores: [
      '**/dist/',
      'data/',
      'coverage/',
      'test/api-document/clients/',
      'client/src/schema.ts',
      'web/src/api/schema.ts',
    ],
  },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-else-return': 'error',
      'no-eval': 'error',
      'no-param-reassign': 'error',
      'no-self-compare': 'error',
      'no-undef-init': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-rename': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, 'readonly'])) },
    rules: {
      'no-redeclare': 'error',
      'no-undef': 'error',
      'no-unreachable': 'error',
      'no-unused-vars': 'error',
    },
  },
  {
    files: ['**/*.ts', 'web/**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-restricted-syntax': ['error', ...environmentIsReadOnce, ...exportsHaveNames],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      // Knows emitDecoratorMetadata: the class of an injected parameter stays a value import, as Nest needs it.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // A Nest module is a class that is all decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowAny: false, allowBoolean: false, allowNullish: false, allowNumber: true, allowRegExp: false },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // There are no enums here, and it looks at the type of each expression.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      // An interface of Nest or TypeORM may ask for a promise where one implementation has nothing to await.
      '@typescript-eslint/require-await': 'off',
      // Nest's options and TypeORM's rows are classes that everybody fills in as plain objects.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // Overriding a generic method of a library means repeating its type parameters.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  {
    // Tests of whole processes hand their own environment on to them.
    files: [
      'src/config/environment.ts',
      'test/support/**/*.ts',
      'test/deployment/**/*.ts',
      'test/asterisk/asterisk.ts',
      // How much a fuzzer does is for whoever runs it.
      'test/api-document/fuzz.test.ts',
    ],
    rules: { 'no-restricted-syntax': ['error', ...exportsHaveNames] },
  },
  {
    // Programs that people start by hand speak to them; everything else speaks through the logger.
    files: ['examples/**', 'src/main.ts', 'src/telephony/simulator/server.ts', 'src/cli/**/*.ts', 'scripts/**/*.mjs'],
    rules: { 'no-console': 'off' },
  },
  {
    // A reply's JSON and Jest's asymmetric matchers are typed any, and what they hold is the very thing being tested.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
