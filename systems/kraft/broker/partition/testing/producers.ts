/**
 * Producers for random schedules: one that sends each value once, an idempotent one that tries until it is acknowledged, and a
 * transactional one that ends what it began.
 *
 *     const producers = new Producers(cluster, random);
 *     producers.act(); // one of them sends something, if it is not waiting
 */
import type { Random } from '../../../../../harness/random.ts';
import { ERROR } from '../../../wire/error-codes.ts';
import type { TestBatch } from './memory-log.ts';
import { plainBatch, sequenced } from './memory-log.ts';
import type { PartitionCluster } from './partition-cluster.ts';
import { PRODUCE_TIMEOUT_MS } from './partition-cluster.ts';

type Send = (batch: TestBatch, onDone: (errorCode: number) => void) => void;

/** After this without an answer the client tries again: its request or the answer was lost. */
const CLIENT_TIMEOUT_MS = PRODUCE_TIMEOUT_MS / 2;

/** One request at a time, the same batch until it is acknowledged. */
class IdempotentProducer {
  private readonly producerId: number;
  private nextSequence = 0;
  private batch: TestBatch | null = null;
  private retryAtMs = 0;

  constructor(producerId: number) {
    this.producerId = producerId;
  }

  act(nowMs: number, next: (sequence: number, producerId: number) => TestBatch, send: Send): void {
    if (this.batch === null) this.batch = next(this.nextSequence, this.producerId);
    else if (nowMs < this.retryAtMs) return;
    const { batch } = this;
    this.retryAtMs = nowMs + CLIENT_TIMEOUT_MS;
    send(batch, (errorCode) => {
      if (this.batch !== batch) return;
      this.retryAtMs = 0;
      if (errorCode !== ERROR.NONE) return;
      this.batch = null;
      if (!batch.isControl) this.nextSequence = batch.lastSequence + 1;
    });
  }
}

export class Producers {
  private readonly cluster: PartitionCluster;
  private readonly random: Random;
  private readonly idempotent = new IdempotentProducer(7);
  private readonly transactional = new IdempotentProducer(8);
  private lastValue = 0;
  private isOpen = false;

  constructor(cluster: PartitionCluster, random: Random) {
    this.cluster = cluster;
    this.random = random;
  }

  act(): void {
    const { random, cluster } = this;
    const { nowMs } = cluster;
    const [leader] = cluster.leaders.length > 0 ? [random.pick(cluster.leaders)] : [];
    const broker = leader?.id ?? random.pick(cluster.ids);
    const send: Send = (batch, onDone) => {
      cluster.produce(broker, -1, [batch], ({ errorCode }) => onDone(errorCode));
    };
    switch (random.integer(0, 3)) {
      case 0:
        return this.idempotent.act(nowMs, (sequence, id) => sequenced(this.value('i'), id, sequence), send);
      case 1:
        return this.transactional.act(nowMs, (sequence, id) => this.nextOfTransaction(sequence, id), send);
      default:
        cluster.produce(broker, random.pick([0, 1, -1, -1] as const), [
          plainBatch(this.value('v'), random.integer(1, 2)),
        ]);
    }
  }

  private value(prefix: string): string {
    return `${prefix}${++this.lastValue}`;
  }

  private nextOfTransaction(sequence: number, producerId: number): TestBatch {
    const ends = this.isOpen && this.random.chance(0.5);
    this.isOpen = !ends;
    const batch = sequenced(this.value(ends ? 'end' : 't'), producerId, sequence);
    return ends
      ? {
          ...batch,
          isControl: true,
          isTransactional: true,
          isCommit: this.random.chance(0.5),
          baseSequence: -1,
          lastSequence: -1,
        }
      : { ...batch, isTransactional: true };
  }
}
