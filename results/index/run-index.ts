/**
 * All runs and sweeps below a folder, to be searched without opening them: a table in SQLite beside them.
 *
 *     const index = RunIndex.open('results');
 *     await index.refresh();                                   // reads what changed since the last time
 *     const { total, runs } = index.runs({ system: 'raft', verdict: 'invalid' }, { limit: 50 });
 *     index.close();
 *
 * Only directories whose `test.json` or `verdict.json` have another size or time are read; what is gone from the disk goes from the
 * index. Statements run at once, so one index is for one thread; several processes may share the file.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setImmediate as breathe } from 'node:timers/promises';
import { isOfValues, openDatabase } from './database.ts';
import { conditionOf, NEWEST_FIRST, type Order, orderOf, type RunFilter } from './queries.ts';
import { readRunRecord, unreadableRecord } from './read-run.ts';
import { readSweepSummary, type SweepSummary } from './read-sweep.ts';
import type { Failure, RunRecord } from './run-record.ts';
import { COLUMNS, recordOf, type Row, valuesOf } from './rows.ts';
import { type Found, walk } from './walk.ts';

/** Directories between two breaths of the process: some milliseconds of them. */
const BATCH = 64;
/** Filters can be combined in more ways than anybody does. */
const STATEMENTS_MAX = 200;

export interface Refreshed {
  readonly runs: number;
  readonly sweeps: number;
  /** Of both: read anew or for the first time, and gone. */
  readonly read: number;
  readonly removed: number;
}

export interface RunPage {
  /** Of all that match. */
  readonly total: number;
  readonly runs: readonly RunRecord[];
}

/** What can be asked for, each value that some run has. */
export interface Facets {
  readonly systems: readonly string[];
  readonly workloads: readonly string[];
  readonly clusters: readonly string[];
  readonly nemeses: readonly string[];
  readonly bugs: readonly string[];
}

export type RunPoint = Pick<
  RunRecord,
  'startedAt' | 'outcome' | 'answeredShare' | 'faultAnsweredShare' | 'p99Ms'
>;

export interface SignatureRow extends Failure {
  readonly runs: number;
  /** When the first and the last run with it began. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** Path of the run with the fewest operations. */
  readonly shortest: string;
}

export class RunIndex {
  readonly folder: string;
  /** Null in memory. */
  readonly file: string | null;
  /** For people: why it was made anew, or is not on the disk. */
  readonly note: string | null;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #refreshing: Promise<Refreshed> | null = null;
  /** Null since something changed. */
  #facets: Facets | null = null;
  #closed = false;

  private constructor(folder: string, isFresh: boolean) {
    const { database, file, note } = openDatabase(folder, isFresh);
    this.folder = folder;
    this.#database = database;
    this.file = file;
    this.note = note;
  }

  /** @param options - `isFresh`: forget what was known */
  static open(folder: string, { isFresh = false }: { readonly isFresh?: boolean } = {}): RunIndex {
    return new RunIndex(folder, isFresh);
  }

  /** Reads what changed on the disk. One at a time: who asks meanwhile gets the one that runs. */
  refresh(onProgress?: (looked: number) => void): Promise<Refreshed> {
    this.#refreshing ??= this.#refresh(onProgress).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #refresh(onProgress?: (looked: number) => void): Promise<Refreshed> {
    // Another process may have written.
    this.#facets = null;
    const gone = { run: this.#stamps('runs'), sweep: this.#stamps('sweeps') };
    const counts = { run: 0, sweep: 0, read: 0 };
    for (const batch of batches(walk(this.folder), BATCH)) {
      const changed = batch.filter(({ kind, path, stamp }) => {
        counts[kind]++;
        const known = gone[kind].get(path);
        gone[kind].delete(path);
        return known !== stamp;
      });
      if (changed.length > 0) this.#transaction(() => changed.forEach((found) => this.#take(found)));
      counts.read += changed.length;
      onProgress?.(counts.run + counts.sweep);
      await breathe();
      if (this.#closed) break;
    }
    if (!this.#closed && gone.run.size + gone.sweep.size > 0) {
      this.#transaction(() => {
        for (const path of gone.run.keys()) this.#run('DELETE FROM runs WHERE path = ?', path);
        for (const path of gone.sweep.keys()) this.#run('DELETE FROM sweeps WHERE path = ?', path);
      });
    }
    const removed = gone.run.size + gone.sweep.size;
    return { runs: counts.run, sweeps: counts.sweep, read: counts.read, removed };
  }

  #stamps(table: 'runs' | 'sweeps'): Map<string, string> {
    const rows = this.#all<{ path: string; stamp: string }>(`SELECT path, stamp FROM ${table}`);
    return new Map(rows.map(({ path, stamp }) => [path, stamp]));
  }

  #take({ kind, path, stamp, isRunning }: Found): void {
    if (kind === 'sweep') {
      const summary = JSON.stringify(readSweepSummary(this.folder, path));
      this.#run('INSERT OR REPLACE INTO sweeps VALUES (?, ?, ?)', path, stamp, summary);
      return;
    }
    try {
      this.#store(readRunRecord(this.folder, path, isRunning), stamp);
    } catch (error) {
      if (!isOfValues(error)) throw error;
      // One that cannot be kept keeps nothing else from being read.
      this.#store(unreadableRecord(path, error), stamp);
    }
  }

  #store(record: RunRecord, stamp: string): void {
    const { path } = record;
    const marks = COLUMNS.map(() => '?').join(', ');
    this.#run('DELETE FROM runs WHERE path = ?', path);
    this.#run(
      `INSERT INTO runs (stamp, ${COLUMNS.join(', ')}) VALUES (?, ${marks})`,
      stamp,
      ...valuesOf(record),
    );
    record.failures.forEach(({ signature, checker, anomaly, explanation }, place) =>
      this.#run(
        'INSERT INTO failures VALUES (?, ?, ?, ?, ?, ?)',
        ...[path, place, signature, checker, anomaly, explanation],
      ),
    );
  }

  /** @param page - runs are counted from 0 */
  runs(
    filter: RunFilter,
    page: { readonly order?: Order; readonly offset?: number; readonly limit: number },
  ): RunPage {
    const { order = NEWEST_FIRST, offset = 0, limit } = page;
    const { where, parameters } = conditionOf(filter);
    const [count] = this.#all<{ total: number }>(
      `SELECT count(*) AS total FROM runs WHERE ${where}`,
      ...parameters,
    );
    const rows = this.#all<Row>(
      `SELECT * FROM runs WHERE ${where} ORDER BY ${orderOf(order)} LIMIT ? OFFSET ?`,
      ...parameters,
      limit,
      offset,
    );
    return { total: count?.total ?? 0, runs: rows.map((row) => this.#withFailures(row)) };
  }

  run(path: string): RunRecord | null {
    const [row] = this.#all<Row>('SELECT * FROM runs WHERE path = ?', path);
    return row === undefined ? null : this.#withFailures(row);
  }

  /** The run of the same test that began last before it, whatever its seed. */
  previous({ path, system, workload, cluster, nemeses, bugs, startedAt }: RunRecord): RunRecord | null {
    const [row] = this.#all<Row>(
      `SELECT * FROM runs
       WHERE system = ? AND workload = ? AND cluster = ? AND nemeses = ? AND bugs = ? AND path <> ? AND started_at <= ?
       ORDER BY started_at DESC, path DESC LIMIT 1`,
      ...[system, workload, cluster, JSON.stringify(nemeses), JSON.stringify(bugs), path, startedAt],
    );
    return row === undefined ? null : this.#withFailures(row);
  }

  facets(): Facets {
    this.#facets ??= this.#readFacets();
    return this.#facets;
  }

  #readFacets(): Facets {
    const values = (sql: string): readonly string[] =>
      this.#all<{ value: string }>(sql).map(({ value }) => value);
    const column = (name: string): readonly string[] =>
      values(`SELECT DISTINCT ${name} AS value FROM runs WHERE ${name} <> '' ORDER BY 1`);
    const list = (name: string): readonly string[] =>
      values(`SELECT DISTINCT value FROM runs, json_each(runs.${name}) ORDER BY 1`);
    return {
      systems: column('system'),
      workloads: column('workload'),
      clusters: column('cluster'),
      nemeses: list('nemeses'),
      bugs: list('bugs'),
    };
  }

  /** Runs by what came of them. */
  outcomes(): Readonly<Record<string, number>> {
    const rows = this.#all<{ outcome: string; count: number }>(
      'SELECT outcome, count(*) AS count FROM runs GROUP BY outcome ORDER BY outcome',
    );
    return Object.fromEntries(rows.map(({ outcome, count }) => [outcome, count]));
  }

  /** All that match, for figures over time. */
  points(filter: RunFilter): readonly RunPoint[] {
    const { where, parameters } = conditionOf(filter);
    return this.#all<RunPoint>(
      `SELECT started_at AS startedAt, outcome, answered_share AS answeredShare, fault_answered_share AS faultAnsweredShare, p99_ms AS p99Ms
       FROM runs WHERE ${where}`,
      ...parameters,
    );
  }

  /** What the runs that match failed by, the most frequent first. */
  signatures(filter: RunFilter, limit: number): readonly SignatureRow[] {
    const { where, parameters } = conditionOf(filter);
    return this.#all<SignatureRow & Record<string, never>>(
      `SELECT f.signature, f.checker, f.anomaly, f.explanation, count(DISTINCT f.path) AS runs,
         min(runs.started_at) AS firstSeen, max(runs.started_at) AS lastSeen,
         (SELECT s.path FROM failures g JOIN runs s USING (path) WHERE g.signature = f.signature
          ORDER BY s.operations, s.path LIMIT 1) AS shortest
       FROM (SELECT * FROM runs WHERE ${where}) AS runs JOIN failures f USING (path)
       GROUP BY f.signature ORDER BY runs DESC, f.signature LIMIT ?`,
      ...parameters,
      limit,
    );
  }

  /** Newest first. */
  sweeps(): readonly SweepSummary[] {
    return this.#all<{ summary: string }>('SELECT summary FROM sweeps')
      .map(({ summary }) => JSON.parse(summary) as SweepSummary)
      .sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#database.close();
  }

  #withFailures(row: Row): RunRecord {
    const failures = this.#all<Failure & Record<string, never>>(
      'SELECT signature, checker, anomaly, explanation FROM failures WHERE path = ? ORDER BY place',
      row.path,
    );
    return recordOf(row, failures);
  }

  #transaction(action: () => void): void {
    this.#facets = null;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      action();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #run(sql: string, ...parameters: readonly SQLInputValue[]): void {
    this.#statement(sql).run(...parameters);
  }

  #all<T>(sql: string, ...parameters: readonly SQLInputValue[]): T[] {
    return this.#statement(sql).all(...parameters) as T[];
  }

  /** Texts of statements are few: what is asked for is never in them. */
  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    if (this.#statements.size > STATEMENTS_MAX) this.#statements.clear();
    this.#statements.set(sql, known);
    return known;
  }
}

function* batches<T>(values: Iterable<T>, size: number): Generator<readonly T[], void, undefined> {
  let batch: T[] = [];
  for (const value of values) {
    batch.push(value);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
