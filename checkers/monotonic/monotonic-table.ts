/**
 * Judges a table into which each client puts a value greater than all that it found there (CockroachDB's test): a last read
 * of all rows, in the order of their timestamps, shows in which order that happened. A table for each key.
 *
 *     add → {val: 1, sts: 10, process: 0} · add → {val: 2, sts: 12, process: 1}
 *     read → [{val: 1, sts: 10, …}, {val: 2, sts: 12, …}]: fine · with the values 2, 1 in that order: reordered
 *
 * Rows are maps: `val`, and where the system tells them `sts` (its timestamp), `process` (or `proc`), `node`, `tb`.
 *
 * Anomalies: `order-by-error` (timestamps decrease in the read), `value-reorder` (values do not grow along
 * the read; with `scope: 'process'` only those of one process count), `duplicate-value`, `lost-add`
 * (acknowledged before the read was invoked, and not in it), `revived-add` (it failed, and is in it), `malformed-read`. The
 * statistics count reorders by process, node and table, and what was recovered of unknown outcome.
 */
import { findingChecker } from '../findings/finding-checker.ts';
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import type { Findings } from '../findings/findings.ts';
import { indexesOf, isArray, isMap, type Key, nameOf, show } from '../findings/findings.ts';
import type { Pace } from '../findings/pace.ts';
import { compareOrdered, isOrdered, type Ordered } from './observations.ts';

const NAME = 'monotonic-table';

export interface MonotonicTableOptions {
  /** Whether the values of all rows must grow along the read (default), or only those of each process by itself. */
  readonly scope?: 'process' | 'global';
}

interface Row {
  readonly val: Ordered;
  readonly sts: Ordered | undefined;
  readonly by: { readonly process: Json; readonly node: Json; readonly table: Json };
}

interface Table {
  readonly name: string;
  /** Their completions. */
  readonly adds: Operation[];
  /** Some add may have happened, with a value that nobody knows. */
  inDoubt: boolean;
  lastRead: { readonly completion: Operation; readonly rows: readonly Row[] } | undefined;
}

const newCounts = () => ({
  adds: 0,
  rows: 0,
  recovered: 0,
  reordersByProcess: 0,
  reordersByNode: 0,
  reordersByTable: 0,
});

export function monotonicTable({ scope = 'global' }: MonotonicTableOptions = {}): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const tables = collectTables(history, findings, pace);
    const counts = newCounts();
    let read = 0;
    for (const table of tables.values()) {
      // Of a part of the history the last read is not the last.
      if (pace.isOverdue) break;
      if (table.lastRead === undefined) continue;
      read++;
      pace.spend(table.adds.length + table.lastRead.rows.length);
      judgeOrder(history, table, scope, counts, findings);
      judgeAdds(history, table, counts, findings);
    }
    const vacuous =
      read === 0
        ? 'the table was never read: end the run with a read of all rows'
        : counts.rows === 0
          ? 'the last read has no rows, and none was acknowledged before: run longer, or with fewer faults'
          : undefined;
    return {
      statistics: { scope, tables: tables.size, ...counts },
      unknownBecause: vacuous,
    };
  });
}

function collectTables(history: History, findings: Findings, pace: Pace): ReadonlyMap<Key, Table> {
  const tables = new Map<Key, Table>();
  for (const operation of history.operations) {
    if (operation.process === 'nemesis') continue;
    if (pace.spend(1)) break;
    const { index, type, f } = operation;
    if (f !== 'add' && f !== 'read') {
      throw new HarnessError(
        'bad-history',
        `operation ${index}: a table of growing values has add and read, no ${f}`,
      );
    }
    const key = type === 'invoke' ? operation.key : history.invocationOf(index)?.key;
    let table = tables.get(key);
    if (table === undefined) {
      table = { name: nameOf(key, 'the table'), adds: [], inDoubt: false, lastRead: undefined };
      tables.set(key, table);
    }
    if (f === 'add') {
      const isOpen = type === 'invoke' && history.completionOf(index) === undefined;
      if (isOpen || (type === 'info' && rowOf(operation.value) === undefined)) table.inDoubt = true;
      if (type !== 'invoke') table.adds.push(operation);
    } else if (type === 'ok') {
      const rows = rowsOf(operation.value);
      if (rows !== undefined) table.lastRead = { completion: operation, rows };
      else {
        const { name } = table;
        findings.add('malformed-read', () => ({
          explanation: `The read of ${name} in operation ${index} returned ${show(operation.value)}, which are no rows.`,
          operations: indexesOf(history.invocationOf(index), operation),
        }));
      }
    }
  }
  return tables;
}

function rowsOf(value: Json): readonly Row[] | undefined {
  if (!isArray(value)) return undefined;
  const rows: Row[] = [];
  for (const map of value) {
    const row = rowOf(map);
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return rows;
}

function rowOf(map: Json): Row | undefined {
  if (isOrdered(map)) return { val: map, sts: undefined, by: { process: null, node: null, table: null } };
  if (!isMap(map) || !isOrdered(map['val'])) return undefined;
  const { val, sts, process, proc, node, tb } = map;
  const by = { process: process ?? proc ?? null, node: node ?? null, table: tb ?? null };
  return { val: val, sts: isOrdered(sts) ? sts : undefined, by };
}

const byTimestamp = ({ sts }: Row): string => (sts === undefined ? '' : ', in the order of timestamps');

function judgeOrder(
  history: History,
  { name, lastRead }: Table,
  scope: 'process' | 'global',
  counts: ReturnType<typeof newCounts>,
  findings: Findings,
): void {
  const { completion, rows } = lastRead as NonNullable<Table['lastRead']>;
  const operations = indexesOf(history.invocationOf(completion.index), completion);
  const where = `Operation ${completion.index} read ${name} with`;
  const lastBy = { process: new Map<Json, Row>(), node: new Map<Json, Row>(), table: new Map<Json, Row>() };
  const seen = new Set<string>();
  let before: Row | undefined;
  counts.rows += rows.length;
  for (const row of rows) {
    const id = `${typeof row.val}/${row.val}`;
    if (seen.has(id)) {
      findings.add('duplicate-value', () => ({
        explanation: `${where} the value ${row.val} in two rows.`,
        operations,
      }));
    }
    seen.add(id);
    if (before !== undefined) {
      const { val, sts } = before;
      if (sts !== undefined && row.sts !== undefined && compareOrdered(sts, row.sts) > 0) {
        findings.add('order-by-error', () => ({
          explanation: `${where} the timestamp ${show(sts)} of ${val} before ${show(row.sts)} of ${row.val}.`,
          operations,
        }));
      }
      if (scope === 'global' && compareOrdered(val, row.val) >= 0) {
        findings.add('value-reorder', () => ({
          explanation: `${where} the value ${val} in a row before ${row.val}${byTimestamp(row)}.`,
          operations,
        }));
      }
    }
    before = row;
    const isReorder = (kind: 'process' | 'node' | 'table'): boolean => {
      if (row.by[kind] === null) return false;
      const last = lastBy[kind].get(row.by[kind]);
      lastBy[kind].set(row.by[kind], row);
      return last !== undefined && compareOrdered(last.val, row.val) >= 0;
    };
    if (isReorder('node')) counts.reordersByNode++;
    if (isReorder('table')) counts.reordersByTable++;
    const last = lastBy.process.get(row.by.process);
    if (isReorder('process')) {
      counts.reordersByProcess++;
      if (scope === 'global') continue;
      findings.add('value-reorder', () => ({
        explanation: `${where} the value ${last?.val ?? ''} of process ${show(row.by.process)} in a row before its ${row.val}${byTimestamp(row)}.`,
        operations,
      }));
    }
  }
}

/** Which rows are there that must, and which that must not. */
function judgeAdds(
  history: History,
  { name, adds, inDoubt, lastRead }: Table,
  counts: ReturnType<typeof newCounts>,
  findings: Findings,
): void {
  const { completion, rows } = lastRead as NonNullable<Table['lastRead']>;
  const invocation = history.invocationOf(completion.index);
  const present = new Set<Ordered>(rows.map(({ val }) => val));
  // A value that failed once may have been given to another.
  const possible = new Set<Ordered>();
  for (const add of adds) {
    const value = rowOf(add.value)?.val;
    if (add.type !== 'fail' && value !== undefined) possible.add(value);
  }
  for (const add of adds) {
    counts.adds++;
    const value = rowOf(add.value)?.val;
    if (value === undefined) continue;
    const operations = indexesOf(history.invocationOf(add.index), add, invocation, completion);
    if (add.type === 'info' && present.has(value)) counts.recovered++;
    if (add.type === 'fail' && present.has(value) && !possible.has(value) && !inDoubt) {
      findings.add('revived-add', () => ({
        explanation: `Operation ${completion.index} read ${name} with ${value}, though its add failed in operation ${add.index}.`,
        operations,
      }));
    }
    if (add.type === 'ok' && !present.has(value) && add.index < (invocation?.index ?? 0)) {
      findings.add('lost-add', () => ({
        explanation: `The add of ${value} to ${name} was acknowledged in operation ${add.index}, but operation ${completion.index}, the last read, does not have it.`,
        operations,
      }));
    }
  }
}
