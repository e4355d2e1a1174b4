/**
 * How operations fared while faults were in force: the shares that were answered and became `ok`, the longest time without
 * an `ok`, and how long it took after the end of a fault.
 *
 * An operation belongs to the window in which it was invoked, and counts though it completes after it: a short outage
 * that clients sat out shows in the longest gap, not in the shares.
 *
 * A system that nobody asks is not unavailable. Gaps and recoveries count only the time in which clients ask: while an
 * operation is in flight, and in pauses that are short for this run. The rest before the final reads is no such time.
 */
import { NS_PER_S } from '../../harness/units.ts';
import type { FaultWindow } from '../../harness/history/fault-windows.ts';
import type { OperationPair } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { isAnswered } from './answered.ts';
import type { Availability, AvailabilityReport, Gap, WindowAvailability } from './report.ts';

interface Span {
  readonly startNs: number;
  readonly endNs: number;
}

/** Clients ask on when they pause no longer than this, */
const PAUSE_NS = NS_PER_S;
/** or no longer than so many times what lies between two invocations on average. */
const PAUSE_INTERVALS = 10;

/** @param pairs - in the order of their invocations, as History.pairs() returns them */
export function measureAvailability(
  pairs: readonly OperationPair[],
  windows: readonly FaultWindow[],
  runEndNs: number,
): AvailabilityReport {
  const timeline = new Timeline(pairs);
  const lasting = windows.filter((window) => !window.instant);
  const spanOf = (window: FaultWindow): Span => ({
    startNs: window.startTime,
    endNs: window.endTime ?? runEndNs,
  });
  const overall = timeline.invokedIn({ startNs: 0, endNs: Infinity });
  const during = mergeSpans(lasting.map(spanOf))
    .map((span) => timeline.invokedIn(span))
    .reduce(add, { invoked: 0, ok: 0, answered: 0 });
  const outside = {
    invoked: overall.invoked - during.invoked,
    ok: overall.ok - during.ok,
    answered: overall.answered - during.answered,
  };
  return {
    overall: withShares(overall),
    duringFaults: withShares(during),
    outsideFaults: withShares(outside),
    longestGap: timeline.longestGap({ startNs: 0, endNs: Infinity }),
    windows: windows.map((window): WindowAvailability => {
      const span = spanOf(window);
      const { endTime, endIndex } = window;
      return {
        faultId: window.faultId,
        fault: window.fault,
        description: window.description,
        startNs: window.startTime,
        endNs: endTime ?? null,
        instant: window.instant,
        tookEffect: window.tookEffect ?? null,
        ...withShares(timeline.invokedIn(span)),
        longestGap: window.instant ? null : timeline.longestGap(span),
        recoveryNs:
          endTime === undefined || endIndex === undefined ? null : timeline.askedUntilOk(endTime, endIndex),
      };
    }),
  };
}

interface Tally {
  readonly invoked: number;
  readonly ok: number;
  readonly answered: number;
}

const add = (a: Tally, b: Tally): Tally => ({
  invoked: a.invoked + b.invoked,
  ok: a.ok + b.ok,
  answered: a.answered + b.answered,
});

const withShares = (tally: Tally): Availability => ({
  ...tally,
  okShare: tally.invoked === 0 ? null : tally.ok / tally.invoked,
  answeredShare: tally.invoked === 0 ? null : tally.answered / tally.invoked,
});

/** Invocations and `ok` completions by time, searched by bisection. */
class Timeline {
  /** When clients ask: apart, ascending. */
  readonly #asking: readonly Span[];
  readonly #askingEnds: Float64Array;
  readonly #invocationTimes: Float64Array;
  /** Of the first i invocations, how many became ok, and how many were answered. */
  readonly #okBefore: Float64Array;
  readonly #answeredBefore: Float64Array;
  /** Of the completions that were ok, in their order. */
  readonly #okTimes: Float64Array;
  readonly #okIndexes: Float64Array;

  constructor(pairs: readonly OperationPair[]) {
    this.#invocationTimes = Float64Array.from(pairs, ({ invocation }) => invocation.time);
    this.#okBefore = new Float64Array(pairs.length + 1);
    this.#answeredBefore = new Float64Array(pairs.length + 1);
    const oks: Operation[] = [];
    pairs.forEach(({ completion }, i) => {
      const ok = completion?.type === 'ok';
      this.#okBefore[i + 1] = (this.#okBefore[i] ?? 0) + (ok ? 1 : 0);
      this.#answeredBefore[i + 1] = (this.#answeredBefore[i] ?? 0) + (isAnswered(completion) ? 1 : 0);
      if (ok) oks.push(completion);
    });
    oks.sort((a, b) => a.index - b.index);
    this.#okTimes = Float64Array.from(oks, ({ time }) => time);
    this.#okIndexes = Float64Array.from(oks, ({ index }) => index);
    this.#asking = askingSpans(pairs);
    this.#askingEnds = Float64Array.from(this.#asking, ({ endNs }) => endNs);
  }

  /** Both ends included. */
  invokedIn({ startNs, endNs }: Span): Tally {
    const from = firstAtLeast(this.#invocationTimes, startNs);
    const to = firstAbove(this.#invocationTimes, endNs);
    const within = (before: Float64Array): number => (before[to] ?? 0) - (before[from] ?? 0);
    return { invoked: to - from, ok: within(this.#okBefore), answered: within(this.#answeredBefore) };
  }

  /** Null when nobody asked in that time. */
  longestGap({ startNs, endNs }: Span): Gap | null {
    let longest: Gap | null = null;
    for (let i = firstAtLeast(this.#askingEnds, startNs); i < this.#asking.length; i++) {
      const asking = this.#asking[i] as Span;
      if (asking.startNs > endNs) break;
      const from = Math.max(asking.startNs, startNs);
      const gap = this.#longestSilence({ startNs: from, endNs: Math.min(asking.endNs, endNs) });
      if (longest === null || gap.lengthNs > longest.lengthNs) longest = gap;
    }
    return longest;
  }

  #longestSilence({ startNs, endNs }: Span): Gap {
    let longest = { startNs, endNs: startNs, lengthNs: 0 };
    let last = startNs;
    const consider = (time: number): void => {
      if (time - last > longest.lengthNs) longest = { startNs: last, endNs: time, lengthNs: time - last };
      last = time;
    };
    for (let i = firstAtLeast(this.#okTimes, startNs); i < this.#okTimes.length; i++) {
      const time = this.#okTimes[i] as number;
      if (time > endNs) break;
      consider(time);
    }
    consider(endNs);
    return longest;
  }

  /**
   * How long clients asked from then on until one was answered with ok; null when none was.
   *
   * @param index - of the operation at that time: in a simulation many have the same, and those before it do not count
   */
  askedUntilOk(timeNs: number, index: number): number | null {
    const next = this.#okTimes[firstAbove(this.#okIndexes, index)];
    if (next === undefined) return null;
    let sum = 0;
    for (let i = firstAtLeast(this.#askingEnds, timeNs); i < this.#asking.length; i++) {
      const { startNs, endNs } = this.#asking[i] as Span;
      if (startNs > next) break;
      sum += Math.min(endNs, next) - Math.max(startNs, timeNs);
    }
    return sum;
  }
}

/** An operation that never completed shows only that somebody asked at its invocation. */
function askingSpans(pairs: readonly OperationPair[]): readonly Span[] {
  const [first] = pairs;
  const last = pairs.at(-1);
  if (first === undefined || last === undefined) return [];
  const interval = (last.invocation.time - first.invocation.time) / pairs.length;
  const spans = pairs.map(({ invocation, completion }) => ({
    startNs: invocation.time,
    endNs: completion?.time ?? invocation.time,
  }));
  return mergeSpans(spans, Math.max(PAUSE_NS, PAUSE_INTERVALS * interval));
}

/** Spans that overlap, or lie no further apart than `pauseNs`, as one; ascending. */
export function mergeSpans(spans: readonly Span[], pauseNs = 0): readonly Span[] {
  const merged: { startNs: number; endNs: number }[] = [];
  for (const span of [...spans].sort((a, b) => a.startNs - b.startNs)) {
    const last = merged.at(-1);
    if (last !== undefined && span.startNs <= last.endNs + pauseNs)
      last.endNs = Math.max(last.endNs, span.endNs);
    else merged.push({ ...span });
  }
  return merged;
}

/** Position of the first value ≥ `wanted`, the length when there is none. */
function firstAtLeast(ascending: Float64Array, wanted: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Position of the first value > `wanted`. */
function firstAbove(ascending: Float64Array, wanted: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
