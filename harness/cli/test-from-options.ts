/**
 * Turns the options of `shaketable run` into a TestDefinition: looks every name up, parses every number, and refuses
 * what cannot be, before anything starts.
 */
import { randomInt } from 'node:crypto';
import { CLUSTER_KINDS, runsIn } from '../cluster/capabilities.ts';
import type { System } from '../../systems/system.ts';
import { HarnessError } from '../errors.ts';
import { type TestDefinition, TEST_FORMAT, TEST_VERSION } from '../run/test-definition.ts';
import { requireCluster } from './clusters.ts';
import { prepareWorkload } from './judge.ts';
import { lookUp, unknownName } from './names.ts';
import { parseNumber } from './numbers.ts';
import { requireNames, systems, workloads } from './registries.ts';
import { assignSettings, defaultsOf } from './settings.ts';
import { recordedCode } from './version.ts';

export interface RunOptions {
  readonly cluster?: string;
  readonly nodes?: string;
  readonly concurrency: string;
  readonly rate: string;
  readonly timeLimit: string;
  readonly quiet: string;
  readonly nemesis: string;
  readonly nemesisInterval: string;
  readonly operationTimeout: string;
  readonly seed?: string;
  readonly readyTimeout: string;
  readonly image?: string;
  readonly bug: readonly string[];
  readonly option: readonly string[];
}

/** What `shaketable run` takes where nothing is said. */
export const RUN_DEFAULTS = {
  concurrency: '10',
  rate: '200',
  timeLimit: '30',
  quiet: '5',
  nemesis: 'none',
  nemesisInterval: '3',
  operationTimeout: '5000',
  readyTimeout: '60',
  bug: [],
  option: [],
} as const satisfies RunOptions;

/** Seeds that we choose are short enough to be read out. */
const MAX_CHOSEN_SEED = 1_000_000_000;

/** Typing errors more likely than wishes; far beyond these the machine gives up, or times no longer fit into nanoseconds. */
const NODES_MAX = 101;
const CONCURRENCY_MAX = 10_000;
const RATE_MAX = 1_000_000;
const SECONDS_MAX = 1_000_000;

/**
 * Splits `a,b --x c` style repetitions: each value may hold several names with commas.
 *
 * @throws HarnessError `usage` for a name that is empty, as of a shell's variable that is not set: the run would go without it
 */
function splitNames(option: string, values: readonly string[]): string[] {
  const names = values.flatMap((value) => value.split(',')).map((name) => name.trim());
  if (names.includes(''))
    throw new HarnessError('usage', `${option} ${JSON.stringify(values.join())}: a name is empty`);
  return names;
}

export function testFromOptions(
  systemName: string,
  workloadName: string,
  options: RunOptions,
  commandLine: string,
): TestDefinition {
  const system = lookUp('system', systems, systemName);
  const workload = lookUp('workload', workloads, workloadName);
  const missing = workload.functions.filter((f) => !system.functions.includes(f));
  if (missing.length > 0) {
    throw new HarnessError(
      'usage',
      `workload ${workload.name} needs ${missing.join(', ')}, which ${system.name} does not serve`,
    );
  }
  const cluster = clusterOf(options.cluster, system);
  if (options.image !== undefined && cluster !== 'docker') {
    throw new HarnessError('usage', '--image is for containers: use --cluster docker');
  }
  const nemesisNames = [...new Set(splitNames('--nemesis', [options.nemesis]))].filter(
    (name) => name !== 'none',
  );
  const bugs = [...new Set(splitNames('--bug', options.bug))];
  requireNames({ system: system.name, workload: workload.name, nemeses: nemesisNames, bugs });
  requireCluster({ cluster, nemeses: nemesisNames }, system);
  const seconds = { above: 0, max: SECONDS_MAX };
  const systemOptions = defaultsOf(system);
  const workloadOptions = defaultsOf(workload);
  assignSettings(options.option, [workloadOptions, systemOptions]);
  const test: TestDefinition = {
    format: TEST_FORMAT,
    version: TEST_VERSION,
    ...recordedCode(),
    startedAt: new Date().toISOString(),
    commandLine,
    system: system.name,
    workload: workload.name,
    cluster,
    nemeses: nemesisNames,
    nodes: Array.from({ length: nodeCount(options.nodes, system.defaultNodes) }, (_, i) => `n${i + 1}`),
    concurrency: parseNumber('--concurrency', options.concurrency, {
      integer: true,
      min: 1,
      max: CONCURRENCY_MAX,
    }),
    rate: parseNumber('--rate', options.rate, { above: 0, max: RATE_MAX }),
    timeLimitS: parseNumber('--time-limit', options.timeLimit, seconds),
    quietS: parseNumber('--quiet', options.quiet, { max: SECONDS_MAX }),
    nemesisIntervalS: parseNumber('--nemesis-interval', options.nemesisInterval, seconds),
    operationTimeoutMs: parseNumber('--operation-timeout', options.operationTimeout, {
      above: 0,
      max: SECONDS_MAX * 1000,
    }),
    ...(cluster === 'sim'
      ? undefined
      : { readyTimeoutS: parseNumber('--ready-timeout', options.readyTimeout, seconds) }),
    ...(options.image === undefined ? undefined : { image: options.image }),
    seed:
      options.seed === undefined
        ? randomInt(MAX_CHOSEN_SEED)
        : parseNumber('--seed', options.seed, { integer: true }),
    bugs,
    systemOptions,
    workloadOptions,
  };
  // Both refuse values that cannot be, before anything is started or written.
  prepareWorkload(test);
  system.checkOptions?.(test.systemOptions, test.nodes);
  return test;
}

function nodeCount(typed: string | undefined, fallback: number): number {
  if (typed === undefined) return fallback;
  return parseNumber('--nodes', typed, { integer: true, min: 1, max: NODES_MAX });
}

/** Where none was asked for: the first in which the system runs. */
function clusterOf(typed: string | undefined, system: System): TestDefinition['cluster'] {
  if (typed === undefined) return CLUSTER_KINDS.find((kind) => runsIn(kind, system)) ?? 'sim';
  const cluster = CLUSTER_KINDS.find((kind) => kind === typed);
  if (cluster === undefined) throw unknownName('cluster', CLUSTER_KINDS, typed);
  return cluster;
}
