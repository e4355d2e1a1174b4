/**
 * What a batch costs on its way through a log of KRaft: CRC-32C, appending with verification, writing and flushing on the
 * real disk, reading from memory and from the disk, and opening again.
 *
 *     node bench/kraft-log.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readBatches } from '../systems/kraft/records/batch.ts';
import { BatchBuilder } from '../systems/kraft/records/batch-builder.ts';
import { crc32c } from '../systems/kraft/records/crc32c.ts';
import { readRecords } from '../systems/kraft/records/record.ts';
import { ReplicaLog } from '../systems/kraft/log/replica-log.ts';
import { RealFiles } from '../systems/runtime/real/real-files.ts';

export interface LogFigure {
  readonly name: string;
  readonly bytes: number;
  readonly wallMs: number;
  /** Of this process: other load on the machine does not count. */
  readonly cpuMs: number;
}

const TOTAL_BYTES = 256 * 1024 * 1024;
/** 16 records of 1 KiB. */
const RECORDS_PER_BATCH = 16;
const READ_BYTES = 1024 * 1024;
const BATCHES_PER_FLUSH = 64;

function newBatch(): Uint8Array {
  const builder = new BatchBuilder();
  const value = Uint8Array.from({ length: 1024 }, (_, i) => i * 7);
  for (let i = 0; i < RECORDS_PER_BATCH; i++) builder.append({ value, timestampMs: 1_700_000_000_000 });
  return builder.build();
}

async function measure(name: string, work: () => Promise<number> | number): Promise<LogFigure> {
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  const bytes = await work();
  const wallMs = performance.now() - before;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { name, bytes, wallMs, cpuMs: (user + system) / 1000 };
}

async function readAll(log: ReplicaLog, fromOffset: number): Promise<number> {
  let bytes = 0;
  for (let offset = fromOffset; offset < log.logEndOffset;) {
    const piece = await log.read(offset, READ_BYTES);
    for (const batch of readBatches(piece)) offset = batch.lastOffset + 1;
    bytes += piece.length;
  }
  return bytes;
}

export async function run(): Promise<readonly LogFigure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kraft-log-'));
  const batch = newBatch();
  const count = Math.ceil(TOTAL_BYTES / batch.length);
  const figures: LogFigure[] = [];
  try {
    const checksum = (): number => {
      for (let i = 0; i < count; i++) crc32c(batch);
      return count * batch.length;
    };
    checksum();
    figures.push(await measure('CRC-32C', checksum));
    let log = await ReplicaLog.open(new RealFiles(folder), 'log');
    figures.push(
      await measure('append with verification, a flush every MiB', async () => {
        for (let i = 1; i <= count; i++) {
          log.append(batch.slice(), { assignOffsets: true, leaderEpoch: 1 });
          if (i % BATCHES_PER_FLUSH === 0) await log.flush();
        }
        await log.flush();
        return count * batch.length;
      }),
    );
    figures.push(await measure('read from the disk with verification', () => readAll(log, 0)));
    const recent = log.logEndOffset - RECORDS_PER_BATCH * 32;
    figures.push(
      await measure('read from memory', async () => {
        let bytes = 0;
        for (let i = 0; i < 400; i++) bytes += await readAll(log, recent);
        return bytes;
      }),
    );
    const [first] = [...readBatches(batch)];
    figures.push(
      await measure('decode records', () => {
        let records = 0;
        for (let i = 0; i < count / 4; i++) for (const _ of readRecords(first!)) records++;
        return (records / RECORDS_PER_BATCH) * batch.length;
      }),
    );
    const size = log.sizeBytes;
    const reopen = async (): Promise<number> => {
      log = await ReplicaLog.open(new RealFiles(folder), 'log');
      return size;
    };
    figures.push(await measure('open after a kill', reopen));
    await log.close();
    figures.push(await measure('open after a close', reopen));
  } finally {
    rmSync(folder, { recursive: true });
  }
  for (const { name, bytes, wallMs, cpuMs } of figures) {
    const perSecond = (ms: number): string => (bytes / 1e6 / (ms / 1000)).toFixed(0);
    console.log(`kraft-log: ${name}: ${perSecond(wallMs)} MB/s, ${perSecond(cpuMs)} MB/s of CPU time`);
  }
  return figures;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run();
