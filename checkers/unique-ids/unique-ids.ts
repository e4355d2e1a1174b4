/**
 * Judges a generator of ids: no two answers of `generate` are equal, key by key.
 *
 *     generate → 7 · generate → 8 · generate → 7: a duplicate
 *
 * It says nothing of gaps or of order. Numbers beyond 2⁵³ were rounded by whoever read them as numbers: whether they are equal
 * cannot be told, and the verdict is unknown if that matters. The statistics give the range where all ids are numbers, or all are texts.
 *
 * Anomalies: `duplicate-id`, `malformed-id` (null: an answer without an id).
 */
import { findingChecker } from '../findings/finding-checker.ts';
import { HarnessError } from '../../harness/errors.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import type { Findings } from '../findings/findings.ts';
import { indexesOf, type Key, nameOf, show } from '../findings/findings.ts';
import { ValueTable } from '../findings/value-table.ts';

const NAME = 'unique-ids';
const INDEXES_TOLD_MAX = 50;

/** By the id's number: where it came first; of ids that came again, where. */
class Ids {
  readonly table = new ValueTable();
  readonly firstAt: number[] = [];
  readonly again = new Map<number, number[]>();
}

export function uniqueIds(): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const range = new Range();
    const generators = new Map<Key, Ids>();
    let attempted = 0;
    let acknowledged = 0;
    for (const operation of history.operations) {
      if (operation.process === 'nemesis') continue;
      if (pace.spend(1)) break;
      const { index, type, f, value } = operation;
      if (f !== 'generate') {
        throw new HarnessError('bad-history', `operation ${index}: ids have generate, no ${f}`);
      }
      if (type === 'invoke') attempted++;
      if (type !== 'ok') continue;
      acknowledged++;
      if (value === null) {
        findings.add('malformed-id', () => ({
          explanation: `Operation ${index} was answered without an id.`,
          operations: indexesOf(history.invocationOf(index), operation),
        }));
        continue;
      }
      range.add(value);
      const key = operation.key ?? history.invocationOf(index)?.key;
      let ids = generators.get(key);
      if (ids === undefined) generators.set(key, (ids = new Ids()));
      const id = ids.table.idOf(value);
      if (id === ids.firstAt.length) ids.firstAt.push(index);
      else if (!ids.again.get(id)?.push(index)) ids.again.set(id, [index]);
    }
    const { duplicated, rounded } = reportDuplicates(findings, generators, history.operations);
    const vacuous = 'no id was ever generated, so nothing was judged: run longer, or with fewer faults';
    return {
      statistics: { attempted, acknowledged, duplicated, rounded, range: range.bounds },
      unknownBecause:
        acknowledged === 0
          ? vacuous
          : rounded > 0
            ? 'ids beyond 2⁵³ are equal as rounded numbers, and may differ: record them as texts'
            : undefined,
    };
  });
}

/** The most frequent first. */
function reportDuplicates(
  findings: Findings,
  generators: ReadonlyMap<Key, Ids>,
  operations: readonly Operation[],
): { readonly duplicated: number; readonly rounded: number } {
  const equal = [...generators].flatMap(([key, ids]) =>
    [...ids.again].map(([id, again]) => ({ key, ids, id, again })),
  );
  const isRounded = (id: Json): boolean => Number.isInteger(id) && !Number.isSafeInteger(id);
  const duplicates = equal.filter(({ ids, id }) => !isRounded(ids.table.valueOf(id)));
  duplicates.sort((a, b) => b.again.length - a.again.length || (a.again[0] ?? 0) - (b.again[0] ?? 0));
  for (const { key, ids, id, again } of duplicates) {
    findings.add('duplicate-id', () => {
      const all = [ids.firstAt[id] as number, ...again];
      const of = key === undefined ? '' : ` of ${nameOf(key, '')}`;
      const told = all.slice(0, INDEXES_TOLD_MAX);
      return {
        explanation: `The id ${show(ids.table.valueOf(id))}${of} was given ${all.length} times: in operations ${told.slice(0, 5).join(', ')}${all.length > 5 ? ', …' : ''}.`,
        operations: indexesOf(...told.map((index) => operations[index])),
      };
    });
  }
  return { duplicated: duplicates.length, rounded: equal.length - duplicates.length };
}

/** Null where ids are of two kinds, or of one that has no order. */
class Range {
  #kind: string | undefined;
  #lowest: Json = null;
  #highest: Json = null;

  add(id: Json): void {
    const kind = typeof id;
    if (this.#kind === undefined && (kind === 'number' || kind === 'string')) {
      this.#kind = kind;
      this.#lowest = this.#highest = id;
    } else if (kind !== this.#kind) {
      this.#kind = 'mixed';
    } else if ((id as string) < (this.#lowest as string)) {
      this.#lowest = id;
    } else if ((id as string) > (this.#highest as string)) {
      this.#highest = id;
    }
  }

  get bounds(): Json {
    return this.#kind === 'number' || this.#kind === 'string' ? [this.#lowest, this.#highest] : null;
  }
}
