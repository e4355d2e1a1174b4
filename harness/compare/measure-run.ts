/** All that is measured of one run: each measure that its scenario is for. */
import { type Elections, electionsOf } from './elections.ts';
import { type Latency, latencyOf } from './latency.ts';
import { type Loss, lossOf } from './loss.ts';
import type { Measure } from './measures.ts';
import type { ObservedRun } from './observed-run.ts';
import { type Survival, survivalOf } from './survival.ts';
import { type TrafficFigures, trafficOf } from './traffic.ts';
import { type Outage, outagesOf } from './unavailability.ts';

export interface Measured {
  readonly loss?: Loss;
  readonly unavailability?: readonly Outage[];
  readonly latency?: Latency;
  readonly survival?: Survival;
  /** Null where nobody counted. */
  readonly traffic?: TrafficFigures | null;
  readonly elections?: Elections;
}

const OF = {
  loss: lossOf,
  unavailability: outagesOf,
  latency: latencyOf,
  survival: survivalOf,
  traffic: trafficOf,
  elections: electionsOf,
} as const satisfies { readonly [M in Measure]: (run: ObservedRun) => unknown };

export const measureRun = (run: ObservedRun, measures: readonly Measure[]): Measured =>
  Object.fromEntries(measures.map((measure) => [measure, OF[measure](run)]));
