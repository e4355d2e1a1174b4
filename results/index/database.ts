/**
 * The file of the index: `shaketable-index.sqlite` in the results folder. It holds nothing that is not in the run directories, so what is
 * broken, foreign or of another release is made anew, and where nothing can be written it lives in memory.
 */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../harness/errors.ts';

export const INDEX_FILE = 'shaketable-index.sqlite';
/** `shak` */
const APPLICATION_ID = 0x7368_616b;
/** Another one makes every index anew: there is nothing to migrate. */
const SCHEMA_VERSION = 2;
/** Another process may be writing: `shaketable index` beside `shaketable serve`. */
const BUSY_TIMEOUT_MS = 10_000;

const SCHEMA = `
CREATE TABLE runs (
  path TEXT PRIMARY KEY,
  stamp TEXT NOT NULL,
  outcome TEXT NOT NULL,
  system TEXT NOT NULL,
  workload TEXT NOT NULL,
  cluster TEXT NOT NULL,
  nemeses TEXT NOT NULL,
  bugs TEXT NOT NULL,
  seed INTEGER,
  started_at TEXT NOT NULL,
  revision TEXT,
  command TEXT NOT NULL,
  operations INTEGER,
  ok INTEGER,
  fail INTEGER,
  info INTEGER,
  sentence TEXT,
  answered_share REAL,
  fault_answered_share REAL,
  p50_ms REAL,
  p99_ms REAL,
  max_ms REAL,
  gap_ms REAL,
  duration_s REAL
) STRICT;
CREATE INDEX runs_started ON runs (started_at);
CREATE TABLE failures (
  path TEXT NOT NULL REFERENCES runs (path) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  signature TEXT NOT NULL,
  checker TEXT NOT NULL,
  anomaly TEXT NOT NULL,
  explanation TEXT NOT NULL,
  PRIMARY KEY (path, place)
) STRICT;
CREATE INDEX failures_signature ON failures (signature);
CREATE TABLE sweeps (
  path TEXT PRIMARY KEY,
  stamp TEXT NOT NULL,
  summary TEXT NOT NULL
) STRICT;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};`;

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** Null in memory. */
  readonly file: string | null;
  /** For people: why it was made anew, or is not on the disk. */
  readonly note: string | null;
}

/** @param isFresh - forget what an index knew */
export function openDatabase(folder: string, isFresh = false): OpenedDatabase {
  const file = join(folder, INDEX_FILE);
  let note: string | null = null;
  try {
    const known = statSync(file, { throwIfNoEntry: false }) === undefined ? null : openKnown(file);
    if (known instanceof DatabaseSync) {
      // Not the file itself: others may have it open.
      if (isFresh) known.exec('DELETE FROM runs; DELETE FROM sweeps');
      return { database: known, file, note };
    }
    if (known !== null) {
      note = `${file} is made anew: ${known}`;
      remove(file);
    }
    return { database: create(file), file, note };
  } catch (error) {
    note = `the index is kept in memory, and made anew the next time: ${file}: ${messageOf(error)}`;
    return { database: create(':memory:'), file: null, note };
  }
}

/** @returns why it cannot be taken, where it cannot */
function openKnown(file: string): DatabaseSync | string {
  let database: DatabaseSync | null = null;
  try {
    database = connect(file);
    const version = valueOf(database, 'user_version');
    if (valueOf(database, 'application_id') !== APPLICATION_ID)
      return closed(database, 'it is no index of Shaketable');
    if (version !== SCHEMA_VERSION) {
      return closed(database, `it has version ${String(version)}, and this release reads ${SCHEMA_VERSION}`);
    }
    if (valueOf(database, 'quick_check') !== 'ok') return closed(database, 'it is damaged');
    // A file that cannot be written cannot be kept up to date.
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return database;
  } catch (error) {
    database?.close();
    if (isUnwritable(error)) throw error;
    return messageOf(error);
  }
}

function closed(database: DatabaseSync, reason: string): string {
  database.close();
  return reason;
}

function create(file: string): DatabaseSync {
  const database = connect(file);
  try {
    database.exec(`BEGIN IMMEDIATE;${SCHEMA}COMMIT;`);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function connect(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    // The disk may lose it: it is made of what is there.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON;');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function valueOf(database: DatabaseSync, pragma: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0];
}

/** SQLite's codes: busy, locked, read-only, full, cannot open. */
function isUnwritable(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && [5, 6, 8, 13, 14].includes(errcode & 0xff);
}

/** SQLite's codes: too big, constraint, mismatch. What was to be stored is at fault, and not the file. */
export function isOfValues(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && [18, 19, 20].includes(errcode & 0xff);
}

function remove(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
}
