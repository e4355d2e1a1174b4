/**
 * Whom the answer of a partition's core goes to: what this broker gives it with a request, and finds again in the effect.
 *
 *     partition.produce(newProduce({ bytes, batches, acks: -1, timeoutMs: 30_000 }, (reply) => …));
 */
import type { LeaderRequest } from '../../broker/partition/effects.ts';
import type { EpochEndResponse, FetchReply, ProduceReply } from '../../broker/partition/messages.ts';
import type { RecordBatch } from '../../records/batch.ts';

interface Produced {
  readonly bytes: Uint8Array;
  /** Views into them. */
  readonly batches: readonly RecordBatch[];
  readonly acks: 0 | 1 | -1;
  readonly timeoutMs: number;
}

export interface ProduceToken extends Produced {
  /** The log has the bytes, and they are its own. */
  isTaken: boolean;
  /** When the log took it, where the topic wants that; else −1. */
  appendTimeMs: number;
  readonly onReply: (reply: ProduceReply, token: ProduceToken) => void;
}

export function newProduce(produced: Produced, onReply: ProduceToken['onReply']): ProduceToken {
  return { ...produced, isTaken: false, appendTimeMs: -1, onReply };
}

/** Answered at once. */
export interface FetchToken {
  reply: FetchReply | null;
}

export interface EpochEndToken {
  reply: EpochEndResponse | null;
}

/** What a follower asked. */
export interface Asked {
  readonly correlationId: number;
  readonly request: LeaderRequest;
}
