/**
 * Figures of a log history, on which no verdict hangs: what was sent and polled, in all, by partition, and how far consumers lagged. The verdict
 * has beside them how many of each anomaly were found (`found`, `foundAllowed`): it tells only some.
 */
import type { Operation } from '../../harness/history/operation.ts';
import type { Judgement } from './judgement.ts';
import type { CycleStatistics } from './cycles.ts';
import { FAILED, IN_DOUBT, NONE, OK } from './ledger.ts';

/** Partitions whose figures are given one by one, those with most sends first. */
const MAX_PARTITIONS = 50;
/** Points of the curve of what is unseen over time. */
const POINTS = 60;

type PartitionStatistics = {
  readonly key: string;
  sends: number;
  acknowledged: number;
  failed: number;
  inDoubt: number;
  /** Records that polls returned, again and again. */
  polled: number;
  /** Highest offset that was polled or committed; null where there is none. */
  readonly highestOffset: number | null;
  /** Offsets that were polled or committed. */
  readonly offsets: number;
  duplicates: number;
  /** Acknowledged, and never polled. */
  readonly unread: number;
};

export type LogStatistics = {
  readonly sends: number;
  readonly acknowledged: number;
  readonly polls: number;
  readonly records: number;
  readonly partitionCount: number;
  readonly partitions: readonly PartitionStatistics[];
  /** Acknowledged and not yet polled, over time. */
  readonly unseen: readonly { readonly timeNs: number; readonly count: number }[];
  readonly cycles: CycleStatistics;
};

export function logStatistics(
  judgement: Judgement,
  unread: Int32Array,
  cycles: CycleStatistics,
): LogStatistics {
  const { ledger, logs } = judgement;
  const partitions = ledger.keyNames.map((key, id): PartitionStatistics => {
    const { first, end } = logs.slotsOf(id);
    return {
      key,
      sends: 0,
      acknowledged: 0,
      failed: 0,
      inDoubt: 0,
      polled: 0,
      highestOffset: end > first ? (logs.offsets[end - 1] as number) : null,
      offsets: end - first,
      duplicates: 0,
      unread: unread[id] ?? 0,
    };
  });
  for (let send = 0; send < ledger.sendKey.length; send++) {
    const partition = partitions[ledger.sendKey.at(send)] as PartitionStatistics;
    partition.sends++;
    const outcome = ledger.sendOutcome.at(send);
    if (outcome === OK) partition.acknowledged++;
    else if (outcome === FAILED) partition.failed++;
    else if (outcome === IN_DOUBT) partition.inDoubt++;
  }
  for (let run = 0; run < ledger.runKey.length; run++) {
    (partitions[ledger.runKey.at(run)] as PartitionStatistics).polled +=
      ledger.runEnd(run) - ledger.runStart.at(run);
  }
  for (const [value, slots] of logs.repeated) {
    const sends = ledger.valueSends.at(value) - ledger.valueFailures.at(value);
    if (slots.size > Math.max(1, sends)) {
      (partitions[ledger.valueKey.at(value)] as PartitionStatistics).duplicates++;
    }
  }
  return {
    sends: ledger.sendKey.length,
    acknowledged: ledger.acknowledgedSends,
    polls: ledger.polls,
    records: ledger.readValue.length,
    partitionCount: partitions.length,
    partitions: [...partitions].sort((a, b) => b.sends - a.sends).slice(0, MAX_PARTITIONS),
    unseen: unseenOverTime(judgement),
    cycles,
  };
}

/** Each acknowledged send counts from its acknowledgement until the first poll of its value. */
function unseenOverTime({ ledger }: Judgement): LogStatistics['unseen'] {
  const { operations } = ledger.history;
  const endNs = operations.at(-1)?.time ?? 0;
  const width = endNs / POINTS;
  if (width <= 0) return [];
  const starts = Array.from({ length: POINTS }, (_, point) => firstAtOrAfter(operations, point * width));
  const changes = new Int32Array(POINTS);
  /** Acknowledgements come nearly in order, and so do first polls: most are in the point of the one before. */
  const count = (index: number, near: number, change: number): number => {
    let point = near;
    while (point > 0 && index < (starts[point] as number)) point--;
    while (point < POINTS - 1 && index >= (starts[point + 1] as number)) point++;
    changes[point] = (changes[point] as number) + change;
    return point;
  };
  let acknowledgedNear = 0;
  let seenNear = 0;
  for (let send = 0; send < ledger.sendKey.length; send++) {
    if (ledger.sendOutcome.at(send) !== OK) continue;
    const acknowledged = ledger.sendCompletion.at(send);
    const run = ledger.valueFirstRun.at(ledger.sendValue.at(send));
    const seen = run === NONE ? Infinity : ledger.runOperation.at(run);
    if (seen <= acknowledged) continue;
    acknowledgedNear = count(acknowledged, acknowledgedNear, 1);
    if (seen !== Infinity) seenNear = count(seen, seenNear, -1);
  }
  let unseen = 0;
  return [...changes].map((change, point) => ({
    timeNs: Math.round((point + 1) * width),
    count: (unseen += change),
  }));
}

/** The index of the first operation at a time or later. */
function firstAtOrAfter(operations: readonly Operation[], timeNs: number): number {
  let low = 0;
  let high = operations.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((operations[middle] as Operation).time < timeNs) low = middle + 1;
    else high = middle;
  }
  return low;
}
