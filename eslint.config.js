// Type-aware rules that find bugs; layout is Prettier's. What code may touch the world is said here too: everything
// that runs in the simulator has its time, its randomness and its files from the Runtime or the Cluster alone.
import tseslint from 'typescript-eslint';

const TESTS = ['**/*.test.ts', 'test/**', '**/testing/**', '**/transcript.ts'];

/** Runs in the simulator: a pure function of the code, the test and the seed. */
const SIMULATED = [
  'systems/**/*.ts',
  'harness/*.ts',
  'harness/history/**/*.ts',
  'harness/generator/**/*.ts',
  'harness/interpreter/**/*.ts',
  'harness/run/**/*.ts',
  'harness/cluster/sim/**/*.ts',
  'nemeses/**/*.ts',
  'workloads/**/*.ts',
  'checkers/**/*.ts',
];

/** The doors: what they are made of is the real world. */
const DOORS = [
  'systems/runtime/real/**',
  'systems/*/main.ts',
  'systems/*/cli/**',
  'harness/cluster/sim/scheduler.ts',
];

const BANNED_GLOBALS = [
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance'].map((name) => ({
    name,
    message: 'Time comes from the Runtime (nodes) or the cluster’s clock (harness).',
  })),
  ...['process', 'console', 'fetch', 'crypto', 'require'].map((name) => ({
    name,
    message: 'Code that runs in the simulator touches the world through the Runtime or the Cluster alone.',
  })),
];

const BANNED_SYNTAX = [
  {
    selector: 'MemberExpression[object.name="Date"][property.name="now"]',
    message: 'Time comes from the Runtime (nodes) or the cluster’s clock (harness).',
  },
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
    message: 'Time comes from the Runtime (nodes) or the cluster’s clock (harness).',
  },
  {
    selector: 'MemberExpression[object.name="Math"][property.name="random"]',
    message: 'Randomness comes from a keyed stream (harness/random.ts).',
  },
];

/** Of ESLint's own rules, those that find bugs. */
const CORE_RULES = Object.fromEntries(
  [
    'no-async-promise-executor',
    'no-case-declarations',
    'no-cond-assign',
    'no-constant-binary-expression',
    'no-constant-condition',
    'no-control-regex',
    'no-debugger',
    'no-dupe-else-if',
    'no-duplicate-case',
    'no-empty',
    'no-empty-pattern',
    'no-fallthrough',
    'no-irregular-whitespace',
    'no-loss-of-precision',
    'no-misleading-character-class',
    'no-prototype-builtins',
    'no-regex-spaces',
    'no-self-compare',
    'no-sparse-arrays',
    'no-template-curly-in-string',
    'no-unreachable-loop',
    'no-unsafe-finally',
    'no-unsafe-optional-chaining',
    'no-unused-labels',
    'no-useless-assignment',
    'no-useless-catch',
    'no-useless-escape',
    'no-var',
    'prefer-const',
    'require-yield',
    'use-isnan',
    'valid-typeof',
    'array-callback-return',
    'eqeqeq',
  ].map((name) => [name, 'error']),
);

export default tseslint.config(
  { ignores: ['node_modules/**', 'dist/**', 'results/runs/**', 'coverage/**'] },
  { rules: CORE_RULES },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Without a comparison numbers are sorted as texts.
      '@typescript-eslint/require-array-sort-compare': ['error', { ignoreStringArrays: true }],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/no-unnecessary-boolean-literal-compare': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: false },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Our interfaces are served by closures as often as by classes; what is handed on is checked by its type.
      '@typescript-eslint/unbound-method': 'off',
      // An interface's method may have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: SIMULATED,
    ignores: [...TESTS, ...DOORS],
    rules: {
      'no-restricted-globals': ['error', ...BANNED_GLOBALS],
      'no-restricted-syntax': ['error', ...BANNED_SYNTAX],
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ group: ['node:*'], message: 'Only the doors import Node.js (docs/ARCHITECTURE.md).' }],
        },
      ],
    },
  },
  {
    // Matchers and parsed JSON are loosely typed, and a test that prints or sorts oddly fails visibly.
    files: TESTS,
    rules: {
      '@typescript-eslint/require-array-sort-compare': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', module: 'writable' },
    },
  },
);
