/**
 * Partitions as requests list them: topics, and in each its partitions.
 *
 *     byTopic([{ key: keyOf('a', 0) }, { key: keyOf('a', 1) }], ({ key }) => key.partition);
 *     // [{ name: 'a', partitions: [0, 1] }], and so does
 *     partitionsByTopic([keyOf('a', 0), keyOf('a', 1)]);
 */
import type { PartitionKey } from './operations.ts';

export interface OfTopic<P> {
  readonly name: string;
  readonly partitions: readonly P[];
}

/** In the order in which each topic comes first. */
export function byTopic<T extends { readonly key: PartitionKey }, P>(
  items: readonly T[],
  partitionOf: (item: T) => P,
): OfTopic<P>[] {
  const topics = new Map<string, P[]>();
  for (const item of items) {
    const partitions = topics.get(item.key.topic) ?? [];
    topics.set(item.key.topic, partitions);
    partitions.push(partitionOf(item));
  }
  return [...topics].map(([name, partitions]) => ({ name, partitions }));
}

/** Of partitions of which nothing is said but their numbers. */
export function partitionsByTopic(keys: readonly PartitionKey[]): OfTopic<number>[] {
  return byTopic(
    keys.map((key) => ({ key })),
    ({ key }) => key.partition,
  );
}
