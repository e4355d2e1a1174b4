/**
 * Judges what clients are told of a quorum: who leads it, in which epoch, and how far its log is committed.
 *
 *     describe-quorum through n1 → {leaderId: 2, leaderEpoch: 5, highWatermark: 40}
 *     describe-quorum through n1, asked later → {leaderId: 3, leaderEpoch: 4, …}: epoch-went-back
 *
 * - `two-leaders-in-an-epoch`: two answers name different leaders of one epoch.
 * - `epoch-went-back`: an answer through a node is of an older epoch than an answer through the same node that was there before it was
 *   asked for. Through different nodes it may be: a leader that is cut off does not know yet that it leads no more.
 * - `high-watermark-went-back`: within an epoch, below what had been shown before it was asked; or shown in a later epoch, below what
 *   any answer of an earlier one showed: whoever leads has all that was committed, and shows a high watermark only when it knows.
 *
 * An answer without a leader, or a high watermark of −1, says nothing of these. It does not judge who the voters are, nor whether
 * there is a leader at all.
 */
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { findingChecker } from '../findings/finding-checker.ts';
import { type Findings, indexesOf, isMap, show } from '../findings/findings.ts';

const NAME = 'quorum-views';
const DESCRIBE = 'describe-quorum';

interface View {
  readonly invocation: Operation;
  readonly completion: Operation;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  /** −1 where it is not known. */
  readonly highWatermark: number;
}

/** Of an epoch: the views with the lowest and the highest high watermark. */
interface Extremes {
  lowest: View;
  highest: View;
}

export function quorumViews(): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const leaders = new Map<number, View>();
    const byNode = new Map<string, Records>();
    const byEpoch = new Map<number, Records>();
    const extremes = new Map<number, Extremes>();
    let views = 0;
    let withoutLeader = 0;
    for (const completion of history.operations) {
      if (pace.spend(1)) break;
      if (completion.f !== DESCRIBE || completion.type !== 'ok' || completion.process === 'nemesis') continue;
      const invocation = history.invocationOf(completion.index);
      const view = invocation === undefined ? null : viewOf(invocation, completion);
      if (view === null) {
        findings.add('malformed-view', () => ({
          explanation: `Operation ${completion.index} was told ${show(completion.value)}, which is no description of a quorum.`,
          operations: indexesOf(invocation, completion),
        }));
        continue;
      }
      if (view.leaderId < 0) {
        withoutLeader++;
        continue;
      }
      views++;
      judgeLeader(leaders, view, findings);
      judgeEpoch(byNode, view, findings);
      if (view.highWatermark < 0) continue;
      judgeWithinEpoch(byEpoch, view, findings);
      const known = extremes.get(view.leaderEpoch);
      if (known === undefined) extremes.set(view.leaderEpoch, { lowest: view, highest: view });
      else if (view.highWatermark < known.lowest.highWatermark) known.lowest = view;
      else if (view.highWatermark > known.highest.highWatermark) known.highest = view;
    }
    judgeAcrossEpochs(extremes, findings);
    return {
      statistics: {
        views,
        withoutLeader,
        epochs: leaders.size,
        nodes: byNode.size,
        highestEpoch: Math.max(-1, ...leaders.keys()),
      },
      unknownBecause:
        views > 1
          ? undefined
          : 'fewer than two views of the quorum were shown, so nothing could contradict: run longer',
    };
  });
}

function viewOf(invocation: Operation, completion: Operation): View | null {
  const { value } = completion;
  if (!isMap(value)) return null;
  const leaderId = wholeOr(value['leaderId'], -1);
  const leaderEpoch = wholeOr(value['leaderEpoch'], -1);
  const highWatermark = wholeOr(value['highWatermark'], -1);
  if (leaderId === null || leaderEpoch === null || highWatermark === null) return null;
  return { invocation, completion, leaderId, leaderEpoch, highWatermark };
}

/** Null where it is there and no whole number. */
function wholeOr(value: Json | undefined, absent: number): number | null {
  if (value === undefined || value === null) return absent;
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}

function judgeLeader(leaders: Map<number, View>, view: View, findings: Findings): void {
  const known = leaders.get(view.leaderEpoch);
  if (known === undefined) {
    leaders.set(view.leaderEpoch, view);
  } else if (known.leaderId !== view.leaderId) {
    findings.add('two-leaders-in-an-epoch', () => ({
      explanation:
        `${sentence(view)} that ${view.leaderId} leads epoch ${view.leaderEpoch}, and operation ` +
        `${known.completion.index} that ${known.leaderId} does.`,
      operations: witnesses(known, view),
    }));
  }
}

function judgeEpoch(byNode: Map<string, Records>, view: View, findings: Findings): void {
  const { node } = view.completion;
  if (node === undefined) return;
  const before = recordsOf(byNode, node, ({ leaderEpoch }) => leaderEpoch).greatestBefore(view);
  if (before === undefined || before.leaderEpoch <= view.leaderEpoch) return;
  findings.add('epoch-went-back', () => ({
    explanation:
      `${sentence(view)} of epoch ${view.leaderEpoch}, through ${node}, which had told of epoch ` +
      `${before.leaderEpoch} in operation ${before.completion.index}, before it was asked.`,
    operations: witnesses(before, view),
  }));
}

function judgeWithinEpoch(byEpoch: Map<number, Records>, view: View, findings: Findings): void {
  const records = recordsOf(byEpoch, view.leaderEpoch, ({ highWatermark }) => highWatermark);
  const before = records.greatestBefore(view);
  if (before === undefined || before.highWatermark <= view.highWatermark) return;
  findings.add('high-watermark-went-back', () => ({
    explanation:
      `${sentence(view)} the high watermark ${view.highWatermark} in epoch ${view.leaderEpoch}, which operation ` +
      `${before.completion.index} had been shown at ${before.highWatermark} before.`,
    operations: witnesses(before, view),
  }));
}

/** A later epoch shows no less than any earlier one, whoever answered first. */
function judgeAcrossEpochs(extremes: ReadonlyMap<number, Extremes>, findings: Findings): void {
  let best: View | undefined;
  for (const epoch of [...extremes.keys()].sort((a, b) => a - b)) {
    const { lowest, highest } = extremes.get(epoch) as Extremes;
    if (best !== undefined && lowest.highWatermark < best.highWatermark) {
      const earlier = best;
      findings.add('high-watermark-went-back', () => ({
        explanation:
          `${sentence(lowest)} the high watermark ${lowest.highWatermark} in epoch ${epoch}, and operation ` +
          `${earlier.completion.index} the high watermark ${earlier.highWatermark} in the earlier epoch ${earlier.leaderEpoch}.`,
        operations: witnesses(earlier, lowest),
      }));
    }
    if (highest.highWatermark > (best?.highWatermark ?? -1)) best = highest;
  }
}

/** Views whose measure was greater than that of all before them, in the order of completion. */
class Records {
  readonly #measure: (view: View) => number;
  readonly #views: View[] = [];

  constructor(measure: (view: View) => number) {
    this.#measure = measure;
  }

  /** The greatest of those that were complete before this one was asked for. Then takes this one in. */
  greatestBefore(view: View): View | undefined {
    const before = this.#views.findLast(({ completion }) => completion.index < view.invocation.index);
    const last = this.#views.at(-1);
    if (last === undefined || this.#measure(view) > this.#measure(last)) this.#views.push(view);
    return before;
  }
}

function recordsOf<K>(all: Map<K, Records>, key: K, measure: (view: View) => number): Records {
  let records = all.get(key);
  if (records === undefined) all.set(key, (records = new Records(measure)));
  return records;
}

const sentence = ({ completion }: View): string => `Operation ${completion.index} was told`;

const witnesses = (a: View, b: View): readonly number[] =>
  indexesOf(a.invocation, a.completion, b.invocation, b.completion);
