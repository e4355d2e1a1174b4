/**
 * Offsets of partitions at a time, asked of each partition's leader; an error of one partition does not spoil the others.
 *
 *     await offsetsAt(session, [keyOf('orders', 0)], LATEST_TIMESTAMP);   // [{ key, offset: 7, errorCode: 0 }]
 */
import { ClientError } from '../client/client-error.ts';
import type { PartitionKey } from '../client/operations.ts';
import { ERROR, isRetriable } from '../wire/error-codes.ts';
import type { BrokerSession } from './broker-session.ts';

/** No record is as young as the timestamp. */
export const NO_OFFSET = -1;
const NO_EPOCH = -1;

export interface OffsetFact {
  readonly key: PartitionKey;
  readonly offset: number;
  readonly errorCode: number;
}

/** In the order of the keys. */
export async function offsetsAt(
  session: BrokerSession,
  keys: readonly PartitionKey[],
  timestamp: number,
): Promise<OffsetFact[]> {
  const facts: OffsetFact[] = [];
  for (const key of keys) facts.push(await offsetAt(session, key, timestamp));
  return facts;
}

async function offsetAt(session: BrokerSession, key: PartitionKey, timestamp: number): Promise<OffsetFact> {
  const { client, deadlineMs } = session;
  for (;;) {
    let failure: ClientError;
    try {
      const { address } = await client.leader(key, deadlineMs);
      const partitions = [{ partitionIndex: key.partition, currentLeaderEpoch: NO_EPOCH, timestamp }];
      const body = { replicaId: -1, isolationLevel: 0, topics: [{ name: key.topic, partitions }] };
      const { topics } = await client.request(address, 'listOffsets', body, { deadlineMs });
      const answer = topics[0]?.partitions[0];
      const errorCode = answer?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR;
      if (!isRetriable(errorCode)) return { key, offset: answer?.offset ?? NO_OFFSET, errorCode };
      failure = ClientError.answered(errorCode, key.name);
    } catch (thrown) {
      if (!(thrown instanceof ClientError)) throw thrown;
      if (thrown.code === 'no-leader')
        return { key, offset: NO_OFFSET, errorCode: ERROR.LEADER_NOT_AVAILABLE };
      failure = thrown;
    }
    client.metadata.markStale(key.topic);
    try {
      await client.pause(deadlineMs, failure);
    } catch {
      const errorCode = failure.errorCode ?? ERROR.REQUEST_TIMED_OUT;
      return { key, offset: NO_OFFSET, errorCode };
    }
  }
}
