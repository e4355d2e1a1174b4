/**
 * Writes the trace of a cluster of replicas, as a node would, and shows each record to a judge.
 *
 *     runSchedule({ seed, observer: new Tracer((record) => monitor.observe(record)) });
 */
import type { TraceRecord } from '../../../../../harness/history/trace.ts';
import type { ReplicaEvent } from '../../../../../harness/history/replica-trace.ts';
import { ERROR } from '../../../wire/error-codes.ts';
import type { Effect } from '../effects.ts';
import type { ProduceReply } from '../messages.ts';
import type { PartitionCore } from '../partition-core.ts';
import { replicaEvent } from '../replica-event.ts';
import type { StoredBatch } from './memory-log.ts';
import type { Node, Observer, Produce } from './observer.ts';

const OF = { partition: 't-0', topicId: 'the-topic' };
const nameOf = (id: number): string => `n${id}`;

export class Tracer implements Observer {
  readonly records: TraceRecord[] = [];
  private readonly tell: (record: TraceRecord) => void;
  private readonly boots = new Map<number, PartitionCore>();

  constructor(tell: (record: TraceRecord) => void) {
    this.tell = tell;
  }

  private write(node: Node, event: ReplicaEvent): void {
    if (this.boots.get(node.id) !== node.core) {
      this.boots.set(node.id, node.core);
      const { logStartOffset, logEndOffset, highWatermark } = node.log;
      this.write(node, { kind: 'replica-start', ...OF, logStartOffset, logEndOffset, highWatermark });
    }
    const record = { node: nameOf(node.id), time: this.records.length, event };
    this.records.push(record);
    this.tell(record);
  }

  effect(node: Node, effect: Effect): void {
    if (effect.kind === 'trace') this.write(node, replicaEvent(effect.event, OF, nameOf));
  }

  appended(node: Node, batches: readonly StoredBatch[]): void {
    const traced = batches.map(({ baseOffset, lastOffset, leaderEpoch, value }) => ({
      baseOffset,
      lastOffset,
      leaderEpoch,
      hash: hashOf(value),
    }));
    this.write(node, { kind: 'replica-append', ...OF, batches: traced });
  }

  produced(node: Node, { acks }: Produce, { errorCode, baseOffset }: ProduceReply): void {
    const batch = node.log.batchAt(baseOffset);
    if (errorCode !== ERROR.NONE || batch === undefined) return;
    this.write(node, { kind: 'replica-acknowledge', ...OF, acks, baseOffset, lastOffset: batch.lastOffset });
  }

  read(): void {
    // Readers see what is below the high watermark, which is traced.
  }

  changed(): void {
    // The controller is not a replica.
  }
}

function hashOf(text: string): number {
  let hash = 0;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
