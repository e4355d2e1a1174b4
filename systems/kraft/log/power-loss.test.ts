/**
 * The log against a model in memory: random work, killed or without power at any operation of any file. What was flushed is
 * there after that, what is there was appended, in order, and the log goes on.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import { Disk } from '../../runtime/disk-model/disk.ts';
import { readBatches } from '../records/batch.ts';
import { ReplicaLog } from './replica-log.ts';
import { batchOf, concat, idempotent } from './testing/batches.ts';
import { MemoryFiles } from './testing/memory-files.ts';

const DIRECTORY = 'log';

type Command =
  | {
      readonly kind: 'append';
      readonly records: number;
      readonly batches: number;
      readonly isNewEpoch: boolean;
    }
  | { readonly kind: 'flush' }
  | { readonly kind: 'read'; readonly at: number; readonly maxBytes: number }
  | { readonly kind: 'truncate'; readonly at: number }
  | { readonly kind: 'reset'; readonly gap: number }
  | { readonly kind: 'delete'; readonly at: number }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'kill'; readonly isWritten: boolean }
  | { readonly kind: 'power-loss'; readonly operations: number };

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      records: fc.integer({ min: 1, max: 4 }),
      batches: fc.integer({ min: 1, max: 4 }),
      isNewEpoch: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('read' as const), at: fraction, maxBytes: fc.nat(1000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('truncate' as const), at: fraction }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), gap: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), at: fraction }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), isWritten: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('power-loss' as const), operations: fc.nat(40) }) },
);

interface ModelBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

/** What must be true of the log after a crash: one of several outcomes where something was under way. */
interface Model {
  batches: ModelBatch[];
  startOffset: number;
  endOffset: number;
  durableOffset: number;
  /** A cut that was under way. */
  pending: { readonly kind: 'truncate' | 'reset' | 'delete'; readonly offset: number } | null;
}

class Bench {
  readonly disk: Disk;
  files: MemoryFiles;
  log!: ReplicaLog;
  readonly model: Model = { batches: [], startOffset: 0, endOffset: 0, durableOffset: 0, pending: null };
  private epoch = 1;
  private written = 0;
  private readonly options;

  constructor(seed: number) {
    this.disk = new Disk(randomStream(seed, 'disk'));
    this.files = new MemoryFiles(this.disk);
    const tailBytes = [0, 300, 1 << 20][seed % 3]!;
    this.options = { segmentBytes: 400, indexIntervalBytes: 100, tailBytes };
  }

  async open(operationsUntilPowerLoss?: number): Promise<void> {
    this.files = new MemoryFiles(
      this.disk,
      operationsUntilPowerLoss === undefined ? {} : { operationsUntilPowerLoss },
    );
    this.log = await ReplicaLog.open(this.files, DIRECTORY, this.options);
  }

  append(records: number, batches: number): void {
    const { model, log } = this;
    const parts = Array.from({ length: batches }, () => {
      const values = Array.from({ length: records }, () => `value ${this.written++}`);
      const isIdempotent = this.written % 2 === 0;
      return batchOf(values, isIdempotent ? idempotent(1, 0, this.written) : {});
    });
    const bytes = concat(...parts);
    log.append(bytes, { assignOffsets: true, leaderEpoch: this.epoch });
    for (const batch of readBatches(bytes)) {
      const { baseOffset, lastOffset } = batch;
      expect(baseOffset).toBe(model.endOffset);
      model.batches.push({ baseOffset, lastOffset, epoch: this.epoch, bytes: batch.bytes.slice() });
      model.endOffset = lastOffset + 1;
    }
  }

  private offsetAt(fractionOfLog: number): number {
    const { startOffset, endOffset } = this.model;
    return startOffset + Math.floor(fractionOfLog * (endOffset - startOffset));
  }

  async run(command: Command): Promise<void> {
    const { model, log } = this;
    switch (command.kind) {
      case 'append':
        if (command.isNewEpoch) this.epoch++;
        this.append(command.records, command.batches);
        return;
      case 'flush': {
        const { endOffset } = model;
        expect(await log.flush()).toBeGreaterThanOrEqual(endOffset);
        model.durableOffset = Math.max(model.durableOffset, endOffset);
        return;
      }
      case 'read':
        return this.read(this.offsetAt(command.at), command.maxBytes);
      case 'truncate': {
        const offset = this.offsetAt(command.at);
        model.pending = { kind: 'truncate', offset };
        await log.truncateTo(offset);
        this.cut();
        return;
      }
      case 'reset': {
        const offset = model.endOffset + command.gap;
        model.pending = { kind: 'reset', offset };
        await log.truncateFullyAndStartAt(offset);
        this.cut();
        return;
      }
      case 'delete': {
        const offset = this.offsetAt(command.at);
        log.advanceHighWatermark(offset);
        model.pending = { kind: 'delete', offset };
        await log.deleteRecords(offset);
        this.cut();
        return;
      }
      case 'reopen':
        await log.close();
        model.durableOffset = model.endOffset;
        await this.open();
        expect(this.log.recovered.notes).toEqual([]);
        return this.check();
      case 'kill':
        // What the operating system has survives a process, and is not durable for that.
        if (command.isWritten) await log.lookupByTimestamp(0);
        this.files.kill();
        await this.recover();
        return;
      case 'power-loss':
    }
  }

  /** What was under way is done. */
  private cut(): void {
    const { model } = this;
    const { kind, offset } = model.pending!;
    model.pending = null;
    if (kind === 'truncate') {
      model.batches = model.batches.filter((batch) => batch.lastOffset < offset);
      if (offset < model.endOffset) model.endOffset = this.log.logEndOffset;
      const last = model.batches.at(-1);
      expect(model.endOffset).toBe(Math.max(last === undefined ? 0 : last.lastOffset + 1, model.startOffset));
      model.durableOffset = Math.min(model.durableOffset, model.endOffset);
    } else if (kind === 'reset') {
      model.batches = [];
      model.startOffset = model.endOffset = model.durableOffset = offset;
    } else {
      model.startOffset = Math.max(model.startOffset, offset);
    }
  }

  private async read(offset: number, maxBytes: number): Promise<void> {
    const bytes = await this.log.read(offset, maxBytes);
    const expected: Uint8Array[] = [];
    let size = 0;
    for (const batch of this.model.batches) {
      if (batch.lastOffset < offset) continue;
      if (expected.length > 0 && size + batch.bytes.length > maxBytes) break;
      expected.push(batch.bytes);
      size += batch.bytes.length;
    }
    // A read may end with its segment, and never with nothing.
    const whole = concat(...expected);
    expect(Buffer.from(bytes).equals(whole.subarray(0, bytes.length))).toBe(true);
    expect(bytes.length > 0).toBe(whole.length > 0);
  }

  /** Opens it after a crash, and takes over what is there, which must be one of the things that can be. */
  async recover(): Promise<void> {
    const { model } = this;
    await this.open();
    const { pending } = model;
    const { logStartOffset, logEndOffset } = this.log;
    if (pending !== null) {
      if (pending.kind === 'truncate') {
        // Durable or not, and of what is left as much as was durable.
        model.durableOffset = Math.min(model.durableOffset, this.batchStart(pending.offset));
        model.pending = null;
      } else if (logStartOffset >= pending.offset) {
        this.cut();
      } else model.pending = null;
    }
    expect(logStartOffset).toBe(model.startOffset);
    expect(logEndOffset).toBeGreaterThanOrEqual(model.durableOffset);
    expect(logEndOffset).toBeLessThanOrEqual(model.endOffset);
    model.batches = model.batches.filter((batch) => batch.lastOffset < logEndOffset);
    model.endOffset = logEndOffset;
    await this.check();
  }

  private batchStart(offset: number): number {
    const inside = this.model.batches.find(
      (batch) => batch.baseOffset <= offset && offset <= batch.lastOffset,
    );
    return inside?.baseOffset ?? offset;
  }

  /** The whole log is what the model says. */
  async check(): Promise<void> {
    const { model, log } = this;
    expect([log.logStartOffset, log.logEndOffset]).toEqual([model.startOffset, model.endOffset]);
    const expected = model.batches.filter((batch) => batch.lastOffset >= model.startOffset);
    let offset = model.startOffset;
    for (const batch of expected) {
      const bytes = await log.read(offset, 1);
      expect(Buffer.from(bytes).equals(batch.bytes)).toBe(true);
      expect(log.epochs.epochAt(Math.max(batch.baseOffset, model.startOffset))).toBe(batch.epoch);
      offset = batch.lastOffset + 1;
    }
    expect(offset).toBe(model.endOffset);
    const fresh = model.batches.findLast((batch) => readBatches(batch.bytes).next().value?.producerId === 1);
    if (fresh !== undefined && fresh.lastOffset >= model.startOffset) {
      expect(log.producers.entry(1)?.batches.at(-1)?.lastOffset).toBe(fresh.lastOffset);
    }
  }
}

let crashes = 0;

async function runAll(commands: readonly Command[], seed: number): Promise<void> {
  const bench = new Bench(seed);
  // The first opening is of a folder that is there.
  bench.disk.makeDirectory(DIRECTORY);
  bench.disk.syncDirectory('');
  await bench.open();
  for (let i = 0; i < commands.length; i++) {
    const current = commands[i] as Command;
    if (current.kind !== 'power-loss') {
      await bench.run(current);
      continue;
    }
    // From here on, the power fails after so many operations: in the middle of what comes next.
    await bench.log.flush();
    bench.model.durableOffset = bench.model.endOffset;
    bench.files.kill();
    const opening = bench.open(current.operations);
    if ((await Promise.race([opening, bench.files.powerLost])) !== 'power lost') {
      const rest = commands
        .slice(i + 1, i + 12)
        .filter((c) => !['power-loss', 'kill', 'reopen'].includes(c.kind));
      const work = async (): Promise<void> => {
        for (const next of rest) await bench.run(next);
        await bench.log.flush();
        bench.model.durableOffset = bench.model.endOffset;
      };
      const result = await Promise.race([work(), bench.files.powerLost]);
      if (result !== 'power lost') bench.files.losePower();
      i += 11;
    }
    crashes++;
    await bench.recover();
  }
  await bench.check();
}

test('flushed batches survive any power loss, and nothing is invented', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60 }), fc.nat(10_000), runAll),
    { numRuns: Number(process.env['POWER_LOSS_RUNS'] ?? 400) },
  );
  expect(crashes).toBeGreaterThan(100);
});
