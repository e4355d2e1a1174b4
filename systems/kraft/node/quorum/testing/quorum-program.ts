/**
 * A node that is nothing but the quorum: three voters and an observer by default, no broker. Whoever may act appends records of its
 * own, one after the other, and notes which of them were committed.
 *
 *     const cluster = quorumCluster({ seed: 1 });
 *     await cluster.sim.run(async () => { await cluster.sim.start(); … });
 *     cluster.heard.get('n4'); // what the observer's listener was told
 */
import { SimCluster, type SimClusterOptions } from '../../../../../harness/cluster/sim/sim-cluster.ts';
import { toySystem } from '../../../../../harness/cluster/sim/toy-system.ts';
import { msToNs } from '../../../../../harness/units.ts';
import type { RunningNode } from '../../../../runtime/node-program.ts';
import type { Runtime } from '../../../../runtime/runtime.ts';
import type { MetadataRecord } from '../../../controller/metadata-records.ts';
import { METADATA_DIRECTORY } from '../../../internal-topics.ts';
import { NetworkServer } from '../../network/network-server.ts';
import type { MetadataListener } from '../../parts.ts';
import { readServerProperties } from '../../properties.ts';
import { nodeRulesWith } from '../../rules.ts';
import { writeFormattedVoters } from '../formatted-voters.ts';
import { QuorumDriver } from '../quorum-driver.ts';

export const CONTROLLER_PORT = 9093;
export const CLUSTER_ID = 'shaken-cluster-id-0000';
const MAX_REQUEST_BYTES = 100_000_000;

export interface QuorumSetup {
  readonly seed?: number;
  readonly voters?: number;
  readonly observers?: number;
  readonly bugs?: readonly string[];
  /** Of server.properties, beside who is who. */
  readonly properties?: Readonly<Record<string, string | number>>;
  /** Between two appends of who may act; 0: none. */
  readonly appendEveryMs?: number;
  readonly disk?: SimClusterOptions['disk'];
  /** The voters that the log begins with (KIP-853), on the disks of all of them as their first boot finds them. */
  readonly formatted?: readonly number[];
}

/** What a node's listener was told, over all its boots. */
export interface Heard {
  driver: QuorumDriver | null;
  runtime: Runtime | null;
  /** By name, the state that the records make. */
  state: Map<string, string>;
  /** Of the last thing told, exclusive. */
  nextOffset: number;
  snapshotsLoaded: number;
  leader: { readonly leaderId: number | null; readonly epoch: number } | null;
  /** The epoch in which it may act. */
  acting: number | null;
  timesActing: number;
  timesLost: number;
  /** What was told out of order or twice. */
  readonly disorder: string[];
}

/** A record that its node heard committed where it had appended it. */
export interface Acknowledged {
  readonly node: string;
  readonly name: string;
  readonly value: string;
  readonly offset: number;
  readonly epoch: number;
  readonly timeNs: number;
}

export interface ShakenQuorum {
  readonly sim: SimCluster;
  readonly heard: ReadonlyMap<string, Heard>;
  readonly acknowledged: Acknowledged[];
  readonly voters: readonly string[];
  /** Nothing is appended any more. */
  quiet(): void;
}

export const nameOf = (nodeId: number): string => `n${nodeId}`;
const idOf = (name: string): number => Number(name.slice(1));

const DIRECTORY_LETTERS = 'BCDEFGHIJK';
/** A UUID that is the node's own. */
export const directoryIdOf = (nodeId: number): string =>
  `${(DIRECTORY_LETTERS[nodeId % DIRECTORY_LETTERS.length] as string).repeat(21)}A`;

function propertiesOf(nodeId: number, setup: Required<Pick<QuorumSetup, 'voters' | 'properties'>>): string {
  const isVoter = nodeId <= setup.voters;
  const voters = Array.from({ length: setup.voters }, (_, i) => `${i + 1}@n${i + 1}:${CONTROLLER_PORT}`);
  const lines: Record<string, string | number> = {
    'process.roles': isVoter ? 'controller' : 'broker',
    'node.id': nodeId,
    'controller.quorum.voters': voters.join(','),
    listeners: isVoter ? `CONTROLLER://:${CONTROLLER_PORT}` : 'PLAINTEXT://:9092',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': '/data',
    ...(isVoter ? {} : { 'advertised.listeners': `PLAINTEXT://n${nodeId}:9092` }),
    ...setup.properties,
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n');
}

const emptyHeard = (): Heard => ({
  driver: null,
  runtime: null,
  state: new Map(),
  nextOffset: 0,
  snapshotsLoaded: 0,
  leader: null,
  acting: null,
  timesActing: 0,
  timesLost: 0,
  disorder: [],
});

export function quorumCluster(setup: QuorumSetup = {}): ShakenQuorum {
  const { voters = 3, observers = 1, bugs = [], seed = 1, properties = {}, appendEveryMs = 0 } = setup;
  const nodes = Array.from({ length: voters + observers }, (_, i) => nameOf(i + 1));
  const heard = new Map(nodes.map((node) => [node, emptyHeard()]));
  const acknowledged: Acknowledged[] = [];
  let lastValue = 0;
  let isQuiet = false;

  const program = (runtime: Runtime, { name }: { readonly name: string }): RunningNode => {
    const nodeId = idOf(name);
    const own = heard.get(name) as Heard;
    Object.assign(own, { ...emptyHeard(), disorder: own.disorder, runtime });
    own.timesActing = 0;
    const { values } = readServerProperties(
      propertiesOf(nodeId, { voters, properties }),
      'server.properties',
    );
    const pending = new Map<
      number,
      { readonly epoch: number; readonly name: string; readonly value: string }
    >();
    const listener = listenerOf(own, (offset, value) => {
      const mine = pending.get(offset);
      pending.delete(offset);
      if (mine === undefined || mine.value !== value) return;
      acknowledged.push({ node: name, ...mine, offset, timeNs: sim.clock.now() });
      runtime.trace({ kind: 'acknowledge', index: offset + 1, term: mine.epoch });
    });
    const start = async (): Promise<void> => {
      if (setup.formatted?.includes(nodeId) === true) await format(runtime, setup.formatted);
      const driver = await QuorumDriver.open(
        runtime,
        {
          nodeId,
          clusterId: CLUSTER_ID,
          directoryId: directoryIdOf(nodeId),
          properties: values,
          rules: nodeRulesWith(bugs),
          nameOf,
        },
        listener,
      );
      own.driver = driver;
      if (nodeId <= voters) {
        new NetworkServer(runtime, {
          port: CONTROLLER_PORT,
          listener: 'controller',
          listenerName: 'CONTROLLER',
          handlers: driver.handlers,
          maxRequestBytes: MAX_REQUEST_BYTES,
        });
      }
      if (appendEveryMs > 0) appendForEver(driver);
    };
    const appendForEver = (driver: QuorumDriver): void => {
      if (isQuiet) return;
      const value = String(++lastValue);
      const key = `k${lastValue % 50}`;
      const { acting } = own;
      const appended = acting === null ? null : driver.append([recordOf(key, value)]);
      if (appended !== null && acting !== null) {
        pending.set(appended.baseOffset, { epoch: acting, name: key, value });
      }
      runtime.setTimer(msToNs(appendEveryMs), () => appendForEver(driver));
    };
    start().catch(() => undefined);
    return {
      status: () => {
        const status = own.driver?.status() ?? null;
        const leaderId = status?.leaderId ?? null;
        return {
          role: status?.state ?? 'starting',
          term: status?.epoch ?? 0,
          leader: leaderId === null ? null : nameOf(leaderId),
        };
      },
      invariants: () => own.driver?.invariants(),
    };
  };

  const sim = new SimCluster({
    system: toySystem(program),
    nodes,
    seed,
    ...(setup.disk === undefined ? {} : { disk: setup.disk }),
  });
  return { sim, heard, acknowledged, voters: nodes.slice(0, voters), quiet: () => void (isQuiet = true) };
}

/** As `kraft storage format --initial-controllers` does. */
async function format({ files }: Runtime, voterIds: readonly number[]): Promise<void> {
  if (await files.exists(METADATA_DIRECTORY)) return;
  const voters = voterIds.map((voterId) => ({
    voterId,
    voterDirectoryId: directoryIdOf(voterId),
    listeners: [{ name: 'CONTROLLER', host: nameOf(voterId), port: CONTROLLER_PORT }],
  }));
  await writeFormattedVoters(files, voters, 0);
}

export const recordOf = (name: string, value: string): MetadataRecord => ({
  type: 'config',
  resourceType: 2,
  resourceName: 'shaken',
  name,
  value,
});

function listenerOf(own: Heard, onCommitted: (offset: number, value: string) => void): MetadataListener {
  const apply = (record: MetadataRecord): void => {
    if (record.type === 'config' && record.value !== null) own.state.set(record.name, record.value);
  };
  return {
    committed: (baseOffset, records) => {
      if (baseOffset < own.nextOffset) own.disorder.push(`offset ${baseOffset} after ${own.nextOffset - 1}`);
      records.forEach((record, i) => {
        apply(record);
        if (record.type === 'config') onCommitted(baseOffset + i, record.value ?? '');
      });
      own.nextOffset = baseOffset + records.length;
    },
    loadSnapshot: (records, lastOffset) => {
      if (own.acting !== null) own.disorder.push(`a snapshot while it may act`);
      if (lastOffset + 1 <= own.nextOffset) own.disorder.push(`a snapshot up to ${lastOffset} behind`);
      own.state = new Map();
      records.forEach(apply);
      own.nextOffset = lastOffset + 1;
      own.snapshotsLoaded++;
    },
    snapshotRecords: () => [...own.state].map(([name, value]) => recordOf(name, value)),
    leader: (leaderId, epoch) => {
      if (epoch < (own.leader?.epoch ?? 0)) own.disorder.push(`epoch ${epoch} after ${own.leader?.epoch}`);
      own.leader = { leaderId, epoch };
    },
    mayAct: (epoch, nextOffset) => {
      if (own.acting !== null) own.disorder.push('may act twice');
      if (nextOffset < own.nextOffset) own.disorder.push(`may act at ${nextOffset}`);
      own.acting = epoch;
      own.timesActing++;
    },
    lost: () => {
      if (own.acting === null) own.disorder.push('lost what it had not');
      own.acting = null;
      own.timesLost++;
    },
  };
}

/** Waits until somebody may act. @throws Error after ten seconds of the cluster's time */
export async function activeOf({ sim, heard }: ShakenQuorum): Promise<string> {
  for (let i = 0; i < 1000; i++) {
    for (const [node, { acting }] of heard) if (acting !== null && sim.isRunning(node)) return node;
    await sim.clock.sleep(msToNs(10));
  }
  throw new Error('nobody may act');
}
