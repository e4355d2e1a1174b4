/**
 * Judges eventually consistent counters, as Maelstrom's `g-counter` and `pn-counter` are: reads may be behind while
 * clients add, and the reads at the end must return the sum of what was acknowledged, with any of what is in doubt.
 *
 *     add 3 ok · add −1 info · … · final read → 3 or 2 is fine · → 1: nothing adds up to it
 *
 * Final are the reads that the history marks so (Maelstrom's `:final?`). Where none is marked, of each process its last
 * operation, if it is a read that was invoked when every addition to the key had completed or was given up.
 *
 * Anomalies: `wrong-sum`.
 */
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { Findings, indexesOf, type Key, nameOf, show } from '../findings/findings.ts';

const NAME = 'final-counter';
/** Sums of additions in doubt that are told apart; with more of them everything between the extremes is accepted. */
const SUMS_MAX = 100_000;

interface Additions {
  acknowledged: number;
  /** Amounts of those in doubt. */
  readonly doubtful: number[];
  /** Index of the last of their records. */
  last: number;
}

export function finalCounter(): Checker {
  return {
    name: NAME,
    check: ({ history }) => {
      const additions = collectAdditions(history);
      const findings = new Findings();
      const accepted = new Map<Key, (sum: Json) => boolean>();
      const reads = finalReads(history, additions);
      for (const read of reads) {
        const invocation = history.invocationOf(read.index);
        const key = read.key ?? invocation?.key;
        const added = additions.get(key) ?? { acknowledged: 0, doubtful: [], last: -1 };
        let isPossible = accepted.get(key);
        if (isPossible === undefined) accepted.set(key, (isPossible = possibleSums(added)));
        if (isPossible(read.value ?? 0)) continue;
        findings.add('wrong-sum', () => ({
          explanation:
            `The final read of ${nameOf(key, 'the counter')} in operation ${read.index} returned ${show(read.value)}, ` +
            `but ${added.acknowledged} was acknowledged in all${doubts(added.doubtful)}.`,
          operations: indexesOf(invocation, read),
        }));
      }
      return findings.conclude(NAME, {
        statistics: { counters: additions.size, finalReads: reads.length },
        unknownBecause:
          reads.length === 0
            ? 'no read at the end was answered, so nothing was judged: read once more when nobody adds any longer'
            : undefined,
      });
    },
  };
}

function collectAdditions(history: History): ReadonlyMap<Key, Additions> {
  const counters = new Map<Key, Additions>();
  for (const { invocation, completion } of history.pairs()) {
    if (invocation.f !== 'add' || typeof invocation.value !== 'number') continue;
    let added = counters.get(invocation.key);
    if (added === undefined) {
      counters.set(invocation.key, (added = { acknowledged: 0, doubtful: [], last: -1 }));
    }
    added.last = Math.max(added.last, completion?.index ?? invocation.index);
    if (completion?.type === 'ok') added.acknowledged += invocation.value;
    else if (completion?.type !== 'fail' && invocation.value !== 0) added.doubtful.push(invocation.value);
  }
  return counters;
}

function finalReads(history: History, additions: ReadonlyMap<Key, Additions>): readonly Operation[] {
  const isRead = ({ f, type, process }: Operation): boolean =>
    f === 'read' && type === 'ok' && process !== 'nemesis';
  const marked = history.operations.filter((operation) => operation.isFinal === true && isRead(operation));
  if (marked.length > 0) return marked;
  const last = new Map<Operation['process'], Operation>();
  for (const operation of history.operations) last.set(operation.process, operation);
  return [...last.values()].filter((operation) => {
    const invocation = history.invocationOf(operation.index);
    if (!isRead(operation) || invocation === undefined) return false;
    return invocation.index > (additions.get(operation.key ?? invocation.key)?.last ?? -1);
  });
}

function possibleSums({ acknowledged, doubtful }: Additions): (sum: Json) => boolean {
  let sums = new Set([acknowledged]);
  for (const amount of doubtful) {
    sums = new Set([...sums, ...[...sums].map((sum) => sum + amount)]);
    if (sums.size > SUMS_MAX) {
      const low = acknowledged + doubtful.reduce((sum, each) => sum + Math.min(each, 0), 0);
      const high = acknowledged + doubtful.reduce((sum, each) => sum + Math.max(each, 0), 0);
      return (sum) => typeof sum === 'number' && sum >= low && sum <= high;
    }
  }
  return (sum) => typeof sum === 'number' && sums.has(sum);
}

function doubts(doubtful: readonly number[]): string {
  if (doubtful.length === 0) return '';
  return `, and no choice of the ${doubtful.length} additions in doubt makes up for the difference`;
}
