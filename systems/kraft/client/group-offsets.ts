/**
 * The offsets that a group has committed: setting and reading them at its coordinator.
 *
 *     await commitOffsets(client, { group: 'g', memberId: '', generation: -1 }, [{ key, offset: 5 }], deadlineMs);
 *     await fetchOffsets(client, 'g', [key], 'read-committed', deadlineMs); // [{ key, offset: 5 }]
 */
import { ERROR, isRetriable } from '../wire/error-codes.ts';
import { checkCode, ClientError } from './client-error.ts';
import type { ConsumerOptions } from './consumer.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { KeyOffset, PartitionKey } from './operations.ts';
import { keyOf } from './operations.ts';
import type { GroupIdentity } from './producer.ts';
import { byTopic, partitionsByTopic } from './topic-groups.ts';

/** Sent once. @throws ClientError */
export async function commitOffsets(
  client: KafkaClient,
  { group, memberId, generation }: GroupIdentity,
  offsets: readonly KeyOffset[],
  deadlineMs: number,
): Promise<void> {
  if (offsets.length === 0) return;
  const address = await client.coordinator('group', group, deadlineMs);
  const topics = byTopic(offsets, ({ key, offset }) => ({
    partitionIndex: key.partition,
    committedOffset: offset,
    committedMetadata: null,
  }));
  let codes: readonly number[];
  try {
    const body = { groupId: group, generationIdOrMemberEpoch: generation, memberId, topics };
    const answer = await client.request(address, 'offsetCommit', body, { deadlineMs });
    codes = answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
  } catch (error) {
    client.forgetCoordinator('group', group);
    throw error;
  }
  for (const code of codes) client.learnFromCoordinator('group', group, code);
  const errors = codes
    .filter((code) => code !== ERROR.NONE)
    .map((code) => ClientError.answered(code, `a commit of ${group}`));
  const [failure] = errors;
  if (failure === undefined) return;
  // Some were committed, or may have been.
  const isDefinite = errors.length === codes.length && errors.every((error) => error.isDefinite);
  throw isDefinite ? failure : failure.asIndefinite();
}

/**
 * Asked until it is answered: where only what is committed counts, not before open transactions that move these offsets are decided.
 * @throws ClientError
 */
export async function fetchOffsets(
  client: KafkaClient,
  group: string,
  keys: readonly PartitionKey[],
  isolation: ConsumerOptions['isolation'],
  deadlineMs: number,
): Promise<readonly { readonly key: PartitionKey; readonly offset: number | null }[]> {
  if (keys.length === 0) return [];
  const what = `the offsets of ${group}`;
  const requireStable = isolation === 'read-committed';
  const topics = partitionsByTopic(keys).map(({ name, partitions }) => ({
    name,
    partitionIndexes: partitions,
  }));
  for (;;) {
    const address = await client.coordinator('group', group, deadlineMs);
    let failure: ClientError;
    try {
      const body = { groupId: group, topics, requireStable };
      const answer = await client.request(address, 'offsetFetch', body, { deadlineMs });
      checkCode(answer.errorCode, what);
      const offsets = new Map<string, number>();
      for (const { name, partitions } of answer.topics) {
        for (const { partitionIndex, committedOffset, errorCode } of partitions) {
          checkCode(errorCode, what);
          offsets.set(keyOf(name, partitionIndex).name, committedOffset);
        }
      }
      return keys.map((key) => {
        const offset = offsets.get(key.name) ?? -1;
        return { key, offset: offset < 0 ? null : offset };
      });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      failure = error;
    }
    if (failure.errorCode !== null && !isRetriable(failure.errorCode)) throw failure;
    client.forgetCoordinator('group', group);
    await client.pause(deadlineMs, failure);
  }
}
