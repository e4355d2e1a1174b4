/**
 * DescribeLogDirs: how much each replica takes on the disk (KIP-113). There is one directory.
 *
 *     handleLogDirs(context, all, exchange);
 */
import { ERROR } from '../../wire/error-codes.ts';
import type { Exchange } from '../network/exchange.ts';
import { logDirs } from '../properties.ts';
import type { ReplicaContext } from './hosted-partition.ts';
import type { HostedPartition } from './hosted-partition.ts';

export function handleLogDirs(
  { settings }: ReplicaContext,
  all: Iterable<HostedPartition>,
  exchange: Exchange<'describeLogDirs'>,
): void {
  const { topics: asked } = exchange.body;
  const isAsked = ({ topic, index }: HostedPartition): boolean =>
    asked === null || asked.some((wanted) => wanted.topic === topic && wanted.partitions.includes(index));
  const byTopic = Map.groupBy([...all].filter(isAsked), ({ topic }) => topic);
  const topics = [...byTopic].map(([name, members]) => ({
    name,
    partitions: members.map(({ index, log: { sizeBytes, logEndOffset, highWatermark } }) => ({
      partitionIndex: index,
      partitionSize: sizeBytes,
      offsetLag: Math.max(0, highWatermark - logEndOffset),
      isFutureKey: false,
    })),
  }));
  const [logDir] = logDirs(settings.properties) as [string];
  exchange.respond({ results: [{ errorCode: ERROR.NONE, logDir, topics }] });
}
