/**
 * Judges each key of a history alone, as Jepsen's `independent` does: for checkers of transactions, which have keys of
 * their own within a value, and know nothing of the one beside it.
 *
 *     {f: 'txn', key: 7, value: [['append', 'x', 1]]}
 *     {f: 'txn', key: 8, value: [['append', 'x', 1]]}   another x
 *
 *     independent(listAppend()).check({ history })      // one history of key 7, one of key 8
 *
 * A history without keys is judged as it is. A key of which nothing was acknowledged is left out; the statistics count
 * it. It is false when one key is, and then tells the findings of the first such keys.
 */
import { HarnessError } from '../../harness/errors.ts';
import { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { type Anomaly, type Checker, type CheckInput, combineValidity, type Verdict } from '../checker.ts';

/** Keys whose findings are told: each costs another check, in the place where its operations stand. */
const KEYS_TOLD_MAX = 10;

type Key = string | number | undefined;

export function independent(checker: Checker): Checker {
  return {
    name: checker.name,
    check: (input) => {
      const keys = input.history.byKey();
      return keys.size === 0 || (keys.size === 1 && keys.has(undefined))
        ? checker.check(input)
        : checkKeys(checker, input, keys);
    },
  };
}

function checkKeys(
  checker: Checker,
  input: CheckInput,
  keys: ReadonlyMap<Key, readonly Operation[]>,
): Verdict {
  const isOverdue = input.isOverdue ?? (() => false);
  const anomalies: Anomaly[] = [];
  const allowed: Anomaly[] = [];
  const verdicts = new Map<Key, Verdict>();
  let idle = 0;
  let overdue = 0;
  let told = 0;
  let done = 0;
  for (const [key, operations] of keys) {
    input.onProgress?.(done++ / keys.size);
    if (!operations.some(({ type }) => type === 'ok')) {
      idle++;
      continue;
    }
    if (isOverdue()) {
      overdue++;
      continue;
    }
    let verdict = judge(checker, input, key, operations);
    const hasFindings = verdict.anomalies.length > 0 || (verdict.allowed?.length ?? 0) > 0;
    if (hasFindings && told < KEYS_TOLD_MAX) {
      told++;
      // Now with the numbers that its operations have in the whole history.
      const inPlace = checker.check({ history: inItsPlace(operations, input.history), isOverdue });
      if (inPlace.valid === verdict.valid) verdict = inPlace;
      anomalies.push(...verdict.anomalies.map((anomaly) => ofKey(key, anomaly)));
      allowed.push(...(verdict.allowed ?? []).map((anomaly) => ofKey(key, anomaly)));
    }
    verdicts.set(key, verdict);
  }
  const validities = [...verdicts.values()].map(({ valid }) => valid);
  const valid = combineValidity([...validities, ...(overdue > 0 ? (['unknown'] as const) : [])]);
  const of = (validity: Verdict['valid']): Key[] =>
    [...verdicts].flatMap(([key, verdict]) => (verdict.valid === validity ? [key] : []));
  return {
    checker: checker.name,
    valid,
    anomalies,
    ...(allowed.length === 0 ? {} : { allowed }),
    ...(valid === 'unknown' ? { reason: reasonOf(verdicts, overdue, idle) } : {}),
    statistics: {
      independentKeys: keys.size,
      valid: of(true).length,
      invalid: of(false).length,
      unknown: of('unknown').length + overdue,
      nothingAcknowledged: idle,
      invalidKeys: of(false).slice(0, KEYS_TOLD_MAX).map(nameOf),
    },
  };
}

/** @throws HarnessError that names the operation as it is numbered in the whole history */
function judge(checker: Checker, input: CheckInput, key: Key, operations: readonly Operation[]): Verdict {
  const limits = input.isOverdue === undefined ? {} : { isOverdue: input.isOverdue };
  try {
    return checker.check({ history: onItsOwn(operations), ...limits });
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    try {
      return checker.check({ history: inItsPlace(operations, input.history), ...limits });
    } catch (inPlace) {
      const { code, message } = HarnessError.from(inPlace);
      throw new HarnessError(code, `key ${nameOf(key)}: ${message}`, { cause: inPlace });
    }
  }
}

/** Numbered from 0: as long as it is, whatever else there was. */
function onItsOwn(operations: readonly Operation[]): History {
  return new History(operations.map((operation, index) => ({ ...operation, index })));
}

/** As long as the whole, with something that is no client's in the place of all other operations. */
function inItsPlace(operations: readonly Operation[], { operations: whole }: History): History {
  const filled: Operation[] = [];
  let next = 0;
  let fillers = 0;
  for (const { index, time } of whole) {
    const own = operations[next];
    if (own?.index === index) {
      filled.push(own);
      next++;
    } else {
      const type = fillers++ % 2 === 0 ? 'invoke' : 'info';
      filled.push({ index, time, process: 'nemesis', type, f: 'elsewhere', value: null });
    }
  }
  return new History(filled);
}

const nameOf = (key: Key): string => (key === undefined ? '(none)' : JSON.stringify(key));

function ofKey(key: Key, anomaly: Anomaly): Anomaly {
  return { ...anomaly, explanation: `Key ${nameOf(key)}: ${anomaly.explanation}` };
}

function reasonOf(verdicts: ReadonlyMap<Key, Verdict>, overdue: number, idle: number): string {
  const reasons: string[] = [];
  const unknown = [...verdicts].filter(([, { valid }]) => valid === 'unknown');
  const [first] = unknown;
  if (first !== undefined) {
    const [key, { reason = 'undecided' }] = first;
    reasons.push(`${unknown.length} of ${verdicts.size} keys are undecided, first ${nameOf(key)}: ${reason}`);
  }
  if (overdue > 0) reasons.push(`the time budget was used up before ${overdue} keys: allow more time`);
  if (reasons.length === 0) reasons.push(`nothing was acknowledged of any of ${idle} keys`);
  return reasons.join('; ');
}
