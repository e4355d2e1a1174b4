/**
 * What is always true of an image, and of one that follows another.
 *
 *     checkImage(image, (topic) => 2);      // throws a sentence on the impossible
 *     checkStep(before, image);
 */
import type { MetadataImage } from './metadata-image.ts';
import { NO_LEADER } from './metadata-records.ts';
import type { PartitionRegistration } from './registrations.ts';
import { isActive, sameMembers } from './registrations.ts';
import { ELR_FEATURE } from './active-controller.ts';
import { isRaftTopic } from './topic-configs.ts';

const fail = (where: string, sentence: string): never => {
  throw new Error(`${where}: ${sentence}`);
};

/**
 * @param minIsr - `min.insync.replicas` of a topic
 * @throws Error with a sentence
 */
export function checkImage(image: MetadataImage, minIsr: (topic: string) => number): void {
  const elrEnabled = (image.features.get(ELR_FEATURE) ?? 0) > 0;
  const leaderships = new Map<number, number>();
  for (const topic of image.topics.values()) {
    const minimum = minIsr(topic.name);
    const isRaft = isRaftTopic(image, topic.name);
    for (const partition of topic.partitions.values()) {
      if (isRaft) checkGroup(`${topic.name}-${partition.partitionId}`, partition);
      else checkPartition(image, `${topic.name}-${partition.partitionId}`, partition, minimum, elrEnabled);
      leaderships.set(partition.leader, (leaderships.get(partition.leader) ?? 0) + 1);
    }
  }
  for (const id of image.brokers.keys()) {
    const counted = leaderships.get(id) ?? 0;
    if (image.index.leaderships(id) !== counted)
      fail(`broker ${id}`, `the index is wrong: it leads ${counted}`);
  }
}

function checkPartition(
  image: MetadataImage,
  where: string,
  partition: PartitionRegistration,
  minIsr: number,
  elrEnabled: boolean,
): void {
  const { replicas, isr, elr, leader, addingReplicas, removingReplicas } = partition;
  const text = (members: readonly number[]): string => `[${members.join(' ')}]`;
  const contained = (name: string, members: readonly number[]): void => {
    if (new Set(members).size < members.length) fail(where, `${name} ${text(members)} has a member twice`);
    const stranger = members.find((member) => !replicas.includes(member));
    if (stranger !== undefined) fail(where, `${name} ${text(members)} has ${stranger}, which is no replica`);
  };
  if (replicas.length === 0) fail(where, 'it has no replica');
  contained('its replicas', replicas);
  contained('its ISR', isr);
  contained('its ELR', elr);
  contained('what is added', addingReplicas);
  contained('what is removed', removingReplicas);
  if (elr.some((member) => isr.includes(member)))
    fail(where, `ELR ${text(elr)} and ISR ${text(isr)} overlap`);
  if (elr.length > 0 && isr.length >= Math.min(minIsr, replicas.length)) {
    fail(where, `ELR ${text(elr)} is kept although ISR ${text(isr)} has the minimum of ${minIsr}`);
  }
  if (isr.length === 0 && !elrEnabled) fail(where, 'its ISR is empty');
  if (leader !== NO_LEADER && !isr.includes(leader)) {
    fail(where, `leader ${leader} is not in the ISR ${text(isr)}`);
  }
  const dead =
    leader === NO_LEADER && !elrEnabled ? undefined : isr.find((b) => !isActive(image.brokers.get(b)));
  if (dead !== undefined) fail(where, `broker ${dead} is in the ISR and is fenced, leaving or unknown`);
  if (partition.leaderRecoveryState === 'recovering' && isr.length > 1) {
    fail(where, `it recovers from an unclean election and has ISR ${text(isr)}`);
  }
}

/** Of a Raft group: all replicas vote, and nobody else leads. */
function checkGroup(where: string, { replicas, isr, elr, leader }: PartitionRegistration): void {
  if (!sameMembers(replicas, isr) || elr.length > 0) fail(where, 'not all of its replicas are in the ISR');
  if (leader !== NO_LEADER && !replicas.includes(leader)) fail(where, `leader ${leader} is no replica`);
}

/** @throws Error with a sentence */
export function checkStep(before: MetadataImage, after: MetadataImage): void {
  for (const [id, broker] of after.brokers) {
    const old = before.brokers.get(id);
    if (old === undefined) continue;
    if (broker.epoch < old.epoch)
      fail(`broker ${id}`, `its epoch went back from ${old.epoch} to ${broker.epoch}`);
    if (broker.epoch === old.epoch && broker.incarnationId !== old.incarnationId) {
      fail(`broker ${id}`, `two processes have the epoch ${broker.epoch}`);
    }
  }
  if (after.nextProducerId < before.nextProducerId) fail('producer ids', 'they went back');
  for (const topic of after.topics.values()) {
    const isRaft = isRaftTopic(after, topic.name);
    for (const partition of topic.partitions.values()) {
      const old = before.partition(topic.id, partition.partitionId);
      if (old === undefined || old === partition) continue;
      const where = `${topic.name}-${partition.partitionId}`;
      checkEpochs(where, old, partition);
      if (!isRaft) checkPartitionStep(where, old, partition);
      else if (!sameMembers(old.replicas, partition.replicas)) fail(where, 'the voters of its group changed');
    }
  }
}

function checkEpochs(where: string, old: PartitionRegistration, now: PartitionRegistration): void {
  if (now.leaderEpoch < old.leaderEpoch) fail(where, 'its leader epoch went back');
  if (now.partitionEpoch <= old.partitionEpoch)
    fail(where, 'it changed and its partition epoch was not raised');
}

function checkPartitionStep(where: string, old: PartitionRegistration, now: PartitionRegistration): void {
  if (now.leaderEpoch === old.leaderEpoch) {
    if (now.leader !== old.leader) {
      fail(where, `leader ${old.leader} became ${now.leader} in the same leader epoch ${now.leaderEpoch}`);
    }
    if (old.replicas.some((replica) => !now.replicas.includes(replica))) {
      fail(where, 'replicas were taken away in the same leader epoch');
    }
  }
  // Between images that are further apart somebody may have joined the ISR first; so may who completes a reassignment.
  const isOneChange =
    now.partitionEpoch === old.partitionEpoch + 1 && sameMembers(old.replicas, now.replicas);
  if (!isOneChange || now.leader === NO_LEADER || now.leader === old.leader) return;
  const wasThere = [...old.isr, ...old.elr, ...old.lastKnownElr].includes(now.leader);
  if (!wasThere && now.leaderRecoveryState !== 'recovering') {
    fail(where, `leader ${now.leader} was neither in sync nor eligible, and does not recover`);
  }
}
