/**
 * Judges what replicas do, from the outside, as it happens. What is committed is what was exposed: by a high watermark, by an
 * acknowledgement under acks=-1, or by a consumer's read; from then on it is what stands at that offset, for ever.
 *
 *     const judge = new Judge(); // an Observer of a PartitionCluster
 *     judge.problem              // null, or what went wrong first
 */
import { ERROR, errorName, isDefinite } from '../../../wire/error-codes.ts';
import type { Effect } from '../effects.ts';
import type { ConsumerFetch, FetchReply, ProduceReply } from '../messages.ts';
import type { StoredBatch } from './memory-log.ts';
import type { Node, Observer, Produce } from './observer.ts';
import type { PartitionCluster } from './partition-cluster.ts';

const show = ({ baseOffset, value, leaderEpoch }: StoredBatch): string =>
  `${value} at offset ${baseOffset} of epoch ${leaderEpoch}`;

const same = (a: StoredBatch, b: StoredBatch | undefined): boolean =>
  a.value === b?.value && a.baseOffset === b.baseOffset && a.leaderEpoch === b.leaderEpoch;

export class Judge implements Observer {
  problem: string | null = null;
  /** What must stand, from offset 0 without gaps. */
  readonly committed: StoredBatch[] = [];
  /** How often something happened that proves something. */
  readonly counts = { acknowledged: 0, read: 0, stable: 0, truncated: 0 };
  private readonly written = new Map<string, StoredBatch>();
  private readonly refused = new Set<string>();
  private cluster: PartitionCluster | null = null;

  watch(cluster: PartitionCluster): void {
    this.cluster = cluster;
  }

  private fail(sentence: string): void {
    this.problem ??= sentence;
  }

  effect(node: Node, effect: Effect): void {
    if (effect.kind === 'high-watermark') this.commit(node, effect.offset, 'says the high watermark of');
    else if (effect.kind === 'truncate') this.counts.truncated++;
  }

  appended(node: Node, batches: readonly StoredBatch[]): void {
    for (const batch of batches) {
      const { value, baseOffset, leaderEpoch } = batch;
      const place = `${baseOffset} of epoch ${leaderEpoch}`;
      const before = this.written.get(place) ?? batch;
      if (before.value !== value) this.fail(`offset ${place} is ${before.value} and ${value}`);
      this.written.set(place, batch);
      if (this.refused.has(value)) this.fail(`${show(batch)} was refused, and broker ${node.id} appends it`);
      const twin = node.log.batches.find(
        (other) => !batch.isControl && other.value === value && other.baseOffset !== baseOffset,
      );
      if (twin !== undefined)
        this.fail(`broker ${node.id} has ${value} at ${twin.baseOffset} and ${baseOffset}`);
    }
  }

  produced(node: Node, { acks, batches }: Produce, { errorCode, baseOffset }: ProduceReply): void {
    const [batch] = batches;
    if (batch === undefined) return;
    if (errorCode === ERROR.NONE) {
      const stored = node.log.batchAt(baseOffset);
      if (stored?.value !== batch.value)
        this.fail(`${batch.value} is acknowledged at ${baseOffset}, not there`);
      if (acks !== -1 || stored === undefined) return;
      this.counts.acknowledged++;
      this.commit(node, stored.lastOffset + 1, 'acknowledges');
    } else if (isDefinite(errorCode) && batch.producerId === -1) {
      this.refused.add(batch.value);
      if (node.log.batches.some((stored) => stored.value === batch.value)) {
        this.fail(`${batch.value} is refused with ${errorName(errorCode)}, and it is in the log`);
      }
    }
  }

  read(node: Node, { isolation }: ConsumerFetch, reply: FetchReply, batches: readonly StoredBatch[]): void {
    const last = batches.at(-1);
    if (last === undefined) return;
    this.counts.read++;
    this.commit(node, last.lastOffset + 1, 'gives to a consumer');
    if (isolation !== 'read-committed') return;
    for (const batch of batches) {
      if (!batch.isTransactional || batch.isControl) continue;
      this.counts.stable++;
      const end = node.log.batches.find(
        (other) =>
          other.isControl && other.producerId === batch.producerId && other.baseOffset > batch.baseOffset,
      );
      if (end === undefined || end.lastOffset >= reply.highWatermark) {
        this.fail(`broker ${node.id} gives ${show(batch)} of an open transaction as committed`);
      } else if (!end.isCommit && !reply.aborted.some(({ lastOffset }) => lastOffset === end.lastOffset)) {
        this.fail(`broker ${node.id} does not say that ${show(batch)} was aborted`);
      }
    }
  }

  changed(): void {
    this.judgeHolders('may lead');
  }

  /** A broker shows everything in its log below an offset to somebody. */
  private commit(node: Node, upTo: number, verb: string): void {
    const { batches } = node.log;
    let isNews = false;
    for (let i = 0; i < batches.length; i++) {
      const batch = batches[i] as StoredBatch;
      if (batch.lastOffset >= upTo) break;
      const known = this.committed[i];
      if (known === undefined) {
        this.committed.push(batch);
        isNews = true;
      } else if (!same(known, batch)) {
        return this.fail(`broker ${node.id} ${verb} ${show(batch)}, after ${show(known)}`);
      }
    }
    if (isNews) this.judgeHolders(`may lead when broker ${node.id} ${verb} it`);
  }

  /** Whoever may become leader has all that is committed. */
  private judgeHolders(when: string): void {
    const { cluster } = this;
    if (cluster === null) return;
    for (const id of cluster.controller.candidates) {
      const { log, lostData } = cluster.node(id);
      if (lostData) continue;
      const missing = this.committed.find((batch, i) => !same(batch, log.batches[i]));
      if (missing !== undefined) this.fail(`broker ${id} lacks ${show(missing)}, and ${when}`);
    }
  }
}
