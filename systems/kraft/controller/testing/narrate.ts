/**
 * Records and images in words.
 *
 *     recordLine(image, record)   // 'partition-change orders-0 isr=[2 3] leader=2'
 */
import type { MetadataImage } from '../metadata-image.ts';
import type { MetadataRecord } from '../metadata-records.ts';

const list = (members: readonly (number | string)[]): string => `[${members.join(' ')}]`;

/** @param image - one that knows the topics by their ids, or null */
export function recordLine(image: MetadataImage | null, record: MetadataRecord): string {
  const topic = (id: string): string => image?.topics.get(id)?.name ?? 'a topic that is gone';
  switch (record.type) {
    case 'register-broker':
      return `${record.type} ${record.brokerId} epoch=${record.brokerEpoch}${record.fenced ? ' fenced' : ''}`;
    case 'unregister-broker':
      return `${record.type} ${record.brokerId} epoch=${record.brokerEpoch}`;
    case 'topic':
      return `${record.type} ${record.name}`;
    case 'remove-topic':
      return record.type;
    case 'partition':
      return `${record.type} ${topic(record.topicId)}-${record.partitionId} replicas=${list(record.replicas)} isr=${list(record.isr)} leader=${record.leader}`;
    case 'partition-change': {
      const { type, topicId, partitionId, directories: _, ...changes } = record;
      const text = Object.entries(changes).map(
        ([key, value]) => `${key}=${Array.isArray(value) ? list(value) : value}`,
      );
      return [type, `${topic(topicId)}-${partitionId}`, ...text].join(' ');
    }
    case 'config':
      return `${record.type} ${record.resourceName === '' ? '*' : record.resourceName} ${record.name}=${record.value}`;
    case 'fence-broker':
    case 'unfence-broker':
      return `${record.type} ${record.id}`;
    case 'broker-registration-change': {
      const { brokerId, fenced, inControlledShutdown } = record;
      const change = fenced === undefined ? '' : fenced ? ' fenced' : ' unfenced';
      return `${record.type} ${brokerId}${change}${inControlledShutdown === true ? ' in controlled shutdown' : ''}`;
    }
    case 'feature-level':
      return `${record.type} ${record.name}=${record.featureLevel}`;
    case 'producer-ids':
      return `${record.type} next=${record.nextProducerId}`;
    case 'no-op':
      return record.type;
  }
}

export function imageLines(image: MetadataImage): string[] {
  const lines: string[] = [];
  for (const { id, epoch, fenced, inControlledShutdown } of image.brokers.values()) {
    lines.push(
      `broker ${id} epoch=${epoch}${fenced ? ' fenced' : ''}${inControlledShutdown ? ' leaving' : ''}`,
    );
  }
  for (const topic of image.topics.values()) {
    for (const p of topic.partitions.values()) {
      const optional = [
        ['elr', p.elr],
        ['last-known', p.lastKnownElr],
        ['adding', p.addingReplicas],
        ['removing', p.removingReplicas],
      ] as const;
      const rest = optional
        .filter(([, members]) => members.length > 0)
        .map(([name, m]) => ` ${name}=${list(m)}`);
      const recovering = p.leaderRecoveryState === 'recovering' ? ' recovering' : '';
      lines.push(
        `${topic.name}-${p.partitionId} replicas=${list(p.replicas)} isr=${list(p.isr)} leader=${p.leader} epoch=${p.leaderEpoch} partition=${p.partitionEpoch}${rest.join('')}${recovering}`,
      );
    }
  }
  return lines;
}
