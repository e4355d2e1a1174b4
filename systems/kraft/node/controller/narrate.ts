/**
 * What an operator wants to read of a committed batch: brokers that come and go, topics, and who leads now.
 *
 *     narrate(image, records)   // [{ level: 'info', text: 'broker 2 was fenced' }, { level: 'debug', text: 'orders-0: broker 3 leads after broker 2' }]
 *
 * Sessions, configurations and members of the ISR are not told.
 */
import type { MetadataImage } from '../../controller/metadata-image.ts';
import type { MetadataRecord, PartitionChangeRecord } from '../../controller/metadata-records.ts';
import { NO_LEADER } from '../../controller/metadata-records.ts';

export interface Line {
  readonly level: 'debug' | 'info';
  readonly text: string;
}

/** A broker that goes moves thousands of leaderships; this many of a batch are named. */
const LEADER_LINES_MAX = 20;

const info = (text: string): Line => ({ level: 'info', text });
const debug = (text: string): Line => ({ level: 'debug', text });

/** @param image - as it was before the batch */
export function narrate(image: MetadataImage, records: readonly MetadataRecord[]): Line[] {
  const lines: Line[] = [];
  const created = new Map<string, { readonly name: string; partitions: number; isNew: boolean }>();
  const nameOf = (topicId: string): string =>
    created.get(topicId)?.name ?? image.topics.get(topicId)?.name ?? topicId;
  const leaders: Line[] = [];
  let leaderChanges = 0;
  let leaderless = 0;
  for (const record of records) {
    switch (record.type) {
      case 'register-broker':
        lines.push(info(`broker ${record.brokerId} is registered with epoch ${record.brokerEpoch}`));
        break;
      case 'unregister-broker':
        lines.push(info(`broker ${record.brokerId} was unregistered`));
        break;
      case 'broker-registration-change':
        lines.push(...registrationChange(record));
        break;
      case 'topic':
        created.set(record.topicId, { name: record.name, partitions: 0, isNew: true });
        break;
      case 'partition': {
        let topic = created.get(record.topicId);
        if (topic === undefined) {
          topic = { name: nameOf(record.topicId), partitions: 0, isNew: false };
          created.set(record.topicId, topic);
        }
        topic.partitions++;
        break;
      }
      case 'remove-topic':
        lines.push(info(`topic ${nameOf(record.topicId)} was deleted`));
        break;
      case 'partition-change':
        if (!changesLeader(image, record)) break;
        if (record.leader === NO_LEADER) leaderless++;
        if (leaderChanges++ >= LEADER_LINES_MAX) break;
        leaders.push(debug(leaderLine(image, nameOf(record.topicId), record)));
        break;
      case 'fence-broker':
      case 'unfence-broker':
        lines.push(info(`broker ${record.id} was ${record.type === 'fence-broker' ? 'fenced' : 'unfenced'}`));
        break;
      case 'config':
      case 'feature-level':
      case 'producer-ids':
      case 'no-op':
    }
  }
  for (const { name, partitions, isNew } of created.values()) {
    const count = counted(partitions);
    lines.push(info(isNew ? `topic ${name} was created with ${count}` : `topic ${name} has ${count} more`));
  }
  if (leaderless > 0) lines.push(info(`nobody leads ${counted(leaderless)} any more`));
  const untold = leaderChanges - LEADER_LINES_MAX;
  if (untold > 0) leaders.push(debug(`and ${untold} more partitions have another leader`));
  return [...lines, ...leaders];
}

const counted = (partitions: number): string => `${partitions} partition${partitions === 1 ? '' : 's'}`;

function registrationChange(
  record: MetadataRecord & { readonly type: 'broker-registration-change' },
): readonly Line[] {
  const { brokerId, fenced, inControlledShutdown } = record;
  const lines: Line[] = [];
  if (fenced !== undefined) lines.push(info(`broker ${brokerId} was ${fenced ? 'fenced' : 'unfenced'}`));
  if (inControlledShutdown === true) lines.push(info(`broker ${brokerId} shuts down`));
  return lines;
}

function changesLeader(
  image: MetadataImage,
  { topicId, partitionId, leader }: PartitionChangeRecord,
): boolean {
  return leader !== undefined && leader !== image.partition(topicId, partitionId)?.leader;
}

function leaderLine(image: MetadataImage, topic: string, record: PartitionChangeRecord): string {
  const { partitionId, leader = NO_LEADER } = record;
  if (leader === NO_LEADER) return `${topic}-${partitionId}: nobody leads`;
  const before = image.partition(record.topicId, partitionId);
  const from = before === undefined || before.leader === NO_LEADER ? '' : ` after broker ${before.leader}`;
  return `${topic}-${partitionId}: broker ${leader} leads${from}`;
}
