/**
 * Finds and reads the history that the user meant: a file, a run directory, or a folder of a Jepsen or Maelstrom store
 * (`store/<test>/<time>`, or a folder above it, of which the latest run is taken).
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HarnessError } from '../errors.ts';
import { readHistory, type ReadHistory, readResults } from '../history/import/index.ts';
import { tornNote } from './saved-run.ts';

export interface HistoryFile extends Pick<ReadHistory, 'history' | 'format'> {
  /** The file that was read. */
  readonly file: string;
  /** What was presumed, what is missing, and what others found, in sentences. */
  readonly notes: readonly string[];
}

const CHUNK_BYTES = 1 << 20;
/** What holds a history, the best first. */
const HISTORY_NAMES = ['history.jsonl', 'history.edn', 'history.txt', 'jepsen.log'] as const;
const RESULTS_NAME = 'results.edn';
/** `store/<test>/<time>`: a store is at most this far above. */
const STORE_DEPTH = 2;

/** @throws HarnessError `usage` when nothing is there to be read, and whatever the reader of the format throws */
export function readHistoryFile(path: string): HistoryFile {
  const isFolder = statInput(path).isDirectory();
  const file = isFolder ? historyIn(path) : path;
  const notes: string[] = [];
  if (isFolder && dirname(file) !== path.replace(/\/+$/, ''))
    notes.push(`${path}: ${file} was taken, the latest of them`);
  const { history, format, notes: presumed, torn } = readHistory(chunksOf(file), { fileName: file });
  notes.push(...presumed.map((note) => `${file}: ${note}`));
  if (torn !== undefined) notes.push(tornNote(file, torn));
  if (isFolder) notes.push(...resultsNotes(join(dirname(file), RESULTS_NAME)));
  return { file, history, format, notes };
}

/** The history in a folder, or in the latest of those in it. */
function historyIn(folder: string): string {
  for (let depth = 0, candidates = [folder]; depth <= STORE_DEPTH; depth++) {
    for (const candidate of candidates) {
      const name = HISTORY_NAMES.find((known) => isFile(join(candidate, known)));
      if (name !== undefined) return join(candidate, name);
    }
    candidates = candidates.flatMap(foldersIn);
    // Names are times: the latest first, whatever the test. `latest` and `current` are links to one of them.
    candidates.sort((a, b) => (basename(a) < basename(b) ? 1 : -1));
  }
  throw new HarnessError(
    'usage',
    `${folder} is a folder without a history: no ${HISTORY_NAMES.join(', ')} in it ` +
      '(of Jepsen’s stores history.edn and history.txt are read, .fressian and .jepsen files are not)',
  );
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** What those who recorded the history found, beside our verdict. */
function resultsNotes(path: string): readonly string[] {
  if (!isFile(path)) return [];
  const told = readResults(readFileSync(path));
  return [told === null ? `${path} could not be read` : `${path} says ${told}`];
}

/** A file in pieces: it may be longer than a string can be. */
function* chunksOf(path: string): Generator<Uint8Array, void, undefined> {
  const descriptor = openInput(path);
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = readSync(descriptor, buffer, 0, CHUNK_BYTES, null);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}

const statInput = (path: string) => inputError(path, () => statSync(path));
const openInput = (path: string) => inputError(path, () => openSync(path, 'r'));

/** One clear line when it is not there, or may not be read. */
function inputError<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? `${path} does not exist`
        : code === 'EACCES'
          ? `${path} may not be read: permission denied`
          : HarnessError.from(error).message;
    throw new HarnessError('usage', reason, { cause: error });
  }
}
