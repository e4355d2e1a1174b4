/** The partitions as the trace leaves them: the log of each replica, who leads, who stopped, and which batch was acknowledged at which offset. */
import type { ReplicaEvent, TracedBatch } from '../../harness/history/replica-trace.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import { BatchLog } from '../invariants/isr-log.ts';

export interface FinalReplica {
  readonly node: string;
  readonly log: BatchLog;
  role: 'leader' | 'follower' | 'offline';
  leaderEpoch: number;
}

export class FinalPartition {
  readonly topicId: string;
  readonly replicas = new Map<string, FinalReplica>();
  /** By offset: what the leader had there when it acknowledged it. */
  readonly acknowledged = new Map<number, TracedBatch>();
  /** Below, some log was compacted. */
  cleanEnd = 0;

  constructor(topicId: string) {
    this.topicId = topicId;
  }

  /** Of the latest leader epoch that anybody leads; undefined where nobody ever did. */
  get leader(): FinalReplica | undefined {
    let leader: FinalReplica | undefined;
    for (const replica of this.replicas.values()) {
      if (replica.role === 'leader' && replica.leaderEpoch > (leader?.leaderEpoch ?? -1)) leader = replica;
    }
    return leader;
  }
}

/** Follows a trace, record by record. */
export class FinalPartitions {
  /** Of replicas. */
  records = 0;
  /** Of the latest record; nanoseconds. */
  lastTime = -Infinity;
  /** When each node that does not run stopped. */
  readonly stops = new Map<string, number>();
  readonly #partitions = new Map<string, FinalPartition>();

  /** By name; of a topic that was created again, the latest. */
  get(name: string): FinalPartition | undefined {
    return this.#partitions.get(name);
  }

  observe({ node, time, event }: TraceRecord): void {
    this.lastTime = Math.max(this.lastTime, time);
    if (event.kind === 'stop') this.stops.set(node, time);
    else this.stops.delete(node);
    if (!isOfReplica(event)) return;
    this.records++;
    const partition = this.#partition(event);
    let replica = partition.replicas.get(node);
    if (replica === undefined) {
      replica = { node, log: new BatchLog(), role: 'offline', leaderEpoch: -1 };
      partition.replicas.set(node, replica);
    }
    follow(partition, replica, event);
  }

  #partition({ partition: name, topicId }: ReplicaEvent): FinalPartition {
    let partition = this.#partitions.get(name);
    if (partition?.topicId !== topicId) {
      partition = new FinalPartition(topicId);
      this.#partitions.set(name, partition);
    }
    return partition;
  }
}

function follow(partition: FinalPartition, replica: FinalReplica, event: ReplicaEvent): void {
  const { log } = replica;
  switch (event.kind) {
    case 'replica-start':
      log.truncate(event.logEndOffset);
      if (log.last === undefined) log.restart(event.logEndOffset);
      log.trimTo(event.logStartOffset);
      log.endOffset = Math.max(log.endOffset, event.logEndOffset);
      replica.role = 'offline';
      return;
    case 'replica-role':
      replica.role = event.role;
      replica.leaderEpoch = event.leaderEpoch;
      return;
    case 'replica-append':
      for (const batch of event.batches) {
        log.truncate(batch.baseOffset);
        log.append({ batch, previous: undefined, appendedBy: UNUSED });
      }
      return;
    case 'replica-truncate': {
      const isWhole = event.endOffset > log.endOffset || event.endOffset < log.startOffset;
      log.truncate(isWhole ? 0 : event.endOffset);
      if (isWhole) log.restart(event.endOffset);
      return;
    }
    case 'replica-log-start':
      return log.trimTo(event.offset);
    case 'replica-clean':
      partition.cleanEnd = Math.max(partition.cleanEnd, event.endOffset);
      return;
    case 'replica-acknowledge':
      for (const { batch } of log.between(event.baseOffset, event.lastOffset + 1)) {
        for (let offset = batch.baseOffset; offset <= batch.lastOffset; offset++) {
          if (!partition.acknowledged.has(offset)) partition.acknowledged.set(offset, batch);
        }
      }
      return;
    default:
      return;
  }
}

const isOfReplica = (event: TraceRecord['event']): event is ReplicaEvent => event.kind.startsWith('replica-');

/** The log's entries name the record that brought them; nobody asks for it here. */
const UNUSED: TraceRecord = { node: '', time: 0, event: { kind: 'impossible', message: '' } };
