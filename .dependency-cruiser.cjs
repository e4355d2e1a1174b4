// Who may import what (docs/ARCHITECTURE.md, "Layout"). Tests may reach further than what they test, as far as the
// rules on tests below allow. `npm run layers` runs this and fails, too, when it did not see every module.

const TEST = '(\\.test\\.ts$|^test/|/testing/|/testdata/)';
/** Contracts and leaves that every layer may use. */
const LEAVES = '^harness/(errors|units|random)\\.ts$';
const CONTRACTS =
  '^(harness/history/|harness/interpreter/client\\.ts$|systems/(system|runtime/(disk-model/)?[^/]+)\\.ts$)';
/** What real clusters say to real nodes, and the door of their clients. */
const CHANNEL = '^systems/runtime/real/(control|real-endpoint|real-peer|real-runtime)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Modules that need each other are one module, or lack a third that both need.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'leaves-import-nothing',
      comment: 'Errors, units and random streams are used by all and use nobody.',
      severity: 'error',
      from: { path: LEAVES },
      to: { path: '^(harness|checkers|nemeses|workloads|systems|results)/' },
    },
    {
      name: 'history-imports-nothing-above',
      severity: 'error',
      from: { path: '^harness/history/', pathNot: TEST },
      to: {
        path: '^(harness|checkers|nemeses|workloads|systems|results)/',
        pathNot: ['^harness/history/', LEAVES],
      },
    },
    {
      name: 'runtime-contract-imports-nothing-above',
      severity: 'error',
      from: { path: '^systems/runtime/', pathNot: TEST },
      to: {
        path: '^(harness|checkers|nemeses|workloads|systems|results)/',
        pathNot: ['^systems/runtime/', '^harness/history/(operation|trace)\\.ts$', LEAVES],
      },
    },
    {
      name: 'checkers-know-histories-only',
      severity: 'error',
      from: { path: '^checkers/', pathNot: TEST },
      to: {
        path: '^(harness|nemeses|workloads|systems|results)/',
        pathNot: ['^harness/history/', LEAVES],
      },
    },
    {
      name: 'systems-know-contracts-only',
      comment: 'A system never imports a checker, a workload, a nemesis, or what runs it.',
      severity: 'error',
      from: { path: '^systems/[^/]+/', pathNot: [TEST, '^systems/runtime/'] },
      to: {
        path: '^(harness|checkers|nemeses|workloads|results)/',
        pathNot: [CONTRACTS, LEAVES],
      },
    },
    {
      name: 'systems-are-strangers',
      severity: 'error',
      from: { path: '^systems/([^/]+)/', pathNot: TEST },
      to: { path: '^systems/([^/]+)/', pathNot: ['^systems/$1/', '^systems/runtime/'] },
    },
    {
      name: 'nemeses-act-through-the-cluster',
      severity: 'error',
      from: { path: '^nemeses/', pathNot: [TEST, '^nemeses/gossip-system\\.ts$'] },
      to: {
        path: '^(harness|checkers|workloads|systems|results)/',
        pathNot: ['^harness/cluster/cluster\\.ts$', '^harness/generator/', CONTRACTS, LEAVES],
      },
    },
    {
      name: 'workloads-know-no-system',
      severity: 'error',
      from: { path: '^workloads/', pathNot: TEST },
      to: {
        path: '^(harness|nemeses|systems|results)/',
        pathNot: ['^harness/(generator|history)/', '^harness/interpreter/client\\.ts$', LEAVES],
      },
    },
    {
      name: 'generators-and-interpreter-know-no-cluster-kind',
      severity: 'error',
      from: { path: '^harness/(generator|interpreter|run)/', pathNot: TEST },
      to: {
        path: '^(harness/(cluster/[^/]+/|cli/)|checkers/|nemeses/|workloads/|results/|systems/[^/]+/)',
        pathNot: ['^systems/runtime/', '^harness/cluster/cluster\\.ts$'],
      },
    },
    {
      name: 'measures-are-of-runs',
      comment:
        'What compares variants, and what sums up a sweep, sees what a run left, and nothing of what ran it.',
      severity: 'error',
      from: { path: '^harness/(compare|shrink|sweep)/', pathNot: TEST },
      to: { path: '^(harness/(cluster/[^/]+/|cli/)|nemeses/|workloads/|results/|systems/)' },
    },
    {
      name: 'clusters-know-contracts-only',
      severity: 'error',
      from: { path: '^harness/cluster/', pathNot: TEST },
      to: {
        path: '^(harness|checkers|nemeses|workloads|systems|results)/',
        pathNot: ['^harness/cluster/', CONTRACTS, CHANNEL, LEAVES],
      },
    },
    {
      name: 'clusters-are-strangers',
      comment: 'What those in real time share is in real/.',
      severity: 'error',
      from: { path: '^harness/cluster/([^/]+)/', pathNot: TEST },
      to: { path: '^harness/cluster/([^/]+)/', pathNot: ['^harness/cluster/$1/', '^harness/cluster/real/'] },
    },
    {
      name: 'nothing-imports-the-command',
      severity: 'error',
      from: { pathNot: ['^harness/cli/', TEST] },
      to: { path: '^harness/cli/' },
    },
    {
      name: 'the-api-runs-nothing',
      comment: 'It is bundled with node programs: no cluster, no system, nothing of Node.js.',
      severity: 'error',
      from: { path: '^api/', pathNot: TEST },
      to: {
        path: '^(harness/(cluster/[^/]+/|cli/|run/|interpreter/)|results/|systems/[^/]+/)',
        pathNot: ['^harness/interpreter/client\\.ts$', '^systems/runtime/[^/]+\\.ts$'],
      },
    },
    {
      name: 'only-the-command-imports-the-api',
      severity: 'error',
      from: { pathNot: ['^(api|harness/cli|examples)/', TEST] },
      to: { path: '^api/' },
    },
    {
      name: 'browser-knows-the-data-contract-only',
      severity: 'error',
      from: { path: '^results/report/browser/', pathNot: TEST },
      to: {
        pathNot: ['^results/report/browser/', '^results/report/report-data\\.ts$', '^node_modules/uplot/'],
      },
    },
    {
      name: 'browser-of-the-server-knows-its-contract-only',
      severity: 'error',
      from: { path: '^results/serve/browser/', pathNot: TEST },
      to: { pathNot: ['^results/serve/browser/', '^results/serve/live-data\\.ts$'] },
    },
    {
      name: 'results-run-nothing',
      severity: 'error',
      from: { path: '^results/', pathNot: TEST },
      to: { path: '^(nemeses|workloads|systems|harness/(cluster|interpreter|generator|cli))/' },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { pathNot: TEST },
      to: { path: '(\\.test\\.ts$|^test/)' },
    },
    {
      name: 'dependencies-are-declared',
      comment: 'What the published package imports is one of its dependencies.',
      severity: 'error',
      from: { path: '^(api|harness|checkers|nemeses|workloads|systems|results)/', pathNot: TEST },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
  ],
  options: {
    // Types count: a type-only import ties two layers together as well.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^results/runs/', '^dist/'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.d.ts'],
    },
  },
};
