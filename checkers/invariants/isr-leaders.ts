/** Roles, ISRs and high watermarks: who leads, what leaders expose, and what each later leader must have. */
import type { ReplicaEvent } from '../../harness/history/replica-trace.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import { nsToS } from '../../harness/units.ts';
import { describeBatch } from './isr-describe.ts';
import type { Contradict, Exposure, LeaderElection, PartitionView, ReplicaView } from './isr-views.ts';

type Event<K extends ReplicaEvent['kind']> = Extract<ReplicaEvent, { kind: K }>;

export interface IsrContext {
  /** Whether records of different nodes come in the order of the run. */
  readonly globalOrder: boolean;
  readonly contradict: Contradict;
}

export function onReplicaRole(
  { contradict }: IsrContext,
  partition: PartitionView,
  replica: ReplicaView,
  record: TraceRecord,
  { role, leaderEpoch, isUnclean }: Event<'replica-role'>,
): void {
  if (leaderEpoch < replica.leaderEpoch) {
    contradict({
      name: 'leader-epoch-went-back',
      first: replica.roleRecord,
      second: record,
      detail: `${replica.node} goes back in ${partition.name} from leader epoch ${replica.leaderEpoch} to ${leaderEpoch}`,
    });
  }
  const stillLeads = replica.role === 'leader' && replica.leaderEpoch === leaderEpoch;
  replica.reached =
    leaderEpoch === replica.leaderEpoch
      ? Math.max(replica.reached, replica.log.endOffset)
      : replica.log.endOffset;
  replica.role = role;
  replica.leaderEpoch = leaderEpoch;
  replica.roleRecord = record;
  if (role !== 'leader' || stillLeads) return;
  if (isUnclean === true) forgetExposures(partition, replica, leaderEpoch);
  onElection(contradict, partition, replica, record, leaderEpoch);
}

/** What an unclean leader lacks is gone, by the operator's own choice. */
function forgetExposures(partition: PartitionView, { log }: ReplicaView, epoch: number): void {
  partition.uncleanEpoch = Math.max(partition.uncleanEpoch, epoch);
  const cut = partition.exposed.findIndex(({ entry }) => log.find(entry.batch.baseOffset) !== entry);
  if (cut !== -1) partition.exposed.length = cut;
}

function onElection(
  contradict: Contradict,
  partition: PartitionView,
  replica: ReplicaView,
  record: TraceRecord,
  epoch: number,
): void {
  const known = partition.elections.get(epoch);
  if (known !== undefined && known.node !== replica.node) {
    contradict({
      name: 'two-leaders-in-an-epoch',
      first: known.record,
      second: record,
      detail: `${known.node} and ${replica.node} both lead ${partition.name} in leader epoch ${epoch}`,
    });
    return;
  }
  judgeCompleteness(contradict, partition, replica, record, epoch);
  const { log } = replica;
  const matchedEnd = Math.min(partition.exposedEnd, log.endOffset);
  replica.exposedTo = matchedEnd;
  partition.rememberElection({
    epoch,
    node: replica.node,
    record,
    matchedEnd,
    startOffset: log.startOffset,
    endOffset: log.endOffset,
    suffix: log.between(matchedEnd, Infinity),
  });
}

/** The leader's log against what was exposed in earlier epochs. What it lacks is told once, and then counts as gone. */
function judgeCompleteness(
  contradict: Contradict,
  partition: PartitionView,
  replica: ReplicaView,
  record: TraceRecord,
  epoch: number,
): void {
  const { exposed } = partition;
  const mustHave = exposed.findLastIndex((exposure) => exposure.epoch < epoch);
  const isIn = (exposure: Exposure): boolean => holds(partition, replica, exposure);
  // Logs that hold the same batch are the same before it: that is judged on its own.
  const latest = exposed[mustHave];
  if (latest === undefined || isIn(latest)) return;
  const missing = exposed.findIndex((exposure, i) => i <= mustHave && !isIn(exposure));
  const first = exposed[missing];
  if (first === undefined) return;
  contradict({
    name: 'leader-incomplete',
    first: first.record,
    second: record,
    detail:
      `${replica.node} leads ${partition.name} in leader epoch ${epoch} without ${describeBatch(first.entry.batch)}, which ` +
      `${first.record.node} had exposed in leader epoch ${first.epoch}: ${whyMissing(replica, first)}`,
  });
  exposed.length = missing;
}

function holds(partition: PartitionView, { log }: ReplicaView, { entry }: Exposure): boolean {
  const { baseOffset, lastOffset } = entry.batch;
  if (baseOffset < partition.cleanEnd || lastOffset < log.startOffset) return true;
  return log.find(baseOffset) === entry;
}

function whyMissing({ log, lostBy, node }: ReplicaView, { entry }: Exposure): string {
  const own = log.find(entry.batch.baseOffset);
  if (own !== undefined) return `its log has ${describeBatch(own.batch)} there`;
  const ended = `its log ends at offset ${log.endOffset}`;
  if (lostBy === undefined) return ended;
  return `${ended}, after ${node} restarted at ${nsToS(lostBy.time).toFixed(6)} s with less than it had had`;
}

export function onReplicaIsr(
  { contradict, globalOrder }: IsrContext,
  partition: PartitionView,
  replica: ReplicaView,
  record: TraceRecord,
  { isr, proposed, partitionEpoch }: Event<'replica-isr'>,
): void {
  if (partitionEpoch < replica.partitionEpoch) {
    contradict({
      name: 'partition-epoch-went-back',
      first: replica.isrRecord,
      second: record,
      detail: `${replica.node} goes back in ${partition.name} from partition epoch ${replica.partitionEpoch} to ${partitionEpoch}`,
    });
  }
  const known = partition.isrs.get(partitionEpoch);
  if (known === undefined) {
    partition.rememberIsr(partitionEpoch, isr, record);
  } else if (!sameMembers(known.isr, isr)) {
    contradict({
      name: 'isr-redefined',
      first: known.record,
      second: record,
      detail:
        `at partition epoch ${partitionEpoch} the ISR of ${partition.name} is ${known.isr.join(', ')} by ${known.record.node}, and ` +
        `${isr.join(', ')} by ${replica.node}`,
    });
  }
  if (globalOrder && replica.role === 'leader' && proposed !== null) {
    judgeJoins(contradict, partition, replica, record, proposed);
  }
  replica.partitionEpoch = partitionEpoch;
  replica.isr = isr;
  replica.proposed = proposed;
  replica.isrRecord = record;
}

/** Members that a leader proposes to the controller. */
function judgeJoins(
  contradict: Contradict,
  partition: PartitionView,
  leader: ReplicaView,
  record: TraceRecord,
  members: readonly string[],
): void {
  const known = new Set([leader.node, ...leader.isr, ...(leader.proposed ?? [])]);
  const start = partition.elections.get(leader.leaderEpoch)?.endOffset ?? 0;
  const needed = Math.max(start, leader.highWatermark);
  for (const member of members) {
    if (known.has(member)) continue;
    const replica = partition.replicas.get(member);
    if (replica !== undefined && replica.leaderEpoch > leader.leaderEpoch) continue;
    const reached = replica?.leaderEpoch === leader.leaderEpoch ? replica.reached : 0;
    if (reached >= needed) continue;
    contradict({
      name: 'joined-isr-early',
      first: replica?.roleRecord,
      second: record,
      detail:
        `${leader.node} lets ${member} into the ISR of ${partition.name}, which has come to offset ${reached} in leader epoch ` +
        `${leader.leaderEpoch}: the high watermark is ${leader.highWatermark}, and the leader began with ${start}`,
    });
    return;
  }
}

const sameMembers = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((member) => b.includes(member));

export function onReplicaHighWatermark(
  context: IsrContext,
  partition: PartitionView,
  replica: ReplicaView,
  record: TraceRecord,
  { offset, leaderEpoch }: Event<'replica-high-watermark'>,
): void {
  const { contradict } = context;
  const { log, node, highWatermark } = replica;
  if (offset > log.endOffset) {
    contradict({
      name: 'high-watermark-beyond-log',
      first: log.last?.appendedBy,
      second: record,
      detail: `${node} raises the high watermark of ${partition.name} to ${offset}, and its log ends at offset ${log.endOffset}`,
    });
  }
  const leads = replica.role === 'leader' && replica.leaderEpoch === leaderEpoch;
  if (leads && offset < highWatermark) {
    contradict({
      name: 'high-watermark-went-back',
      first: replica.highWatermarkRecord,
      second: record,
      detail: `the high watermark of ${node}, which leads ${partition.name}, goes back from ${highWatermark} to ${offset}`,
    });
  }
  if (leads) {
    if (context.globalOrder) judgeMembers(contradict, partition, replica, record, offset);
    expose(contradict, partition, replica, record, offset);
  }
  replica.highWatermark = leads ? Math.max(highWatermark, offset) : offset;
  replica.highWatermarkRecord = record;
}

/** Every member of the maximal ISR has fetched, in this leader epoch, what the high watermark counts. */
function judgeMembers(
  contradict: Contradict,
  partition: PartitionView,
  leader: ReplicaView,
  record: TraceRecord,
  offset: number,
): void {
  for (const member of new Set([...leader.isr, ...(leader.proposed ?? [])])) {
    if (member === leader.node) continue;
    const replica = partition.replicas.get(member);
    // One that follows a later leader had what it has of this one before.
    const isIn = replica !== undefined && replica.leaderEpoch >= leader.leaderEpoch;
    const reached = isIn ? replica.reached : 0;
    if (reached >= offset || (isIn && replica.leaderEpoch > leader.leaderEpoch)) continue;
    contradict({
      name: 'high-watermark-beyond-isr',
      first: leader.isrRecord,
      second: record,
      detail:
        `${leader.node} raises the high watermark of ${partition.name} to ${offset}, and ${member}, a member of the ` +
        `${leader.isr.includes(member) ? 'ISR' : 'ISR that it proposes'}, ` +
        (isIn ? `has come to offset ${reached}` : `does not follow leader epoch ${leader.leaderEpoch} yet`),
    });
    return;
  }
}

/** What lies below `endOffset` in the leader's log is shown to the world, from now on and for ever. */
export function expose(
  contradict: Contradict,
  partition: PartitionView,
  leader: ReplicaView,
  record: TraceRecord,
  endOffset: number,
): void {
  const epoch = leader.leaderEpoch;
  const from = Math.max(leader.exposedTo, leader.log.startOffset);
  leader.exposedTo = Math.max(from, endOffset);
  for (const entry of leader.log.between(from, endOffset)) {
    const { baseOffset } = entry.batch;
    if (baseOffset >= partition.exposedEnd) {
      const exposure: Exposure = { entry, epoch, record };
      partition.exposed.push(exposure);
      judgeLaterLeaders(contradict, partition, exposure, record);
      continue;
    }
    const known = partition.exposureAt(baseOffset);
    if (known === undefined || baseOffset < partition.cleanEnd) continue;
    if (known.entry === entry) {
      if (epoch >= known.epoch) continue;
      known.epoch = epoch;
      known.record = record;
      judgeLaterLeaders(contradict, partition, known, record);
      continue;
    }
    contradict({
      name: 'exposed-records-differ',
      first: known.record,
      second: record,
      detail:
        `${leader.node} exposes ${describeBatch(entry.batch)} of ${partition.name} in leader epoch ${epoch}, and ` +
        `${known.record.node} exposed ${describeBatch(known.entry.batch)} there in leader epoch ${known.epoch}`,
    });
    return;
  }
}

/** The election of a later leader may be the earlier record: of another node, or of one that led on without knowing. */
function judgeLaterLeaders(
  contradict: Contradict,
  partition: PartitionView,
  exposure: Exposure,
  record: TraceRecord,
): void {
  if (exposure.epoch >= partition.highestEpoch || exposure.epoch < partition.uncleanEpoch) return;
  for (const election of partition.elections.values()) {
    if (election.epoch <= exposure.epoch || hadBatch(partition, election, exposure)) continue;
    contradict({
      name: 'leader-incomplete',
      first: election.record,
      second: record,
      detail:
        `${record.node} exposes ${describeBatch(exposure.entry.batch)} of ${partition.name} in leader epoch ${exposure.epoch}, which ` +
        `${election.node} did not have when it began to lead in epoch ${election.epoch}: its log ended at offset ${election.endOffset}`,
    });
    return;
  }
}

function hadBatch(partition: PartitionView, election: LeaderElection, { entry }: Exposure): boolean {
  const { baseOffset, lastOffset } = entry.batch;
  if (baseOffset < election.matchedEnd || baseOffset < partition.cleanEnd) return true;
  return lastOffset < election.startOffset || election.suffix.includes(entry);
}

export function onReplicaAcknowledge(
  { contradict }: IsrContext,
  partition: PartitionView,
  replica: ReplicaView,
  record: TraceRecord,
  { acks, baseOffset, lastOffset }: Event<'replica-acknowledge'>,
): void {
  if (acks !== -1 || replica.highWatermark > lastOffset) return;
  contradict({
    name: 'acknowledged-before-exposed',
    first: replica.highWatermarkRecord,
    second: record,
    detail:
      `${replica.node} acknowledges offsets ${baseOffset} to ${lastOffset} of ${partition.name} under acks=-1, and its high watermark ` +
      `is ${replica.highWatermark}`,
  });
  expose(contradict, partition, replica, record, lastOffset + 1);
}
