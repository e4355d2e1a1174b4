/**
 * What the ISR monitor knows: of each replica, its log, role, ISR and high watermark as its own records tell them; of each partition,
 * who led in which epoch, and what was exposed. Nothing here judges.
 */
import type { TracedBatch } from '../../harness/history/replica-trace.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import { type BatchEntry, BatchLog } from './isr-log.ts';
import type { IsrInvariantName } from './isr-rules.ts';
import type { Contradiction } from './monitor.ts';

/** Leaders, elections and ISRs remembered of a partition: the latest so many. */
const REMEMBERED_MAX = 256;

export class ReplicaView {
  readonly node: string;
  readonly log = new BatchLog();
  role: 'leader' | 'follower' | 'offline' = 'offline';
  leaderEpoch = -1;
  roleRecord: TraceRecord | undefined;
  partitionEpoch = -1;
  isr: readonly string[] = [];
  proposed: readonly string[] | null = null;
  isrRecord: TraceRecord | undefined;
  highWatermark = 0;
  highWatermarkRecord: TraceRecord | undefined;
  /** As far as its log came in this leader epoch; what a restart lost, its leader may still count. */
  reached = 0;
  /** As far as what it leads with was held against what was exposed. */
  exposedTo = 0;
  /** What a truncation removes that may not be done: it is back where the broker stops before. The lowest first. */
  removed: readonly BatchEntry[] = [];
  /** It restarted with less than it had. */
  lostBy: TraceRecord | undefined;

  constructor(node: string) {
    this.node = node;
  }
}

/** What was below a leader's high watermark. */
export interface Exposure {
  readonly entry: BatchEntry;
  /** The lowest leader epoch in which it was. */
  epoch: number;
  record: TraceRecord;
}

/** A leader's log when it began to lead, behind what had been exposed by then. */
export interface LeaderElection {
  readonly epoch: number;
  readonly node: string;
  readonly record: TraceRecord;
  readonly matchedEnd: number;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly suffix: readonly BatchEntry[];
}

export class PartitionView {
  readonly name: string;
  readonly replicas = new Map<string, ReplicaView>();
  /** By leader epoch. */
  readonly elections = new Map<number, LeaderElection>();
  /** Of any election. */
  highestEpoch = -1;
  /** By partition epoch. */
  readonly isrs = new Map<number, { readonly isr: readonly string[]; readonly record: TraceRecord }>();
  /** In the order of offsets. */
  exposed: Exposure[] = [];
  /** Below, some log was compacted, and batches are not what they were. */
  cleanEnd = 0;
  /** Below, everything is gone by policy somewhere. */
  policyStart = 0;
  /** What was exposed in earlier epochs may be gone: an unclean election. */
  uncleanEpoch = -1;
  /** By base offset. */
  readonly #batches = new Map<number, BatchEntry[]>();

  constructor(name: string) {
    this.name = name;
  }

  replica(node: string): ReplicaView {
    let replica = this.replicas.get(node);
    if (replica === undefined) this.replicas.set(node, (replica = new ReplicaView(node)));
    return replica;
  }

  get exposedEnd(): number {
    const last = this.exposed.at(-1);
    return last === undefined ? 0 : last.entry.batch.lastOffset + 1;
  }

  /** The exposure of the batch that has this offset. */
  exposureAt(offset: number): Exposure | undefined {
    let low = 0;
    let high = this.exposed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.exposed[middle] as Exposure).entry.batch.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    const found = this.exposed[low];
    return found !== undefined && found.entry.batch.baseOffset <= offset ? found : undefined;
  }

  entryOf({ baseOffset, leaderEpoch }: TracedBatch): BatchEntry | undefined {
    return this.#batches.get(baseOffset)?.find(({ batch }) => batch.leaderEpoch === leaderEpoch);
  }

  register(entry: BatchEntry): void {
    const { baseOffset } = entry.batch;
    const known = this.#batches.get(baseOffset);
    if (known === undefined) this.#batches.set(baseOffset, [entry]);
    else known.push(entry);
  }

  rememberElection(election: LeaderElection): void {
    remember(this.elections, election.epoch, election);
    this.highestEpoch = Math.max(this.highestEpoch, election.epoch);
  }

  rememberIsr(partitionEpoch: number, isr: readonly string[], record: TraceRecord): void {
    remember(this.isrs, partitionEpoch, { isr, record });
  }

  /** What is gone by policy everywhere is not compared any more. */
  raisePolicyStart(offset: number): void {
    if (offset <= this.policyStart) return;
    this.policyStart = offset;
    const kept = this.exposed.findIndex(({ entry }) => entry.batch.lastOffset >= offset);
    // One stays, so that it is known how far it went.
    const from = kept === -1 ? Math.max(0, this.exposed.length - 1) : kept;
    if (from * 2 <= this.exposed.length) return;
    this.exposed = this.exposed.slice(from);
    for (const [baseOffset, entries] of this.#batches) {
      if (entries.every(({ batch }) => batch.lastOffset < offset)) this.#batches.delete(baseOffset);
    }
  }
}

function remember<V>(map: Map<number, V>, key: number, value: V): void {
  map.set(key, value);
  if (map.size <= 2 * REMEMBERED_MAX) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    if (map.size <= REMEMBERED_MAX) return;
  }
}

export type IsrContradiction = Contradiction<IsrInvariantName>;

export type Contradict = (contradiction: IsrContradiction) => void;
