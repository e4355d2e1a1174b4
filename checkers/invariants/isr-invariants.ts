/**
 * Holds what brokers say of their replicas against the invariants of ISR replication (isr-rules.ts), record by record.
 *
 *     const monitor = new IsrInvariants({ globalOrder: true });
 *     monitor.observe(record) // an anomaly that names this record and the one that it contradicts, or undefined
 *
 * What was once below a leader's high watermark, or acknowledged under acks=-1, is *exposed*, and is at its offset in the log of every leader of a later
 * epoch. Leaders are compared by their epochs, never by time, so a broker that leads on without knowing that another does is judged by what
 * it may know. Batches are compared by leader epoch, offset and checksum.
 *
 * It believes what brokers say, judges nothing below where a log was compacted, and does not watch progress. After an unclean election, as the
 * metadata call it, what the new leader lacks counts as given up; the figures say how often.
 */
import type { ReplicaEvent } from '../../harness/history/replica-trace.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { Anomaly, Checker } from '../checker.ts';
import {
  type IsrContext,
  onReplicaAcknowledge,
  onReplicaHighWatermark,
  onReplicaIsr,
  onReplicaRole,
} from './isr-leaders.ts';
import { onReplicaAppend, onReplicaStart, onReplicaTruncate } from './isr-logs.ts';
import { ISR_INVARIANTS } from './isr-rules.ts';
import { type IsrContradiction, PartitionView, type ReplicaView } from './isr-views.ts';
import { monitorChecker, toAnomaly } from './monitor.ts';
import { isrSides } from './sides.ts';

/** Functions that write to partitions: after one that was acknowledged there is something to judge. */
const WRITES: ReadonlySet<string> = new Set(['send', 'txn', 'transfer', 'commit']);

export interface IsrInvariantsOptions {
  /** Whether the records of all nodes come in the order of the run, as in `sim`. Default false. */
  readonly globalOrder?: boolean;
}

export interface IsrFigures {
  readonly records: number;
  readonly partitions: number;
  readonly batches: number;
  /** Of leaders of partitions. */
  readonly elections: number;
  readonly uncleanElections: number;
  /** Batches that were below a leader's high watermark. */
  readonly exposed: number;
  readonly truncations: number;
  readonly isrChanges: number;
  /** Produces that were acknowledged, by their acks. */
  readonly acknowledged: { readonly all: number; readonly leader: number };
}

export class IsrInvariants {
  readonly #partitions = new Map<string, PartitionView>();
  readonly #context: IsrContext;
  readonly #figures = {
    ...{ records: 0, batches: 0, elections: 0, uncleanElections: 0, truncations: 0, isrChanges: 0 },
    acknowledged: { all: 0, leader: 0 },
  };
  #exposed = 0;
  #contradiction: IsrContradiction | undefined;

  constructor({ globalOrder = false }: IsrInvariantsOptions = {}) {
    // The first of a record counts: the others follow from it, as a rule.
    this.#context = { globalOrder, contradict: (found) => (this.#contradiction ??= found) };
  }

  /** The anomaly that this record brings to light. It goes on after one. */
  observe(record: TraceRecord): Anomaly | undefined {
    const { event } = record;
    if (!isOfReplica(event)) return undefined;
    this.#figures.records++;
    const partition = this.#partition(event);
    const exposedBefore = partition.exposed.length;
    this.#dispatch(partition, partition.replica(record.node), record, event);
    this.#exposed += Math.max(0, partition.exposed.length - exposedBefore);
    const found = this.#contradiction;
    this.#contradiction = undefined;
    if (found === undefined) return undefined;
    return toAnomaly(found, ISR_INVARIANTS, isrSides(partition, found));
  }

  figures(): IsrFigures {
    return { ...this.#figures, partitions: this.#partitions.size, exposed: this.#exposed };
  }

  #partition({ partition: name, topicId }: ReplicaEvent): PartitionView {
    const key = `${topicId} ${name}`;
    let partition = this.#partitions.get(key);
    if (partition === undefined) this.#partitions.set(key, (partition = new PartitionView(name)));
    return partition;
  }

  #dispatch(partition: PartitionView, replica: ReplicaView, record: TraceRecord, event: ReplicaEvent): void {
    const { contradict } = this.#context;
    const figures = this.#figures;
    switch (event.kind) {
      case 'replica-start':
        return onReplicaStart(replica, record, event);
      case 'replica-role':
        if (event.role === 'leader' && replica.leaderEpoch < event.leaderEpoch) {
          figures.elections++;
          if (event.isUnclean === true) figures.uncleanElections++;
        }
        return onReplicaRole(this.#context, partition, replica, record, event);
      case 'replica-isr':
        if (!partition.isrs.has(event.partitionEpoch)) figures.isrChanges++;
        return onReplicaIsr(this.#context, partition, replica, record, event);
      case 'replica-append':
        if (replica.role === 'leader') figures.batches += event.batches.length;
        return onReplicaAppend(partition, replica, record, event, contradict);
      case 'replica-truncate':
        if (event.endOffset < replica.log.endOffset) figures.truncations++;
        return onReplicaTruncate(partition, replica, record, event, contradict);
      case 'replica-log-start':
        partition.raisePolicyStart(event.offset);
        return replica.log.trimTo(event.offset);
      case 'replica-clean':
        partition.cleanEnd = Math.max(partition.cleanEnd, event.endOffset);
        return;
      case 'replica-high-watermark':
        return onReplicaHighWatermark(this.#context, partition, replica, record, event);
      case 'replica-acknowledge':
        if (event.acks === -1) figures.acknowledged.all++;
        else figures.acknowledged.leader++;
        return onReplicaAcknowledge(this.#context, partition, replica, record, event);
      case 'replica-vote':
      case 'replica-persist':
      case 'replica-durable':
        // Of Raft groups alone: partition-groups.ts.
        return;
    }
  }
}

const isOfReplica = (event: TraceRecord['event']): event is ReplicaEvent => event.kind.startsWith('replica-');

/** The monitor as a checker. */
export function isrInvariants(options: IsrInvariantsOptions = {}): Checker {
  return monitorChecker(
    'isr',
    () => new IsrInvariants(options),
    ({ exposed, records }, { history }) => {
      if (exposed > 0) return { valid: true };
      const wrote = history.operations.some(({ type, f }) => type === 'ok' && WRITES.has(f));
      if (!wrote) return { valid: true, notes: ['Nothing was written to any partition.'] };
      const reason =
        records === 0
          ? 'The run has no trace of replicas: check it with a system that writes one.'
          : 'No leader ever exposed a record, though writes were acknowledged: its trace is not whole.';
      return { valid: 'unknown', reason };
    },
  );
}
