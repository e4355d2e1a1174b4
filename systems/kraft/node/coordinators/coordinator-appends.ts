/**
 * How a coordinator's records get into its partition: one batch, acknowledged when all in-sync replicas have it.
 *
 *     const appends = new CoordinatorAppends(runtime, replicas, '__consumer_offsets', 5_000);
 *     appends.perform(effect, (outcome) => perform(coordinator.appended(now, effect.appendId, outcome)));
 *
 * Offsets that are committed in a transaction carry its producer's id and epoch, so that a marker ends them. They have a sequence, too,
 * which the producer does not count: the log's next one. Kafka gives all of them the sequence 0 and does not compare.
 */
import type { Runtime } from '../../../runtime/runtime.ts';
import type { AppendEffect, AppendOutcome } from '../../broker/coordinator-log.ts';
import { addSequence } from '../../records/batch.ts';
import type { BatchOptions } from '../../records/batch-builder.ts';
import { BatchBuilder } from '../../records/batch-builder.ts';
import type { Replicas } from '../parts.ts';

export class CoordinatorAppends {
  private readonly runtime: Runtime;
  private readonly replicas: Replicas;
  private readonly topic: string;
  private readonly timeoutMs: number;

  constructor(runtime: Runtime, replicas: Replicas, topic: string, timeoutMs: number) {
    this.runtime = runtime;
    this.replicas = replicas;
    this.topic = topic;
    this.timeoutMs = timeoutMs;
  }

  /** @param onOutcome - once; perhaps before this returns */
  perform(effect: AppendEffect, onOutcome: (outcome: AppendOutcome) => void): void {
    const { topic, timeoutMs } = this;
    const { partition, records } = effect;
    const builder = new BatchBuilder(this.producerOptions(effect));
    const timestampMs = Math.floor(this.runtime.wallMs());
    for (const { key, value } of records) builder.append({ key, value, timestampMs });
    const request = { topic, partition, batches: builder.build(), acks: -1, timeoutMs } as const;
    this.replicas.append(request, ({ error, baseOffset }) =>
      onOutcome(error === 'NONE' ? { error, baseOffset } : { error }),
    );
  }

  private producerOptions({ partition, producer }: AppendEffect): BatchOptions {
    if (producer === null) return {};
    const { producerId, producerEpoch } = producer;
    const entry = this.replicas.leads(this.topic, partition)?.log.producers.entry(producerId);
    const last = entry?.epoch === producerEpoch ? entry.batches.at(-1) : undefined;
    const baseSequence = last === undefined ? 0 : addSequence(last.lastSequence, 1);
    return { producerId, producerEpoch, baseSequence, isTransactional: true };
  }
}
