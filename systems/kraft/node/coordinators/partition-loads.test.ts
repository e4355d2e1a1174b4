/** What a coordinator is told of its partitions, and in which order, while leadership, high watermark and markers move. */
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../../harness/random.ts';
import { Disk } from '../../../runtime/disk-model/disk.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import { ReplicaLog } from '../../log/replica-log.ts';
import { batchOf, marker } from '../../log/testing/batches.ts';
import { MemoryFiles } from '../../log/testing/memory-files.ts';
import type { Replicas } from '../parts.ts';
import { PartitionLoads } from './partition-loads.ts';

const TOPIC = '__consumer_offsets';
const decoder = new TextDecoder();

/** One partition, led as a test says; timers fire when it says so, too. */
class Bench {
  readonly told: string[] = [];
  readonly errors: string[] = [];
  readonly loads: PartitionLoads;
  log: ReplicaLog;
  private leaderEpoch: number | null = null;
  private timers: (() => void)[] = [];
  private tellLeadership: Parameters<Replicas['onLeadership']>[0] = () => undefined;
  private tellMarker: Parameters<Replicas['onMarker']>[0] = () => undefined;

  private constructor(log: ReplicaLog) {
    this.log = log;
    const runtime: Pick<Runtime, 'monotonicNs' | 'setTimer' | 'log'> = {
      monotonicNs: () => 0,
      setTimer: (_delayNs, callback) => {
        this.timers.push(callback);
        return { cancel: () => undefined };
      },
      log: (level, message) => {
        if (level === 'error') this.errors.push(message);
      },
    };
    const replicas: Pick<Replicas, 'leads' | 'onLeadership' | 'onMarker'> = {
      leads: () => (this.leaderEpoch === null ? null : { log: this.log, leaderEpoch: this.leaderEpoch }),
      onLeadership: (callback) => (this.tellLeadership = callback),
      onMarker: (callback) => (this.tellMarker = callback),
    };
    this.loads = new PartitionLoads(runtime as Runtime, replicas as Replicas, TOPIC, {
      start: (partition, epoch) => this.told.push(`start ${partition} in ${epoch}`),
      record: (_partition, { offset, key, producerId }) =>
        this.told.push(
          `${offset} ${decoder.decode(key)}${producerId === null ? '' : ` of producer ${producerId}`}`,
        ),
      loadedMarker: (_partition, producerId, type, offset) =>
        this.told.push(`${offset} ${type} of ${producerId}`),
      finish: (partition) => this.told.push(`finish ${partition}`),
      resign: (partition) => this.told.push(`resign ${partition}`),
      marker: (_partition, producerId, type, offset) =>
        this.told.push(`told: ${offset} ${type} of ${producerId}`),
    });
  }

  static async open(): Promise<Bench> {
    const files = new MemoryFiles(new Disk(randomStream(1, 'loads')));
    return new Bench(await ReplicaLog.open(files, 'p'));
  }

  append(...batches: readonly Uint8Array[]): void {
    for (const batch of batches) this.log.append(batch, { assignOffsets: true, leaderEpoch: 0 });
  }

  commit(offset = this.log.logEndOffset): void {
    this.log.advanceHighWatermark(offset);
  }

  async lead(epoch: number | null, topic = TOPIC): Promise<void> {
    this.leaderEpoch = epoch;
    this.tellLeadership(topic, 7, epoch);
    await settle();
  }

  markerCommitted(producerId: number, type: 'commit' | 'abort', offset: number): void {
    this.tellMarker(TOPIC, 7, producerId, type, offset);
  }

  async fireTimers(): Promise<void> {
    for (const fire of this.timers.splice(0)) fire();
    await settle();
  }
}

/** Until everything that can happen without a timer has happened. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 100; i++) await Promise.resolve();
};

const transactional = { producerId: 9, producerEpoch: 0, baseSequence: 0, isTransactional: true };

describe('a partition', () => {
  test('is read in order, with markers in their places', async () => {
    const bench = await Bench.open();
    bench.append(batchOf(['a=1', 'b=2']), batchOf(['c=3'], transactional), marker('commit', 9, 0));
    bench.append(batchOf(['d=']));
    bench.commit();
    await bench.lead(4);
    expect(bench.told).toEqual([
      'start 7 in 4',
      ...['0 a', '1 b', '2 c of producer 9', '3 commit of 9', '4 d'],
      'finish 7',
    ]);
  });

  test('of another topic is nobody’s business here; an empty one is loaded at once', async () => {
    const bench = await Bench.open();
    await bench.lead(4, 'orders');
    expect(bench.told).toEqual([]);
    await bench.lead(4);
    expect(bench.told).toEqual(['start 7 in 4', 'finish 7']);
  });

  test('is loaded when the end that it had is committed', async () => {
    const bench = await Bench.open();
    bench.append(batchOf(['a=1']), batchOf(['b=2']));
    bench.commit(1);
    await bench.lead(0);
    await bench.fireTimers();
    expect(bench.told).toEqual(['start 7 in 0', '0 a']);
    // What comes behind it is not waited for.
    bench.append(batchOf(['c=3']));
    bench.commit(2);
    await bench.fireTimers();
    expect(bench.told).toEqual(['start 7 in 0', '0 a', '1 b', 'finish 7']);
    await bench.fireTimers();
    expect(bench.told).toHaveLength(4);
  });
});

describe('records that go', () => {
  test('while it is read are not waited for', async () => {
    const bench = await Bench.open();
    bench.append(batchOf(['a=1']), batchOf(['b=2']));
    await bench.lead(0);
    bench.append(batchOf(['c=3']));
    bench.commit();
    await bench.log.deleteRecords(3);
    await bench.fireTimers();
    expect(bench.told).toEqual(['start 7 in 0', 'finish 7']);
  });

  test('by compaction leave nothing up to the end', async () => {
    const bench = await Bench.open();
    bench.append(batchOf(['a=1']), batchOf(['b=2']));
    bench.commit();
    const read = bench.log.read.bind(bench.log);
    bench.log.read = (offset, maxBytes) =>
      offset === 0 ? read(offset, maxBytes, { upTo: 1 }) : Promise.resolve(new Uint8Array(0));
    await bench.lead(0);
    expect(bench.told).toEqual(['start 7 in 0', '0 a', 'finish 7']);
  });
});

describe('markers', () => {
  test('before the end are read, whenever they are told; those behind it wait until all is read', async () => {
    const bench = await Bench.open();
    bench.append(batchOf(['a=1'], transactional), marker('commit', 9, 0));
    await bench.lead(0);
    bench.append(marker('abort', 9, 0), marker('commit', 8, 0));
    bench.commit();
    bench.markerCommitted(9, 'commit', 1);
    bench.markerCommitted(9, 'abort', 2);
    bench.markerCommitted(8, 'commit', 3);
    expect(bench.told).toEqual(['start 7 in 0']);
    await bench.fireTimers();
    bench.markerCommitted(9, 'commit', 1);
    bench.markerCommitted(9, 'commit', 4);
    expect(bench.told).toEqual([
      'start 7 in 0',
      ...['0 a of producer 9', '1 commit of 9', 'finish 7'],
      ...['told: 2 abort of 9', 'told: 3 commit of 8', 'told: 4 commit of 9'],
    ]);
  });

  test('of a partition that another broker leads now are not told', async () => {
    const bench = await Bench.open();
    await bench.lead(0);
    await bench.lead(null);
    bench.markerCommitted(9, 'commit', 0);
    expect(bench.told).toEqual(['start 7 in 0', 'finish 7', 'resign 7']);
  });
});

describe('another leadership', () => {
  test('ends a load at once, and a new one begins from the start', async () => {
    const bench = await Bench.open();
    bench.append(batchOf(['a=1']), batchOf(['b=2']));
    bench.commit(1);
    await bench.lead(0);
    await bench.lead(1);
    bench.commit();
    await bench.fireTimers();
    expect(bench.told).toEqual([
      ...['start 7 in 0', '0 a', 'resign 7'],
      ...['start 7 in 1', '0 a', '1 b', 'finish 7'],
    ]);
  });

  test('of the same epoch is none', async () => {
    const bench = await Bench.open();
    await bench.lead(0);
    await bench.lead(0);
    expect(bench.told).toEqual(['start 7 in 0', 'finish 7']);
  });

  test('after the end of all nothing is told', async () => {
    const bench = await Bench.open();
    bench.append(batchOf(['a=1']));
    await bench.lead(0);
    bench.loads.close();
    bench.commit();
    await bench.fireTimers();
    await bench.lead(1);
    expect(bench.told).toEqual(['start 7 in 0']);
  });
});

test('a log that cannot be read is given up, and the reason is logged', async () => {
  const bench = await Bench.open();
  bench.append(batchOf(['a=1']));
  bench.commit();
  bench.log.read = () => Promise.reject(new Error('EIO'));
  await bench.lead(0);
  expect(bench.told).toEqual(['start 7 in 0', 'resign 7']);
  expect(bench.errors).toEqual(['__consumer_offsets-7: cannot be loaded']);
});
