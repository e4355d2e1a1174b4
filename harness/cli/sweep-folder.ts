/** The folder of a sweep: its ledger, its runs, and what sums it up. */
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join, relative } from 'node:path';
import { FolderLock } from '../../results/folder-lock.ts';
import { LineFile } from '../../results/line-file.ts';
import { makeFolder, writeWhole } from '../../results/run-directory.ts';
import { HarnessError } from '../errors.ts';
import { isReplayCommand, replayCommand } from './replay-command.ts';
import { type Ledger, parseLedger, type SeedRecord, type SweepHeader } from '../sweep/ledger.ts';

const LEDGER = 'sweep.jsonl';
const LOCK = 'sweep.lock';
const RUNS = 'runs';
/** Is there while a merge goes on, and after one that was killed. */
const MERGING = 'merge.partial';

/** A process of the sweep that was killed may write a moment longer. */
const REMOVE_OPTIONS = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 };

export class SweepFolder {
  readonly path: string;
  readonly ledger: Ledger;
  readonly #records: SeedRecord[];
  readonly #lines: LineFile;
  readonly #lock: FolderLock;

  private constructor(path: string, ledger: Ledger, lines: LineFile, lock: FolderLock) {
    this.path = path;
    this.ledger = ledger;
    this.#records = [...ledger.records];
    this.#lines = lines;
    this.#lock = lock;
  }

  static create(path: string, header: SweepHeader): SweepFolder {
    makeSweepFolder(path, '--results');
    return locked(path, (lock) => {
      if (hasLedger(path))
        throw new HarnessError('usage', `${path} has a sweep already: go on with it by --resume ${path}`);
      return SweepFolder.#begin(path, header, lock);
    });
  }

  /**
   * For a sweep that was run elsewhere. Nobody goes on with it before it is closed; one that was not closed is made anew.
   *
   * @throws HarnessError `usage` where a sweep or runs are there, or another process is at it
   */
  static createMerged(path: string, header: SweepHeader): SweepFolder {
    const marker = join(path, MERGING);
    const requireFree = (): void => {
      const taken = [LEDGER, RUNS].find((name) => existsSync(join(path, name)));
      if (taken === undefined || existsSync(marker)) return;
      const what = taken === LEDGER ? 'a sweep' : 'runs';
      throw new HarnessError(
        'usage',
        `${path} has ${what} already: remove it, or choose another with --output`,
      );
    };
    requireFree();
    makeSweepFolder(path, '--output');
    return locked(path, (lock) => {
      requireFree();
      writeWhole(marker, '');
      for (const name of [LEDGER, RUNS]) rmSync(join(path, name), REMOVE_OPTIONS);
      return SweepFolder.#begin(path, header, lock);
    });
  }

  /**
   * Goes on where a sweep ended, however it did: runs that nobody recorded are removed, and what the harness or the machine failed at
   * is not done.
   *
   * @throws HarnessError `usage` where there is no sweep, or the half of one, or another process is at it
   */
  static resume(path: string): SweepFolder {
    readSweep(path);
    return locked(path, (lock) => {
      if (existsSync(join(path, MERGING)))
        throw new HarnessError('usage', `${path} was not merged to the end: merge its shards again`);
      const { header, records } = readSweep(path);
      const done = records.filter(({ outcome }) => outcome !== 'error');
      if (done.length < records.length)
        writeWhole(join(path, LEDGER), [header, ...done].map((line) => `${JSON.stringify(line)}\n`).join(''));
      const folder = SweepFolder.#goOn(path, lock);
      folder.removeUnrecorded();
      return folder;
    });
  }

  /**
   * The folder of a sweep that others run: made, or gone on with.
   *
   * @throws HarnessError `usage` where another sweep is there, or another process is at it
   */
  static collect(path: string, header: SweepHeader): SweepFolder {
    if (!hasLedger(path)) return SweepFolder.create(path, header);
    return locked(path, (lock) => {
      if (JSON.stringify(readSweep(path).header) !== JSON.stringify(header))
        throw new HarnessError('usage', `${path} has another sweep; choose another folder with --results`);
      return SweepFolder.#goOn(path, lock);
    });
  }

  static #begin(path: string, header: SweepHeader, lock: FolderLock): SweepFolder {
    const lines = new LineFile(join(path, LEDGER), { head: `${JSON.stringify(header)}\n` });
    return new SweepFolder(path, { header, records: [] }, lines, lock);
  }

  static #goOn(path: string, lock: FolderLock): SweepFolder {
    const file = join(path, LEDGER);
    const { ledger, wholeBytes } = readLedgerFile(file);
    truncateSync(file, wholeBytes);
    return new SweepFolder(path, ledger, new LineFile(file, { isContinued: true }), lock);
  }

  /** Runs that were begun and have no record. */
  removeUnrecorded(): void {
    removeRunsBut(this.#records, this.path);
  }

  get records(): readonly SeedRecord[] {
    return this.#records;
  }

  /** On the disk when this returns. What replays a run of the folder says where it is now: it may have been recorded elsewhere. */
  record(given: SeedRecord): void {
    const record =
      given.directory !== null && given.again !== null && isReplayCommand(given.again)
        ? { ...given, again: replayCommand(join(this.path, given.directory)) }
        : given;
    this.#records.push(record);
    this.#lines.append(`${JSON.stringify(record)}\n`);
    this.#lines.flush();
  }

  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeWhole(path, text);
    return path;
  }

  close(): void {
    this.#lines.close();
    rmSync(join(this.path, MERGING), { force: true });
    this.#lock.release();
  }
}

function makeSweepFolder(path: string, option: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw HarnessError.from(error, 'io', `cannot make ${path}; choose another with ${option}`);
  }
}

/** Two at one folder would judge seeds twice, and remove what the other has begun. */
function locked(path: string, open: (lock: FolderLock) => SweepFolder): SweepFolder {
  let lock: FolderLock | null;
  try {
    lock = FolderLock.take(join(path, LOCK));
  } catch (error) {
    throw HarnessError.from(error, 'io', `${join(path, LOCK)} cannot be written`);
  }
  if (lock === null)
    throw new HarnessError('usage', `${path}: another process is at this sweep; wait for it, or stop it`);
  try {
    return open(lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** @throws HarnessError `usage` where there is no sweep */
export function readSweep(path: string): Ledger {
  return readLedgerFile(join(path, LEDGER)).ledger;
}

function readLedgerFile(file: string): { readonly ledger: Ledger; readonly wholeBytes: number } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new HarnessError('usage', `there is no sweep: ${file} cannot be read`);
  }
  return { ledger: parseLedger(bytes.toString('utf8'), file), wholeBytes: bytes.lastIndexOf(10) + 1 };
}

/** What has no record of the sweep in this folder. */
export function removeRunsBut(records: readonly SeedRecord[], path: string): void {
  const kept = new Set(records.map(({ directory }) => directory));
  for (const run of runsIn(path)) if (!kept.has(run)) rmSync(join(path, run), REMOVE_OPTIONS);
}

/** Whether a sweep was begun, or collected, in this folder. */
export const hasLedger = (path: string): boolean => existsSync(join(path, LEDGER));

/** Run directories, from the sweep's folder. */
function runsIn(path: string): readonly string[] {
  const runs = join(path, RUNS);
  if (!existsSync(runs)) return [];
  return readdirSync(runs).flatMap((kind) =>
    readdirSync(join(runs, kind)).map((name) => relative(path, join(runs, kind, name))),
  );
}
