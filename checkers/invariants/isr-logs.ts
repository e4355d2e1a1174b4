/** Appends, truncations and starts of replicas: what a log may hold, and what it may lose. */
import type { ReplicaEvent, TracedBatch } from '../../harness/history/replica-trace.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import { describeBatch } from './isr-describe.ts';
import type { BatchEntry } from './isr-log.ts';
import type { Contradict, PartitionView, ReplicaView } from './isr-views.ts';

type Event<K extends ReplicaEvent['kind']> = Extract<ReplicaEvent, { kind: K }>;

export function onReplicaStart(
  replica: ReplicaView,
  record: TraceRecord,
  event: Event<'replica-start'>,
): void {
  const { log } = replica;
  const { logStartOffset, logEndOffset, highWatermark, group } = event;
  if (logEndOffset < log.endOffset && log.last !== undefined) replica.lostBy = record;
  for (const entry of replica.removed) {
    if (entry.batch.baseOffset === log.endOffset && entry.batch.lastOffset < logEndOffset) log.append(entry);
  }
  replica.removed = [];
  log.truncate(logEndOffset);
  if (log.last === undefined) log.restart(logEndOffset);
  log.trimTo(logStartOffset);
  // What it had before the trace began nobody knows.
  log.endOffset = Math.max(log.endOffset, logEndOffset);
  log.startOffset = Math.max(log.startOffset, logStartOffset);
  replica.role = 'offline';
  // A Raft group's epoch is that of its disk: one that it had not persisted is gone, and bound it to nothing.
  if (group !== undefined) replica.leaderEpoch = group.epoch;
  replica.highWatermark = Math.min(highWatermark, log.endOffset);
  replica.highWatermarkRecord = record;
  replica.partitionEpoch = -1;
  replica.proposed = null;
}

export function onReplicaAppend(
  partition: PartitionView,
  replica: ReplicaView,
  record: TraceRecord,
  event: Event<'replica-append'>,
  contradict: Contradict,
): void {
  replica.removed = [];
  for (const batch of event.batches) appendOne(partition, replica, record, batch, contradict);
  replica.reached = Math.max(replica.reached, replica.log.endOffset);
}

function appendOne(
  partition: PartitionView,
  replica: ReplicaView,
  record: TraceRecord,
  batch: TracedBatch,
  contradict: Contradict,
): void {
  const { log, node } = replica;
  const { last, endOffset } = log;
  const where = `${node} appends ${describeBatch(batch)} to ${partition.name}`;
  const isCompacted = batch.baseOffset < partition.cleanEnd;
  // Compaction leaves gaps; and a log that begins with what it fetches begins anywhere.
  const isGap = batch.baseOffset > endOffset && last !== undefined && endOffset >= partition.cleanEnd;
  if (batch.baseOffset < endOffset || isGap) {
    contradict({
      name: 'log-gap',
      first: last?.appendedBy,
      second: record,
      detail: `${where}, whose log ends at offset ${endOffset}`,
    });
    if (batch.baseOffset < endOffset) log.truncate(batch.baseOffset);
  }
  if (last !== undefined && last.batch.leaderEpoch > batch.leaderEpoch) {
    contradict({
      name: 'log-epoch-went-back',
      first: last.appendedBy,
      second: record,
      detail: `${where}, behind ${describeBatch(last.batch)}`,
    });
  }
  const previous = isGap || isCompacted ? undefined : (last ?? (endOffset === 0 ? null : undefined));
  log.append(
    isCompacted
      ? { batch, previous, appendedBy: record }
      : identify(partition, replica, record, batch, previous, contradict),
  );
}

/** The entry that all logs share. */
function identify(
  partition: PartitionView,
  replica: ReplicaView,
  record: TraceRecord,
  batch: TracedBatch,
  previous: BatchEntry | null | undefined,
  contradict: Contradict,
): BatchEntry {
  const known = partition.entryOf(batch);
  if (known === undefined) {
    const entry = { batch, previous, appendedBy: record };
    partition.register(entry);
    return entry;
  }
  if (known.batch.hash !== batch.hash || known.batch.lastOffset !== batch.lastOffset) {
    contradict({
      name: 'batch-redefined',
      first: known.appendedBy,
      second: record,
      detail: `${replica.node} appends ${describeBatch(batch)} to ${partition.name}, which ${known.appendedBy.node} has otherwise`,
    });
    // Not the same: what was exposed of the other one is not in this log.
    return { batch, previous, appendedBy: record };
  }
  // What the policy has taken from a leader's log a follower cannot compare with it: it loses it next, whatever it was.
  if (batch.baseOffset <= partition.policyStart) return known;
  if (previous !== undefined && known.previous !== undefined && previous !== known.previous) {
    const behind = (entry: BatchEntry | null): string =>
      entry === null ? 'nothing' : describeBatch(entry.batch);
    contradict({
      name: 'log-mismatch',
      first: known.appendedBy,
      second: record,
      detail:
        `${replica.node} has ${describeBatch(batch)} of ${partition.name} behind ${behind(previous)}, and ` +
        `${known.appendedBy.node} behind ${behind(known.previous)}`,
    });
  }
  return known;
}

export function onReplicaTruncate(
  partition: PartitionView,
  replica: ReplicaView,
  record: TraceRecord,
  { endOffset }: Event<'replica-truncate'>,
  contradict: Contradict,
): void {
  const { log } = replica;
  if (replica.role === 'leader' && endOffset < log.endOffset) {
    contradict({
      name: 'leader-truncated-own-log',
      first: replica.roleRecord,
      second: record,
      detail: `${replica.node}, which leads ${partition.name}, truncates its log from offset ${log.endOffset} to ${endOffset}`,
    });
  }
  const isWhole = endOffset > log.endOffset || endOffset < log.startOffset;
  const removed = log.truncate(isWhole ? 0 : endOffset);
  replica.removed = isWhole ? [] : [...removed, ...replica.removed];
  if (isWhole) log.restart(endOffset);
  replica.reached = log.endOffset;
  replica.highWatermark = Math.min(replica.highWatermark, log.endOffset);
  judgeRemoved(partition, replica, record, removed, endOffset, contradict);
}

/** What the leader's log does not begin with any more may go; what was exposed otherwise may not. */
function judgeRemoved(
  partition: PartitionView,
  replica: ReplicaView,
  record: TraceRecord,
  removed: readonly BatchEntry[],
  endOffset: number,
  contradict: Contradict,
): void {
  for (const entry of removed) {
    const { baseOffset, lastOffset } = entry.batch;
    if (baseOffset >= partition.exposedEnd) return;
    if (lastOffset < endOffset || lastOffset < partition.policyStart || baseOffset < partition.cleanEnd)
      continue;
    const exposure = partition.exposureAt(baseOffset);
    if (exposure?.entry !== entry || exposure.epoch > replica.leaderEpoch) continue;
    contradict({
      name: 'exposed-record-truncated',
      first: exposure.record,
      second: record,
      detail:
        `${replica.node} removes ${describeBatch(entry.batch)} from ${partition.name}, which ${exposure.record.node} ` +
        `had exposed in leader epoch ${exposure.epoch}`,
    });
    return;
  }
}
