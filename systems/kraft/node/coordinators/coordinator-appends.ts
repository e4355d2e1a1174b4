/**
 * How a coordinator's records get into its partition: one batch, acknowledged when all in-sync replicas have it.
 *
 *     const appends = new CoordinatorAppends(runtime, replicas, { topic: '__consumer_offsets', timeoutMs: 5_000, maxBatchBytes, codec });
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

export interface CoordinatorAppendOptions {
  readonly topic: string;
  /** Then the append is given up; what it wrote may still be committed. */
  readonly timeoutMs: number;
  /** `message.max.bytes`: what a client may not write, a coordinator may not either. */
  readonly maxBatchBytes: number;
  /** One of CODEC. */
  readonly codec: number;
}

export class CoordinatorAppends {
  private readonly runtime: Runtime;
  private readonly replicas: Replicas;
  private readonly options: CoordinatorAppendOptions;

  constructor(runtime: Runtime, replicas: Replicas, options: CoordinatorAppendOptions) {
    this.runtime = runtime;
    this.replicas = replicas;
    this.options = options;
  }

  /** @param onOutcome - once; perhaps before this returns */
  perform(effect: AppendEffect, onOutcome: (outcome: AppendOutcome) => void): void {
    const { topic, timeoutMs, maxBatchBytes, codec } = this.options;
    const { partition, records } = effect;
    const builder = new BatchBuilder({ ...this.producerOptions(effect), codec });
    const timestampMs = Math.floor(this.runtime.wallMs());
    for (const { key, value } of records) builder.append({ key, value, timestampMs });
    const batches = builder.build();
    if (batches.length > maxBatchBytes) return onOutcome({ error: 'MESSAGE_TOO_LARGE' });
    const request = { topic, partition, batches, acks: -1, timeoutMs } as const;
    this.replicas.append(request, ({ error, baseOffset }) =>
      onOutcome(error === 'NONE' ? { error, baseOffset } : { error }),
    );
  }

  private producerOptions({ partition, producer }: AppendEffect): BatchOptions {
    if (producer === null) return {};
    const { producerId, producerEpoch } = producer;
    const entry = this.replicas.leads(this.options.topic, partition)?.log.producers.entry(producerId);
    const last = entry?.epoch === producerEpoch ? entry.batches.at(-1) : undefined;
    const baseSequence = last === undefined ? 0 : addSequence(last.lastSequence, 1);
    return { producerId, producerEpoch, baseSequence, isTransactional: true };
  }
}
