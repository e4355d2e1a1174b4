/**
 * One run as the measures see it: what clients did, what nodes said of leaders and replicas, what was sent, what checkers found.
 */
import type { Verdict } from '../../checkers/checker.ts';
import type { Traffic } from '../cluster/cluster.ts';
import type { History } from '../history/history.ts';
import type { Operation } from '../history/operation.ts';
import type { TraceRecord } from '../history/trace.ts';
import type { PhaseTimes } from '../run/plan.ts';

export interface TrafficSample {
  /** Nanoseconds since the run began. */
  readonly timeNs: number;
  /** All that was sent by then. */
  readonly traffic: Traffic;
}

export interface ObservedRun {
  readonly nodes: readonly string[];
  readonly history: History;
  /** In the order of the run. */
  readonly trace: readonly TraceRecord[];
  readonly phases: PhaseTimes;
  /** Ascending; empty where nobody counts. */
  readonly traffic: readonly TrafficSample[];
  /** Empty where nobody judged. */
  readonly verdicts: readonly Verdict[];
}

/**
 * Collects a run while it goes on.
 *
 *     const observer = new RunObserver(cluster);
 *     observer.operation(operation);
 *     observer.observed({ history, phases, verdicts, nodes });
 */
export class RunObserver {
  readonly #trace: TraceRecord[] = [];
  readonly #traffic: TrafficSample[] = [];

  trace(record: TraceRecord): void {
    this.#trace.push(record);
  }

  /** @param traffic - undefined where nobody counts */
  operation({ time }: Operation, traffic: Traffic | undefined): void {
    if (traffic !== undefined) this.#traffic.push({ timeNs: time, traffic });
  }

  observed(rest: Omit<ObservedRun, 'trace' | 'traffic'>): ObservedRun {
    return { ...rest, trace: this.#trace, traffic: this.#traffic };
  }
}
