/**
 * What a log remembers beside its batches: up to where they were durable, where the log begins, the high watermark.
 *
 *     const checkpoint = await LogCheckpoint.open(files, 't-0', await files.list('t-0'));
 *     await checkpoint.save({ recoveryPoint: 900 });                   // a hint: soon durable
 *     await checkpoint.save({ logStartOffset: 500 }, { durable: true });
 *
 *     file := (crc:hex8 ' ' json '\n')*     the last good line counts; damaged ones are passed over
 *
 * Kafka has a file for each of these for all logs of a disk; here each log has its own, and after every flush one line is
 * appended without an fsync. A line that survives a power loss is true, since it was written after the fsync that it speaks
 * of; one that does not survive makes recovery more forgiving, never less.
 */
import type { Files, OpenFile } from '../../runtime/runtime.ts';
import { crc32c } from '../records/crc32c.ts';
import { joinPath, replaceFile } from './durable-files.ts';

export interface CheckpointState {
  /** Batches below were durable: damage there is corruption, not a torn tail. */
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  /** Compaction has been up to here. */
  readonly cleanedOffset: number;
  /** The log was closed in order, and nothing was written since: its end, and the bytes of its last segment. */
  readonly clean: { readonly endOffset: number; readonly segmentBytes: number } | null;
  /** All batches are being given up, to begin anew at the log start. */
  readonly isResetting: boolean;
}

const INITIAL: CheckpointState = {
  recoveryPoint: 0,
  logStartOffset: 0,
  highWatermark: 0,
  cleanedOffset: 0,
  clean: null,
  isResetting: false,
};

const NAME = 'log-checkpoint';
/** Then it is written anew with one line. */
const MAX_BYTES = 64 * 1024;
const CRC_DIGITS = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const hex = (text: string): string => crc32c(encoder.encode(text)).toString(16).padStart(CRC_DIGITS, '0');

function encodeLine(state: CheckpointState): Uint8Array {
  const json = JSON.stringify(state);
  return encoder.encode(`${hex(json)} ${json}\n`);
}

/** The last good line, and whether all of the file is good. */
function decodeLines(bytes: Uint8Array): { state: CheckpointState; isWhole: boolean } {
  const lines = decoder.decode(bytes).split('\n');
  let isWhole = lines.pop() === '' && lines.length > 0;
  let state = INITIAL;
  for (const line of lines) {
    const json = line.slice(CRC_DIGITS + 1);
    if (line.slice(0, CRC_DIGITS) === hex(json)) {
      state = { ...INITIAL, ...(JSON.parse(json) as Partial<CheckpointState>) };
    } else isWhole = false;
  }
  return { state, isWhole };
}

export class LogCheckpoint {
  state: CheckpointState = INITIAL;
  /** False where there is no file, or a line of it is damaged: what it says may be old. */
  isWhole = false;
  private readonly files: Files;
  private readonly directory: string;
  private file: OpenFile | null = null;
  private sizeBytes = 0;
  private isNameDurable = false;

  private constructor(files: Files, directory: string) {
    this.files = files;
    this.directory = directory;
  }

  get path(): string {
    return joinPath(this.directory, NAME);
  }

  /** @param names - in the directory */
  static async open(files: Files, directory: string, names: readonly string[]): Promise<LogCheckpoint> {
    const checkpoint = new LogCheckpoint(files, directory);
    if (!names.includes(NAME)) return checkpoint;
    const bytes = await files.readAll(checkpoint.path);
    const { state, isWhole } = decodeLines(bytes);
    checkpoint.state = state;
    checkpoint.isWhole = isWhole;
    checkpoint.sizeBytes = bytes.length;
    return checkpoint;
  }

  /** One at a time. Without `durable` it resolves when the operating system has it. */
  async save(changes: Partial<CheckpointState>, options: { durable?: boolean } = {}): Promise<void> {
    this.state = { ...this.state, ...changes };
    // What is appended must not stand behind a damaged line.
    const isDamaged = !this.isWhole && this.sizeBytes > 0;
    if (isDamaged || this.sizeBytes > MAX_BYTES) {
      await this.rewrite();
      return;
    }
    this.isWhole = true;
    this.file ??= await this.files.open(this.path, { create: true });
    const line = encodeLine(this.state);
    this.sizeBytes += line.length;
    await this.file.append(line);
    if (options.durable !== true) return;
    await this.file.sync();
    if (this.isNameDurable) return;
    await this.files.syncDirectory(this.directory);
    this.isNameDurable = true;
  }

  private async rewrite(): Promise<void> {
    const line = encodeLine(this.state);
    await this.file?.close();
    this.file = null;
    await replaceFile(this.files, this.directory, NAME, line);
    this.sizeBytes = line.length;
    this.isWhole = true;
    this.isNameDurable = true;
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = null;
  }
}
