/**
 * The cluster of a test: simulated, of child processes, or of containers; and what a run does differently in each.
 *
 *     const { cluster, drive } = await createCluster(test, { directory, output, onLog });
 *     await drive(() => runTest({ cluster, … }));      // in `sim` this is what lets virtual time pass
 */
import { basename } from 'node:path';
import { composeNemeses, requireCapabilities } from '../../nemeses/index.ts';
import type { RunDirectory } from '../../results/run-directory.ts';
import type { System } from '../../systems/system.ts';
import { capabilitiesOf, CLUSTER_KINDS, NETEM_CAPABILITIES, runsIn } from '../cluster/capabilities.ts';
import type { Capability, Cluster } from '../cluster/cluster.ts';
import type { Backend } from '../cluster/real/backend.ts';
import { SimCluster } from '../cluster/sim/sim-cluster.ts';
import { HarnessError } from '../errors.ts';
import { planGenerator } from '../generator/index.ts';
import type { MessageRecord } from '../history/messages.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { lookUp } from './names.ts';
import type { Output } from './output.ts';
import { API_PATH, nemeses, sourceOf, systems } from './registries.ts';

/** What `import 'shaketable'` means in a module that is bundled for nodes. */
const PACKAGE_ALIASES = { shaketable: API_PATH };

export interface TestCluster {
  readonly cluster: Cluster;
  /** Does what is asynchronous about the cluster. */
  drive<T>(main: () => Promise<T>): Promise<T>;
  /** What went over the network, where that is recorded. */
  messages(): readonly MessageRecord[];
  /** Of all simulated events by now: equal for equal runs. Empty and 0 in real time, which never passes the same way twice. */
  events(): { readonly eventHash: string; readonly eventCount: number };
}

export interface ClusterHooks {
  readonly directory: RunDirectory | null;
  readonly output: Output;
  readonly onLog: (node: string, line: string) => void;
  /** In `sim`: writes down what goes over the network. */
  readonly recordsMessages?: boolean;
}

export async function createCluster(test: TestDefinition, hooks: ClusterHooks): Promise<TestCluster> {
  const system = lookUp('system', systems, test.system);
  const { nodes, seed, bugs, systemOptions: options } = test;
  if (test.cluster === 'sim') {
    const cluster = new SimCluster({
      system,
      nodes,
      seed,
      options,
      bugs,
      onLog: hooks.onLog,
      recordsMessages: hooks.recordsMessages ?? false,
    });
    return {
      cluster,
      messages: () => cluster.messages,
      drive: (main) => cluster.run(main),
      events: () => ({ eventHash: cluster.eventHash, eventCount: cluster.eventCount }),
    };
  }
  const { directory, output, onLog } = hooks;
  if (directory === null) {
    throw new HarnessError('usage', `a run in the ${test.cluster} cluster needs a run directory`);
  }
  const [{ RealCluster }, { bundleEntry, bundleProgram }] = await Promise.all([
    import('../cluster/real/real-cluster.ts'),
    import('../cluster/real/bundle.ts'),
  ]);
  const folder = (node: string): string => directory.file(`nodes/${node}`);
  const { modulePath } = sourceOf(system.name);
  const bundle =
    system.program !== undefined
      ? await bundleProgram({ modulePath, systemName: system.name, aliases: PACKAGE_ALIASES })
      : system.server?.entry === undefined
        ? null
        : await bundleEntry(system.server.entry, PACKAGE_ALIASES);
  const backend = await createBackend(test, system, directory, output);
  try {
    await backend.prepare();
    const cluster = new RealCluster({
      system,
      nodes,
      seed,
      options,
      bugs,
      backend,
      bundle,
      onLog,
      logFolder: folder,
      ...(test.readyTimeoutS === undefined ? {} : { readyTimeoutMs: test.readyTimeoutS * 1000 }),
    });
    // What the machine turned out to be able to do is known only now.
    requireCapabilities(chosenNemeses(test), cluster);
    return {
      cluster,
      drive: (main) => main(),
      messages: () => [],
      events: () => ({ eventHash: '', eventCount: 0 }),
    };
  } catch (error) {
    await backend.close();
    throw error;
  }
}

async function createBackend(
  test: TestDefinition,
  system: System,
  directory: RunDirectory,
  output: Output,
): Promise<Backend> {
  const { nodes, image } = test;
  const ports = [system.clientPort, ...(system.otherPorts ?? [])];
  output.live(`starting ${nodes.length} nodes of ${system.name} (${test.cluster})`);
  if (test.cluster === 'process') {
    const { ProcessBackend } = await import('../cluster/process/process-backend.ts');
    return new ProcessBackend({ nodes, ports, folder: (node) => directory.file(`nodes/${node}`) });
  }
  const { createDockerBackend } = await import('../cluster/docker/docker-backend.ts');
  const { containerDataDirectory: dataDirectory, faketimeLibrary } = system.server ?? {};
  const backend = await createDockerBackend({
    runId: basename(directory.path),
    nodes,
    ports,
    ...(image === undefined ? {} : { image }),
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
    ...(faketimeLibrary === undefined ? {} : { faketimeLibrary }),
    progress: (line) => output.note(line),
  });
  // A second Ctrl-C waits for nothing.
  const remind = (): void => output.note('what is left in Docker goes with: npx shaketable clean');
  process.once('exit', remind);
  const close = backend.close.bind(backend);
  backend.close = async () => {
    await close();
    process.off('exit', remind);
  };
  return backend;
}

/**
 * Refuses, before a run directory is made, what cannot begin at all.
 *
 * @throws HarnessError `io` when there is no engine for containers
 */
export async function requireEngine({ cluster }: Pick<TestDefinition, 'cluster'>): Promise<void> {
  if (cluster !== 'docker') return;
  const { connectEngine } = await import('../cluster/docker/engine.ts');
  await connectEngine();
}

const chosenNemeses = (test: Pick<TestDefinition, 'nemeses'>) =>
  test.nemeses.map((name) => lookUp('nemesis', nemeses, name));

/**
 * Refuses, before anything starts, a system in a cluster in which it cannot run, and nemeses that need what it lacks.
 *
 * @throws HarnessError `usage` or `missing-capability`, which say where it would work
 */
export function requireCluster(test: Pick<TestDefinition, 'cluster' | 'nemeses'>, system: System): void {
  const kinds = CLUSTER_KINDS.filter((kind) => runsIn(kind, system));
  if (!kinds.includes(test.cluster)) {
    const elsewhere = kinds.map((kind) => `--cluster ${kind}`).join(' or ');
    throw new HarnessError(
      'usage',
      `${system.name} does not run in the ${test.cluster} cluster: ${elsewhere === '' ? 'it has nothing to run' : `use ${elsewhere}`}`,
    );
  }
  const all = new Map(kinds.map((kind) => [kind, possibleCapabilities(kind, system)]));
  const capabilities = all.get(test.cluster) ?? new Set<Capability>();
  requireCapabilities(chosenNemeses(test), { kind: test.cluster, capabilities }, all);
}

/** With what only the machine can tell: containers of servers may have netem. */
function possibleCapabilities(kind: Cluster['kind'], system: System): ReadonlySet<Capability> {
  const known = capabilitiesOf(kind, system);
  return kind === 'docker' ? new Set([...known, ...NETEM_CAPABILITIES]) : known;
}

/** The faults of a test on its cluster, and when they come; null when it has none. */
export function bindFaults(test: TestDefinition, cluster: Cluster) {
  if (test.nemeses.length === 0) return null;
  const definition = composeNemeses(chosenNemeses(test));
  const options = { intervalMs: test.nemesisIntervalS * 1000, seed: test.seed };
  const generator =
    test.script === undefined ? definition.generator(test.nodes, options) : planGenerator(test.script);
  return { nemesis: definition.bind(cluster, options), generator };
}
