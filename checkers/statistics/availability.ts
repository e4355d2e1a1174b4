/**
 * How operations fared while faults were in force: the share that became `ok`, the longest time without one, and how long
 * it took after the end of a fault.
 *
 * An operation belongs to the window in which it was invoked, and counts as ok though it completes after it: a short
 * outage that clients sat out shows in the longest gap, not in the share.
 */
import type { FaultWindow } from '../../harness/history/fault-windows.ts';
import type { OperationPair } from '../../harness/history/history.ts';
import type { Availability, AvailabilityReport, Gap, WindowAvailability } from './report.ts';

interface Span {
  readonly startNs: number;
  readonly endNs: number;
}

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
    .reduce(add, { invoked: 0, ok: 0 });
  const outside = { invoked: overall.invoked - during.invoked, ok: overall.ok - during.ok };
  return {
    overall: withShare(overall),
    duringFaults: withShare(during),
    outsideFaults: withShare(outside),
    longestGap: timeline.span === null ? null : timeline.longestGap(timeline.span),
    windows: windows.map((window): WindowAvailability => {
      const span = spanOf(window);
      const { endTime } = window;
      return {
        faultId: window.faultId,
        fault: window.fault,
        description: window.description,
        startNs: window.startTime,
        endNs: endTime ?? null,
        instant: window.instant,
        tookEffect: window.tookEffect ?? null,
        ...withShare(timeline.invokedIn(span)),
        longestGap: window.instant ? null : timeline.longestGap(span),
        recoveryNs: endTime === undefined ? null : timeline.timeToNextOk(endTime),
      };
    }),
  };
}

interface Tally {
  readonly invoked: number;
  readonly ok: number;
}

const add = (a: Tally, b: Tally): Tally => ({ invoked: a.invoked + b.invoked, ok: a.ok + b.ok });

const withShare = (tally: Tally): Availability => ({
  ...tally,
  okShare: tally.invoked === 0 ? null : tally.ok / tally.invoked,
});

/** Invocations and `ok` completions by time, searched by bisection. */
class Timeline {
  /** From the first invocation to the last operation of a client. */
  readonly span: Span | null;
  readonly #invocationTimes: Float64Array;
  /** Of the first i invocations, how many became ok. */
  readonly #okBefore: Float64Array;
  readonly #okTimes: Float64Array;

  constructor(pairs: readonly OperationPair[]) {
    this.#invocationTimes = Float64Array.from(pairs, ({ invocation }) => invocation.time);
    this.#okBefore = new Float64Array(pairs.length + 1);
    const okTimes: number[] = [];
    let endNs = 0;
    pairs.forEach(({ invocation, completion }, i) => {
      const ok = completion?.type === 'ok';
      this.#okBefore[i + 1] = (this.#okBefore[i] ?? 0) + (ok ? 1 : 0);
      if (ok) okTimes.push(completion.time);
      endNs = Math.max(endNs, completion?.time ?? invocation.time);
    });
    this.#okTimes = Float64Array.from(okTimes).sort();
    const first = pairs[0];
    this.span = first === undefined ? null : { startNs: first.invocation.time, endNs };
  }

  /** Both ends included. */
  invokedIn({ startNs, endNs }: Span): Tally {
    const from = firstAtLeast(this.#invocationTimes, startNs);
    const to = firstAbove(this.#invocationTimes, endNs);
    return { invoked: to - from, ok: (this.#okBefore[to] ?? 0) - (this.#okBefore[from] ?? 0) };
  }

  longestGap({ startNs, endNs }: Span): Gap {
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

  timeToNextOk(timeNs: number): number | null {
    const next = this.#okTimes[firstAtLeast(this.#okTimes, timeNs)];
    return next === undefined ? null : next - timeNs;
  }
}

/** Overlapping spans as one, ascending. */
export function mergeSpans(spans: readonly Span[]): readonly Span[] {
  const merged: { startNs: number; endNs: number }[] = [];
  for (const span of [...spans].sort((a, b) => a.startNs - b.startNs)) {
    const last = merged.at(-1);
    if (last !== undefined && span.startNs <= last.endNs) last.endNs = Math.max(last.endNs, span.endNs);
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
