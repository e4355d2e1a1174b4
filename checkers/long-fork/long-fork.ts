/**
 * Judges transactions that write one key once, and transactions that read a group of keys: the reads of a group must
 * be totally ordered by what they saw. After `jepsen.tests.long-fork`; snapshot isolation forbids the fork, parallel
 * snapshot isolation does not.
 *
 *     write x · write y · read x, y → 1, null · read x, y → 1, 1      is fine
 *     write x · write y · read x, y → 1, null · read x, y → null, 1   long-fork: x before y, and y before x
 *
 * A transaction's value is a list of ["w", key, value] or ["r", key, value or null]. Every key is written at most once,
 * so what a read saw is a set of keys; sets are ordered when, sorted by size, each contains the one before. Reads of
 * different groups are not compared, nor those that saw what cannot be there. A history that writes a key twice is unknown.
 *
 * Anomalies: `long-fork`; `garbage-read` (a value that nobody wrote to the key), `G1a` (its write failed), `future-read`
 * (it was written only later).
 */
import { HarnessError } from '../../harness/errors.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Anomaly, Checker, CheckInput, Verdict } from '../checker.ts';
import { Findings, show } from '../findings/findings.ts';
import type { Finding } from '../findings/findings.ts';
import { Pace } from '../findings/pace.ts';
import { canonicalJson } from '../linearizability/model.ts';

const NAME = 'long-fork';

export interface LongForkOptions {
  /** Every read must be of so many keys. By default any number is taken. */
  readonly groupSize?: number;
}

interface Write {
  readonly key: string;
  readonly value: string;
  readonly invocation: Operation;
  readonly failed: boolean;
}

interface GroupRead {
  readonly invocation: Operation;
  readonly completion: Operation;
  /** For each key of the group, whether its write was seen. */
  readonly saw: readonly boolean[];
  readonly seen: number;
}

interface Group {
  readonly keys: readonly string[];
  readonly reads: GroupRead[];
}

type MicroOperation = readonly [f: 'r' | 'w', key: string, value: Json];

export function longFork({ groupSize }: LongForkOptions = {}): Checker {
  return { name: NAME, check: (input) => judge(input, groupSize) };
}

function judge(input: CheckInput, groupSize: number | undefined): Verdict {
  const { history } = input;
  const pace = new Pace(input, 2 * history.length);
  const groups = new Map<string, Group>();
  const writes = new Map<string, Write>();
  const reads: { invocation: Operation; completion: Operation; values: Map<string, Json> }[] = [];
  for (const { invocation, completion } of history.pairs()) {
    if (pace.spend(2)) break;
    const transaction = microOperations(invocation);
    const [first] = transaction;
    if (transaction.length === 1 && first?.[0] === 'w') {
      const [, key, value] = first;
      if (value === null)
        refuse(invocation, `writes null to ${key}, which is what a read of nothing returns`);
      const known = writes.get(key);
      if (known !== undefined) return writtenTwice(key, known.invocation, invocation);
      writes.set(key, {
        key,
        value: canonicalJson(value),
        invocation,
        failed: completion?.type === 'fail',
      });
    } else if (transaction.every(([f]) => f === 'r')) {
      if (completion?.type !== 'ok') continue;
      const answered = microOperations(completion);
      const values = new Map(answered.map(([, key, value]) => [key, value]));
      if (values.size !== answered.length) refuse(completion, 'reads a key more than once');
      if (groupSize !== undefined && values.size !== groupSize) {
        refuse(completion, `reads ${values.size} keys where groups have ${groupSize}`);
      }
      reads.push({ invocation, completion, values });
    } else {
      refuse(invocation, 'is neither a single write nor all reads');
    }
  }

  const findings = new Findings();
  let early = 0;
  let late = 0;
  for (const { invocation, completion, values } of reads) {
    // Without all the writes, what was read may seem to be garbage.
    if (pace.spend(values.size)) break;
    const keys = [...values.keys()].sort();
    const name = JSON.stringify(keys);
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = { keys, reads: [] }));
    let isPossible = true;
    const saw = keys.map((key) => {
      const value = values.get(key) ?? null;
      if (value === null) return false;
      const anomaly = judgeValue(key, value, writes.get(key), completion);
      if (anomaly !== null) findings.add(anomaly.name, () => anomaly);
      isPossible &&= anomaly === null;
      return true;
    });
    // Of a value that nobody wrote it is not known which writes it stands for.
    if (!isPossible) continue;
    const seen = saw.filter(Boolean).length;
    if (seen === 0) early++;
    else if (seen === keys.length) late++;
    group.reads.push({ invocation, completion, saw, seen });
  }
  let compared = 0;
  for (const group of groups.values()) {
    const partial = group.reads.filter(({ seen }) => seen > 0 && seen < group.keys.length);
    if (partial.length > 1) compared++;
    tellForks({ keys: group.keys, reads: partial }, writes, findings);
  }

  return findings.conclude(NAME, {
    statistics: {
      writes: writes.size,
      reads: reads.length,
      groups: groups.size,
      comparedGroups: compared,
      earlyReads: early,
      lateReads: late,
    },
    unknownBecause:
      pace.reason ??
      (compared === 0
        ? 'of no group two reads saw a part, so no order was judged: run longer, or with reads nearer to the writes'
        : undefined),
  });
}

function writtenTwice(key: string, first: Operation, second: Operation): Verdict {
  const reason =
    `key ${key} is written by operations ${first.index} and ${second.index}, and this checker needs one write a key: ` +
    `check the history as rw-register`;
  return { checker: NAME, valid: 'unknown', reason, anomalies: [] };
}

/** Null when the value is the one that was written. */
function judgeValue(
  key: string,
  value: Json,
  write: Write | undefined,
  completion: Operation,
): Anomaly | null {
  const told = `Operation ${completion.index} read ${show(value)} from key ${key}, `;
  if (write === undefined || write.value !== canonicalJson(value)) {
    return {
      name: 'garbage-read',
      explanation: `${told}which nobody wrote.`,
      operations: [completion.index],
    };
  }
  if (!write.failed && write.invocation.index > completion.index) {
    return {
      name: 'future-read',
      explanation: `${told}but it was written only later, by operation ${write.invocation.index}.`,
      operations: [completion.index, write.invocation.index],
    };
  }
  if (!write.failed) return null;
  return {
    name: 'G1a',
    explanation: `${told}but its write (operation ${write.invocation.index}) failed.`,
    operations: [write.invocation.index, completion.index].sort((a, b) => a - b),
  };
}

function tellForks({ keys, reads }: Group, writes: ReadonlyMap<string, Write>, findings: Findings): void {
  const bySize = [...reads].sort((a, b) => a.seen - b.seen || a.completion.index - b.completion.index);
  for (let i = 1; i < bySize.length; i++) {
    const smaller = bySize[i - 1] as GroupRead;
    const larger = bySize[i] as GroupRead;
    const onlySmaller = keys.find((_, k) => smaller.saw[k] === true && larger.saw[k] === false);
    const onlyLarger = keys.find((_, k) => larger.saw[k] === true && smaller.saw[k] === false);
    if (onlySmaller !== undefined && onlyLarger !== undefined) {
      findings.add('long-fork', () =>
        tell(smaller, larger, writes.get(onlySmaller) as Write, writes.get(onlyLarger) as Write),
      );
    }
  }
}

function tell(one: GroupRead, other: GroupRead, x: Write, y: Write): Finding {
  const [r1, r2] = [one.completion.index, other.completion.index];
  const [w1, w2] = [x.invocation.index, y.invocation.index];
  return {
    explanation:
      `Operation ${r1} saw the write of ${x.key} (operation ${w1}) but not that of ${y.key} (operation ${w2}), so ${x.key} was ` +
      `written first; operation ${r2} saw the write of ${y.key} but not that of ${x.key}, so ${y.key} was written first.`,
    operations: [w1, w2, one.invocation.index, r1, other.invocation.index, r2].sort((a, b) => a - b),
    evidence: { keys: [x.key, y.key] },
    picture: {
      kind: 'graph',
      nodes: [
        { label: `write ${x.key}`, operation: w1 },
        { label: 'read', operation: one.invocation.index },
        { label: `write ${y.key}`, operation: w2 },
        { label: 'read', operation: other.invocation.index },
      ],
      edges: [
        { from: 0, to: 1, label: `wr ${x.key}` },
        { from: 1, to: 2, label: `rw ${y.key}` },
        { from: 2, to: 3, label: `wr ${y.key}` },
        { from: 3, to: 0, label: `rw ${x.key}` },
      ],
    },
  };
}

function microOperations(operation: Operation): readonly MicroOperation[] {
  const { value } = operation;
  if (!isArray(value)) return refuse(operation, 'has no list of ["r" or "w", key, value]');
  return value.map((entry): MicroOperation => {
    const [f, key, seen] = isArray(entry) ? entry : [];
    if ((f !== 'r' && f !== 'w') || key === undefined) {
      return refuse(operation, `has ${show(entry)}, which is no ["r" or "w", key, value]`);
    }
    return [f, typeof key === 'string' ? key : canonicalJson(key), seen ?? null];
  });
}

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

function refuse(operation: Operation, what: string): never {
  throw new HarnessError('bad-history', `operation ${operation.index}: the transaction ${what}`);
}
