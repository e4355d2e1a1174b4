/**
 * Reads the partitions of a coordinator's topic that this broker begins to lead, and gives up those that it leads no more.
 *
 *     const loads = new PartitionLoads(runtime, replicas, '__consumer_offsets', target);
 *     // target.start(12, epoch); target.record(12, …) for all of the log, in its order; target.finish(12); later target.resign(12)
 *
 * A coordinator must know all that its predecessors wrote, and nothing that may still be lost: a partition is read from its start to
 * the end that it had when leadership began, as far as the high watermark has come, and loading ends when that has reached it. A
 * record that says nothing sensible is logged and skipped, as in Kafka: one bad record must not take all groups of its partition away.
 *
 * Markers that a transaction's coordinator writes meanwhile are behind that end. They come by `Replicas.onMarker`, and wait here until
 * the rest is read; those before it are found in the log, in their place, and are not told again.
 */
import { messageOf } from '../../../../harness/errors.ts';
import { msToNs } from '../../../../harness/units.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { ReplicaLog } from '../../log/replica-log.ts';
import type { RecordBatch } from '../../records/batch.ts';
import { readBatches } from '../../records/batch.ts';
import { decodeControlBatch } from '../../records/control.ts';
import { RecordError } from '../../records/errors.ts';
import { readRecords } from '../../records/record.ts';
import { MalformedError } from '../../wire/codec-error.ts';
import type { Replicas } from '../parts.ts';

export type Marker = 'commit' | 'abort';

export interface LoadedRecord {
  readonly offset: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  /** Of a transactional batch, or null. */
  readonly producerId: number | null;
}

/** A coordinator, as its partitions are given to it. */
export interface LoadTarget {
  start(partition: number, leaderEpoch: number): void;
  /** @throws MalformedError */
  record(partition: number, record: LoadedRecord): void;
  /** Between records, where it is in the log. */
  loadedMarker(partition: number, producerId: number, marker: Marker, offset: number): void;
  finish(partition: number): void;
  resign(partition: number): void;
  /** After {@link finish}. */
  marker(partition: number, producerId: number, marker: Marker, offset: number): void;
}

interface Load {
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly log: ReplicaLog;
  readonly endOffset: number;
  isLoaded: boolean;
  /** Behind the end, told while it is read. At most one for each producer that had offsets in a transaction. */
  readonly laterMarkers: (() => void)[];
}

/** Read at once: as Kafka's `offsets.load.buffer.size`. */
const READ_BYTES = 5 * 1024 * 1024;
/** While the high watermark has not come so far. The wait ends with the leadership at the latest. */
const WAIT_MS = 10;
const NOTHING = new Uint8Array(0);

export class PartitionLoads {
  private readonly runtime: Runtime;
  private readonly replicas: Replicas;
  private readonly topic: string;
  private readonly target: LoadTarget;
  private readonly loads = new Map<number, Load>();
  private isClosed = false;

  constructor(runtime: Runtime, replicas: Replicas, topic: string, target: LoadTarget) {
    this.runtime = runtime;
    this.replicas = replicas;
    this.topic = topic;
    this.target = target;
    replicas.onLeadership((of, partition, leaderEpoch) => {
      if (of === topic) this.leadership(partition, leaderEpoch);
    });
    replicas.onMarker((of, partition, producerId, marker, offset) => {
      if (of === topic) this.marker(partition, producerId, marker, offset);
    });
  }

  /** Nothing more is loaded or told. */
  close(): void {
    this.isClosed = true;
    this.loads.clear();
  }

  private leadership(partition: number, leaderEpoch: number | null): void {
    if (this.isClosed) return;
    const before = this.loads.get(partition);
    if (before !== undefined && before.leaderEpoch === leaderEpoch) return;
    if (before !== undefined) {
      this.loads.delete(partition);
      this.target.resign(partition);
    }
    const led = leaderEpoch === null ? null : this.replicas.leads(this.topic, partition);
    if (led === null) return;
    const { log } = led;
    const load: Load = {
      partition,
      leaderEpoch: led.leaderEpoch,
      log,
      endOffset: log.logEndOffset,
      isLoaded: false,
      laterMarkers: [],
    };
    this.loads.set(partition, load);
    this.target.start(partition, led.leaderEpoch);
    void this.run(load);
  }

  private marker(partition: number, producerId: number, marker: Marker, offset: number): void {
    const load = this.loads.get(partition);
    if (load === undefined || offset < load.endOffset) return;
    const tell = (): void => this.target.marker(partition, producerId, marker, offset);
    if (load.isLoaded) tell();
    else load.laterMarkers.push(tell);
  }

  private isCurrent(load: Load): boolean {
    return !this.isClosed && this.loads.get(load.partition) === load;
  }

  private async run(load: Load): Promise<void> {
    const { partition } = load;
    const startMs = this.runtime.monotonicNs();
    try {
      if (!(await this.read(load))) return;
    } catch (error) {
      if (!this.isCurrent(load)) return;
      // The disk, or what was never to be written: whoever asks is sent to look for another coordinator.
      this.loads.delete(partition);
      this.target.resign(partition);
      this.complain(partition, 'cannot be loaded', error);
      return;
    }
    load.isLoaded = true;
    this.target.finish(partition);
    for (const tell of load.laterMarkers.splice(0)) tell();
    const tookMs = Math.round((this.runtime.monotonicNs() - startMs) / msToNs(1));
    this.runtime.log('debug', `${this.topic}-${partition} is loaded`, { endOffset: load.endOffset, tookMs });
  }

  /** @returns whether all was read; false: it was overtaken by another leadership */
  private async read(load: Load): Promise<boolean> {
    const { log, endOffset } = load;
    let offset = 0;
    for (;;) {
      // Records may be deleted meanwhile.
      offset = Math.max(offset, log.logStartOffset);
      if (offset >= endOffset) return true;
      const upTo = Math.min(log.highWatermark, endOffset);
      const bytes = offset < upTo ? await log.read(offset, READ_BYTES, { upTo }) : NOTHING;
      if (!this.isCurrent(load)) return false;
      for (const batch of readBatches(bytes)) {
        this.take(load.partition, batch);
        offset = batch.lastOffset + 1;
      }
      if (bytes.length > 0) continue;
      // Of what is compacted there may be nothing up to the end.
      if (upTo === endOffset) return true;
      await this.wait();
      if (!this.isCurrent(load)) return false;
    }
  }

  private wait(): Promise<void> {
    return new Promise((resolve) => this.runtime.setTimer(msToNs(WAIT_MS), resolve));
  }

  private take(partition: number, batch: RecordBatch): void {
    try {
      if (batch.isControl) this.takeControl(partition, batch);
      else this.takeRecords(partition, batch);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.complain(partition, `the batch at offset ${batch.baseOffset} is skipped`, error);
    }
  }

  private takeControl(partition: number, batch: RecordBatch): void {
    for (const record of decodeControlBatch(batch)) {
      if (record.type !== 'commit' && record.type !== 'abort') continue;
      this.target.loadedMarker(partition, batch.producerId, record.type, batch.baseOffset);
    }
  }

  private takeRecords(partition: number, batch: RecordBatch): void {
    const producerId = batch.isTransactional ? batch.producerId : null;
    for (const { offset, key, value } of readRecords(batch)) {
      try {
        if (key === null) throw new MalformedError('a record without a key');
        this.target.record(partition, { offset, key, value, producerId });
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        this.complain(partition, `the record at offset ${offset} is skipped`, error);
      }
    }
  }

  private complain(partition: number, what: string, error: unknown): void {
    const reason = messageOf(error);
    this.runtime.log('error', `${this.topic}-${partition}: ${what}`, { error: reason });
  }
}
