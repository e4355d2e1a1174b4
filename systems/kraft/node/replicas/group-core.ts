/**
 * The quorum's core for the Raft group of one partition: its replicas are the voters, and its times those of the metadata quorum.
 *
 *     const quorum = groupCore(context, groupId, log, { replicas: [1, 2, 3], quorumState });
 *
 * A voter is its broker's id alone, as with `controller.quorum.voters`: a broker that lost its disk must not come back under its id.
 */
import type { ReplicaLog } from '../../log/replica-log.ts';
import { QuorumCore } from '../../quorum/core.ts';
import type { QuorumStateData } from '../../quorum/effects.ts';
import type { Entry } from '../../quorum/messages.ts';
import { encodeControls } from '../quorum/metadata-batches.ts';
import { optionsOf } from '../quorum/quorum-config.ts';
import { nowMsOf } from './context.ts';
import type { ReplicaContext } from './hosted-partition.ts';

export interface Group {
  readonly replicas: readonly number[];
  /** As the disk has it. */
  readonly quorumState: QuorumStateData;
}

export function groupCore(
  { runtime, settings }: ReplicaContext,
  groupId: string,
  log: ReplicaLog,
  { replicas, quorumState }: Group,
): QuorumCore {
  const { nodeId, properties, rules, nameOf } = settings;
  const config = {
    clusterId: groupId,
    nodeId,
    directoryId: null,
    voters: replicas.map((voterId) => ({ voterId, voterDirectoryId: null, listeners: [] })),
    kraftVersion: 0,
    listeners: [],
    options: optionsOf(properties),
    rules: rules.quorum,
    random: () => runtime.random.float(),
    encodeControls: (controls: Parameters<typeof encodeControls>[0]) =>
      encodeControls(controls, Math.floor(runtime.wallMs())),
    tracesEntries: false,
    // The first replica is the preferred one: so leaders are spread as the replicas are.
    standsFirst: replicas[0] === nodeId,
    nameOf,
  };
  const recovered = {
    quorumState,
    snapshot: null,
    logStartOffset: 0,
    logStartEpoch: 0,
    entries: epochsOf(log),
  };
  return new QuorumCore(config, recovered, nowMsOf(runtime));
}

/** All that a core must know of a log: where its epochs are. */
function epochsOf(log: ReplicaLog): Entry[] {
  const starts = log.epochs.list();
  return starts.map(({ epoch, startOffset }, i) => ({
    offset: startOffset,
    count: (starts[i + 1]?.startOffset ?? log.logEndOffset) - startOffset,
    epoch,
    hash: 0,
    controls: [],
    payload: null,
  }));
}
