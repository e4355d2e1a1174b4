/**
 * Judges a set by what is in it at the end: additions (`add`), then a last read of everything (`read`), key by key.
 *
 *     add 1 ok · add 2 info · add 3 ok · read → [1, 2]: 3 is lost, 2 was recovered
 *                                      · read → [1, 3, 9]: 9 is unexpected
 *
 * It looks at the last read that was answered and at no other; {@link setFull} looks at all of them. An addition that was
 * acknowledged only after the last read had begun proves nothing, and is counted as `unseen`. An element that is there
 * twice is told and not judged.
 *
 * Anomalies: `lost-element` (acknowledged, and not in the last read), `unexpected-element` (never added),
 * `revived-element` (its addition failed), `future-read` (added after the read), `malformed-read`; allowed:
 * `duplicate-element`.
 */
import { findingChecker } from '../findings/finding-checker.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { intervalText } from '../findings/figures.ts';
import type { Findings } from '../findings/findings.ts';
import { indexesOf, show } from '../findings/findings.ts';
import type { Pace } from '../findings/pace.ts';
import {
  type AddedSet,
  additionOf,
  collectSets,
  elementsOf,
  NEVER,
  reportImpossible,
} from './collect-sets.ts';

const NAME = 'set';

interface Counts {
  sets: number;
  read: number;
  attempts: number;
  acknowledged: number;
  ok: number;
  unseen: number;
  readonly lost: Json[];
  readonly recovered: Json[];
  readonly unexpected: Json[];
}

export function finalSet(): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const sets = collectSets(history, findings, pace);
    for (const { reads } of sets) pace.expect(elementsOf(reads.at(-1)).length);
    const counts: Counts = {
      ...{ sets: sets.length, read: 0, attempts: 0, acknowledged: 0, ok: 0, unseen: 0 },
      ...{ lost: [], recovered: [], unexpected: [] },
    };
    for (const set of sets) {
      if (pace.isOverdue) break;
      judgeSet(history, set, counts, findings, pace);
    }
    return {
      statistics: statisticsOf(counts),
      unknownBecause: vacuity(counts),
    };
  });
}

function vacuity({ read, ok, lost }: Counts): string | undefined {
  if (read === 0) return 'the set was never read: end the run with a read of everything';
  if (ok + lost.length > 0) return undefined;
  return 'nothing had been added and acknowledged when the last read began, so nothing was judged: read at the end of the run';
}

function judgeSet(history: History, set: AddedSet, counts: Counts, findings: Findings, pace: Pace): void {
  counts.attempts += set.elements.size;
  for (const at of set.acknowledgedAt) if (at !== NEVER) counts.acknowledged++;
  const last = set.reads.at(-1);
  if (last === undefined) {
    for (const at of set.acknowledgedAt) if (at !== NEVER) counts.unseen++;
    return;
  }
  counts.read++;
  const isRead = new Uint8Array(set.elements.size);
  const strangers = new Set<string>();
  for (const value of elementsOf(last)) {
    if (pace.spend(1)) return;
    const id = set.elements.find(value);
    if (id === -1) {
      const text = JSON.stringify(value);
      if (strangers.has(text)) continue;
      strangers.add(text);
    } else if (isRead[id] === 1) {
      findings.addAllowed('duplicate-element', () => ({
        explanation: `The read of ${set.name} in operation ${last.completion.index} has the element ${show(value)} more than once.`,
        operations: indexesOf(...additionOf(history, set, id), last.invocation, last.completion),
      }));
      continue;
    } else {
      isRead[id] = 1;
    }
    const isPossible = id !== -1 && (set.possibleAt[id] as number) < last.completion.index;
    if (!isPossible) {
      counts.unexpected.push(value);
      reportImpossible(findings, history, set, value, last);
    } else {
      counts.ok++;
      if (set.acknowledgedAt[id] === NEVER) counts.recovered.push(value);
    }
  }
  for (let id = 0; id < isRead.length; id++) {
    const at = set.acknowledgedAt[id] as number;
    if (isRead[id] === 1 || at === NEVER) continue;
    if (at > last.invocation.index) {
      counts.unseen++;
      continue;
    }
    const value = set.elements.valueOf(id);
    counts.lost.push(value);
    findings.add('lost-element', () => {
      const operations = indexesOf(...additionOf(history, set, id), last.invocation, last.completion);
      return {
        explanation:
          `The addition of ${show(value)} to ${set.name} was acknowledged in operation ${at}, but the last read, ` +
          `operation ${last.completion.index}, does not have it.`,
        operations,
      };
    });
  }
}

function statisticsOf({ lost, recovered, unexpected, ...counts }: Counts) {
  const describe = (values: readonly Json[]) => ({ count: values.length, elements: intervalText(values) });
  return {
    ...counts,
    lost: describe(lost),
    recovered: describe(recovered),
    unexpected: describe(unexpected),
  };
}
