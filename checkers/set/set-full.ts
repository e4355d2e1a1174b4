/**
 * Judges a set by every read of it: what became of each element from its addition to the end, key by key.
 *
 *     add 1 ok · read → [] · read → [1] · read → [1]   1 is stable, and was stale until the first read had begun
 *     add 1 ok · read → [1] · read → [] · read → []    1 is lost
 *
 * An element is *known* from the acknowledgement of its addition, or from the first read that completes with it. It is
 * *stable* when the last invoked of the reads that concern it has it, *lost* when that read lacks it and began
 * after it was known, and *never read* otherwise. A stable element is *stale* when a read that began after it was
 * known lacks it: its stable latency is the time from when it was known to that read. A lost element's lost latency is the
 * time from when it was known to the last read that had it.
 *
 * It costs about as much as all reads together are long. It does not search for an order of the operations; with
 * `linearizable`, an element that is neither lost nor stale is judged as in a linearizable grow-only set, each element
 * by itself.
 *
 * Anomalies: `lost-element`, `duplicate-element` (more than once in one read),
 * `unexpected-element` (never added), `revived-element` (its addition failed), `future-read`, `malformed-read`; and
 * `stale-element`, which is allowed unless `linearizable`.
 */
import { findingChecker } from '../findings/finding-checker.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { intervalText, quantiles } from '../findings/figures.ts';
import type { Findings } from '../findings/findings.ts';
import { indexesOf, show } from '../findings/findings.ts';
import {
  type AddedSet,
  additionOf,
  collectSets,
  elementsOf,
  reportImpossible,
  type SetRead,
} from './collect-sets.ts';
import { followElements, type Timelines } from './timelines.ts';

const NAME = 'set-full';
const NS_PER_MS = 1e6;

export interface SetFullOptions {
  /** An element that is known and then missing from a read is an anomaly, though it comes back. By default a note. */
  readonly linearizable?: boolean;
}

interface Stale {
  readonly set: AddedSet;
  readonly id: number;
  readonly known: Operation;
  readonly absent: SetRead;
  readonly latencyNs: number;
}

class Tally {
  sets = 0;
  reads = 0;
  attempts = 0;
  stable = 0;
  readonly lost: Json[] = [];
  readonly neverRead: Json[] = [];
  readonly duplicated: Json[] = [];
  readonly stale: Stale[] = [];
  readonly stableLatenciesMs: number[] = [];
  readonly lostLatenciesMs: number[] = [];
}

export function setFull(options: SetFullOptions = {}): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const sets = collectSets(history, findings, pace);
    const tally = new Tally();
    for (const { reads } of sets) for (const read of reads) pace.expect(2 * elementsOf(read).length);
    for (const set of sets) {
      if (pace.isOverdue) break;
      tally.sets++;
      tally.reads += set.reads.length;
      tally.attempts += set.elements.size;
      const timelines = followElements(set, pace, (read, place) => {
        reportImpossible(findings, history, set, elementsOf(read)[place] as Json, read);
      });
      if (timelines === undefined) break;
      for (let id = 0; id < set.elements.size; id++) {
        judgeElement(history, set, id, timelines, tally, findings);
      }
    }
    reportStale(history, tally.stale, findings, options.linearizable === true);
    const nothingStable =
      tally.stable === 0
        ? 'no element was there in a last read of it, so nothing was judged: run longer, or read more often'
        : undefined;
    return {
      statistics: statisticsOf(tally),
      unknownBecause: nothingStable,
    };
  });
}

function judgeElement(
  history: History,
  set: AddedSet,
  id: number,
  timelines: Timelines,
  tally: Tally,
  findings: Findings,
): void {
  const readAt = (places: Int32Array): SetRead | undefined => set.reads[places[id] as number];
  const present = readAt(timelines.lastPresent);
  const absent = readAt(timelines.lastAbsent);
  const known = knownAt(history, set, id, readAt(timelines.firstSeen));
  const value = set.elements.valueOf(id);
  const presentAt = present?.invocation.index ?? -1;
  const absentAt = absent?.invocation.index ?? -1;

  if (present !== undefined && absentAt < presentAt) {
    tally.stable++;
    const isStale = absent !== undefined && known !== undefined && known.index < absentAt;
    const latencyNs = isStale ? Math.max(0, absent.invocation.time - known.time) : 0;
    tally.stableLatenciesMs.push(latencyNs / NS_PER_MS);
    if (isStale) tally.stale.push({ set, id, known, absent, latencyNs });
  } else if (known !== undefined && absent !== undefined && known.index < absentAt) {
    tally.lost.push(value);
    const lostNs = present === undefined ? 0 : Math.max(0, present.invocation.time - known.time);
    tally.lostLatenciesMs.push(lostNs / NS_PER_MS);
    findings.add('lost-element', () => describeLost(history, set, id, known, present, absent));
  } else {
    tally.neverRead.push(value);
  }

  const copies = timelines.copies[id] as number;
  if (copies > 1) {
    tally.duplicated.push(value);
    const read = readAt(timelines.copiesIn) as SetRead;
    const added = additionOf(history, set, id);
    findings.add('duplicate-element', () => ({
      explanation: `The read of ${set.name} in operation ${read.completion.index} has the element ${show(value)} ${copies} times.`,
      operations: indexesOf(...added, read.invocation, read.completion),
    }));
  }
}

/** From when on it is certain that the element is in the set. */
function knownAt(
  history: History,
  set: AddedSet,
  id: number,
  firstSeen: SetRead | undefined,
): Operation | undefined {
  const index = Math.min(set.acknowledgedAt[id] as number, firstSeen?.completion.index ?? Infinity);
  return history.operations[index];
}

function describeLost(
  history: History,
  set: AddedSet,
  id: number,
  known: Operation,
  present: SetRead | undefined,
  absent: SetRead,
) {
  const added = additionOf(history, set, id);
  const value = show(set.elements.valueOf(id));
  const seen =
    present === undefined
      ? 'no read ever had it'
      : `the last read that had it is operation ${present.completion.index}`;
  return {
    explanation:
      `${value} was in ${set.name} by operation ${known.index}, ${seen}, and operation ${absent.completion.index}, which ` +
      `was invoked later, lacks it, as does every read after it.`,
    operations: indexesOf(
      ...added,
      known,
      present?.invocation,
      present?.completion,
      absent.invocation,
      absent.completion,
    ),
    picture: timelineOf(history, added[0], known, present?.invocation, absent.invocation),
  };
}

/** The longest first. */
function reportStale(history: History, stale: Stale[], findings: Findings, isJudged: boolean): void {
  stale.sort((a, b) => b.latencyNs - a.latencyNs || a.known.index - b.known.index);
  for (const { set, id, known, absent, latencyNs } of stale) {
    const describe = () => {
      const added = additionOf(history, set, id);
      return {
        explanation:
          `${show(set.elements.valueOf(id))} was in ${set.name} by operation ${known.index}, but operation ` +
          `${absent.completion.index}, which was invoked ${latencyNs / NS_PER_MS} ms later, lacks it; it came back after that.`,
        operations: indexesOf(...added, known, absent.invocation, absent.completion),
        picture: timelineOf(history, added[0], known, absent.invocation),
      };
    };
    if (isJudged) findings.add('stale-element', describe);
    else findings.addAllowed('stale-element', describe);
  }
}

function timelineOf(history: History, ...operations: readonly (Operation | undefined)[]) {
  const invocations = operations.map((operation) =>
    operation === undefined ? undefined : (history.invocationOf(operation.index) ?? operation),
  );
  return { kind: 'timeline' as const, operations: indexesOf(...invocations) };
}

function statisticsOf(tally: Tally) {
  const { lost, neverRead, duplicated, stale } = tally;
  const describe = (values: readonly Json[]) => ({ count: values.length, elements: intervalText(values) });
  return {
    sets: tally.sets,
    reads: tally.reads,
    attempts: tally.attempts,
    stable: tally.stable,
    lost: describe(lost),
    neverRead: describe(neverRead),
    stale: describe(stale.map(({ set, id }) => set.elements.valueOf(id))),
    duplicated: describe(duplicated),
    stableLatenciesMs: quantiles(tally.stableLatenciesMs),
    lostLatenciesMs: quantiles(tally.lostLatenciesMs),
  };
}
