/**
 * Judges blind inserts of unique values (`write`) and reads of all of them (`read`, a list), key by key: who sees a write
 * sees every write that was acknowledged before that one was invoked. After `jepsen.tests.causal-reverse`; strict
 * serializability forbids the reversal, serializability does not.
 *
 *     write 1 ok · then write 2 · read → [], [1] or [1, 2] is fine
 *     write 1 ok · then write 2 · read → [2]               causal-reverse: 2 is visible without 1
 *
 * A read that is merely old is fine: when it began is not looked at. A value that is written twice counts as begun with
 * the first write and acknowledged with the first acknowledgement. A read of null saw nothing.
 *
 * Anomalies: `causal-reverse`; `garbage-read` (a value that nobody wrote), `G1a` (its write failed), `future-read` (it was
 * written only later); `malformed-read`.
 */
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { HarnessError } from '../../harness/errors.ts';
import type { Checker, CheckInput, Verdict } from '../checker.ts';
import { Findings, isArray, show } from '../findings/findings.ts';
import type { Finding } from '../findings/findings.ts';
import { Pace } from '../findings/pace.ts';
import { canonicalJson } from '../linearizability/model.ts';

const NAME = 'causal-reverse';

/** Missing values that the evidence names. */
const MAX_MISSING = 10;

interface Write {
  readonly value: Json;
  readonly key: Operation['key'];
  /** The first invocation that did not fail; the last that did when all failed. */
  invoked: Operation;
  acknowledged: Operation | undefined;
  failed: boolean;
}

interface Register {
  readonly writes: Map<string, Write>;
  readonly reads: Operation[];
}

export function causalReverse(): Checker {
  return { name: NAME, check: judge };
}

function judge(input: CheckInput): Verdict {
  const registers = collect(input.history);
  let work = input.history.length;
  for (const { reads } of registers.values()) {
    for (const { value } of reads) if (isArray(value)) work += value.length;
  }
  const pace = new Pace(input, work);
  const findings = new Findings();
  let reads = 0;
  let ordered = 0;
  for (const register of registers.values()) {
    const acknowledged = [...register.writes.values()]
      .filter((write) => write.acknowledged !== undefined)
      .sort((a, b) => acknowledgedAt(a) - acknowledgedAt(b));
    for (const read of register.reads) {
      if (pace.spend(1)) break;
      reads++;
      if (judgeRead(register, acknowledged, read, findings, pace)) ordered++;
    }
  }
  return findings.conclude(NAME, {
    statistics: { keys: registers.size, reads, readsWithAnOrder: ordered },
    unknownBecause:
      pace.reason ??
      (ordered === 0
        ? 'no read saw a write that began after another had been acknowledged, so nothing was judged: run longer, with more reads'
        : undefined),
  });
}

const acknowledgedAt = ({ acknowledged }: Write): number => acknowledged?.index ?? Infinity;

function collect(history: History): ReadonlyMap<Operation['key'], Register> {
  const registers = new Map<Operation['key'], Register>();
  for (const { invocation, completion } of history.pairs()) {
    const { key, value, f, index } = invocation;
    let register = registers.get(key);
    if (register === undefined) registers.set(key, (register = { writes: new Map(), reads: [] }));
    if (f === 'read') {
      if (completion?.type === 'ok') register.reads.push(completion);
    } else if (f === 'write') {
      noteWrite(register.writes, invocation, completion, value);
    } else {
      throw new HarnessError('bad-history', `operation ${index}: there is read and write here, no ${f}`);
    }
  }
  return registers;
}

function noteWrite(
  writes: Map<string, Write>,
  invocation: Operation,
  completion: Operation | undefined,
  value: Json,
): void {
  const id = canonicalJson(value);
  const failed = completion?.type === 'fail';
  let write = writes.get(id);
  if (write === undefined) {
    write = { value, key: invocation.key, invoked: invocation, acknowledged: undefined, failed };
    writes.set(id, write);
  } else if (write.failed) {
    write.invoked = invocation;
    write.failed = failed;
  }
  if (completion?.type === 'ok' && completion.index < acknowledgedAt(write)) write.acknowledged = completion;
}

/** Whether the read saw a write that had to come after another. */
function judgeRead(
  { writes }: Register,
  acknowledged: readonly Write[],
  read: Operation,
  findings: Findings,
  pace: Pace,
): boolean {
  const values = read.value ?? [];
  if (!isArray(values)) {
    const shown = show(values);
    findings.add('malformed-read', () => ({
      explanation: `Operation ${read.index} read ${shown}, which is no list of values.`,
      operations: [read.index],
    }));
    return false;
  }
  const seen = new Set<Write>();
  for (const value of values) {
    if (pace.spend(1)) return false;
    const write = writes.get(canonicalJson(value));
    const told = () => `Operation ${read.index} read ${show(value)}, `;
    if (write === undefined) {
      findings.add('garbage-read', () => ({
        explanation: `${told()}which nobody wrote.`,
        operations: [read.index],
      }));
    } else if (write.failed) {
      const operations = [write.invoked.index, read.index].sort((a, b) => a - b);
      const by = `its write (operation ${write.invoked.index}) failed`;
      findings.add('G1a', () => ({ explanation: `${told()}but ${by}.`, operations }));
    } else if (write.invoked.index > read.index) {
      const by = `operation ${write.invoked.index} wrote it only later`;
      const operations = [read.index, write.invoked.index];
      findings.add('future-read', () => ({ explanation: `${told()}but ${by}.`, operations }));
    } else {
      seen.add(write);
    }
  }
  let latest: Write | undefined;
  for (const write of seen) {
    if (latest === undefined || write.invoked.index > latest.invoked.index) latest = write;
  }
  if (latest === undefined) return false;
  const before = latest.invoked.index;
  const due = countBefore(acknowledged, before);
  let present = 0;
  for (const write of seen) if (acknowledgedAt(write) < before) present++;
  if (present < due) {
    const last = latest;
    findings.add('causal-reverse', () => {
      const missing = acknowledged.slice(0, due).filter((write) => !seen.has(write));
      return tell(read, last, missing);
    });
  }
  return due > 0;
}

/** How many writes were acknowledged before an index. */
function countBefore(acknowledged: readonly Write[], index: number): number {
  let low = 0;
  let high = acknowledged.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (acknowledgedAt(acknowledged[middle] as Write) < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

function tell(read: Operation, latest: Write, missing: readonly Write[]): Finding {
  // The one that was acknowledged last is nearest to the write that is seen without it.
  const nearest = missing[missing.length - 1] as Write;
  const acknowledged = nearest.acknowledged as Operation;
  const more = missing.length > 1 ? ` ${missing.length - 1} more such writes are missing.` : '';
  const [early, late] = [JSON.stringify(nearest.value), JSON.stringify(latest.value)];
  const where = latest.key === undefined ? '' : ` of key ${latest.key}`;
  return {
    explanation:
      `The read${where} in operation ${read.index} saw ${late} but not ${early}, though the write of ${early} had been ` +
      `acknowledged (operation ${acknowledged.index}) before that of ${late} was invoked (operation ${latest.invoked.index}).${more}`,
    operations: [nearest.invoked.index, acknowledged.index, latest.invoked.index, read.index].sort(
      (a, b) => a - b,
    ),
    evidence: {
      missing: missing.slice(-MAX_MISSING).map(({ value }) => value),
      missingCount: missing.length,
    },
    picture: {
      kind: 'graph',
      nodes: [
        { label: `write ${early}`, operation: nearest.invoked.index },
        { label: `write ${late}`, operation: latest.invoked.index },
        { label: 'read', operation: read.index },
      ],
      edges: [
        { from: 0, to: 1, label: 'realtime' },
        { from: 1, to: 2, label: 'wr' },
        { from: 2, to: 0, label: 'rw' },
      ],
    },
  };
}
