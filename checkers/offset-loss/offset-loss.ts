/**
 * Is every offset that a send was acknowledged at still there, with what was sent?
 *
 *     send 7 to t0-1, ok, offset 3 · n2 leads t0-1 at the end of the run, its log ends at offset 3: lost-offset
 *
 * Compares the history's acknowledged sends with the log of whoever leads each partition at the end of the trace.
 *
 * - `lost-offset`: the last leader's log ends before the offset, or has another batch there than the one that was acknowledged, or two sends
 *   were acknowledged at it. Without acks=-1 that is allowed: it is counted, and told as a note.
 * - `not-converged`: a follower of the last leader ends before an offset that was acknowledged a second or more before the end, with all faults
 *   over by then.
 *
 * What each of three judges proves: this one, that offsets are there at the end, whether or not anybody polled them; the invariants `isr`, that every
 * leader in between had them, too; the checker `log`, that consumers got the very values. A batch is compared by its checksum, so this one does
 * not see a broker that stored something else than was sent: `log` does (content-mismatch).
 *
 * Offsets that are gone by policy, and below where a log was compacted, are not judged. Where the last leader is down at the end, or the trace
 * may lack the end of its log, it is unknown.
 */
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { NS_PER_S } from '../../harness/units.ts';
import { type Checker, type CheckInput, type Verdict, watchingChecker } from '../checker.ts';
import { Findings, indexesOf, listOf, show } from '../findings/findings.ts';
import { describeBatch } from '../invariants/isr-describe.ts';
import { type FinalPartition, FinalPartitions, type FinalReplica } from './final-partitions.ts';

const NAME = 'offset-loss';
const DEFAULT_GRACE_NS = NS_PER_S;

export interface OffsetLossOptions {
  /** Without `all` losses are expected: notes with counts. Default `all`. */
  readonly acks?: 'all' | 'leader' | 'none';
  /** A send acknowledged less than this before the end need not have reached every follower. Nanoseconds. */
  readonly graceNs?: number;
  /**
   * Brokers are processes of their own, and what they say travels (as in commit-loss): without a broker's stop in the trace it is not known
   * whether the end of its log is there, and an offset behind that end is not lost.
   */
  readonly recordsTravel?: boolean;
}

export function offsetLoss(options: OffsetLossOptions = {}): Checker {
  return watchingChecker(NAME, () => {
    const partitions = new FinalPartitions();
    return {
      observe: (record) => partitions.observe(record),
      verdict: (input) => judge(input, partitions, options),
    };
  });
}

interface Acknowledged {
  readonly partition: string;
  readonly offset: number;
  readonly value: Json;
  readonly invocation: Operation;
  readonly completion: Operation;
}

function judge({ history }: CheckInput, partitions: FinalPartitions, options: OffsetLossOptions): Verdict {
  const { acks = 'all', graceNs = DEFAULT_GRACE_NS, recordsTravel = false } = options;
  const findings = new Findings();
  const sends = acknowledgedSends(history);
  const tell = (name: string, send: Acknowledged, how: string, other?: Acknowledged): void => {
    const describe = () => ({
      explanation:
        `The send of ${show(send.value)} to ${send.partition} was acknowledged at offset ${send.offset}, in operation ` +
        `${send.completion.index}, and ${how}.`,
      operations: indexesOf(send.invocation, send.completion, other?.invocation, other?.completion),
    });
    if (acks === 'all') findings.add(name, describe);
    else findings.addAllowed(name, describe);
  };
  const endTime = history.operations.at(-1)?.time ?? Infinity;
  const isDown = (node: string): boolean => (partitions.stops.get(node) ?? Infinity) < endTime;
  const isWhole = (node: string): boolean => !recordsTravel || partitions.stops.has(node);
  const places = new Map<string, Acknowledged>();
  /** Where another batch is than the first that was acknowledged: a later send that was acknowledged there may be the one that is kept. */
  const replaced = new Set<string>();
  const last = new Map<string, Acknowledged>();
  const counts = { acknowledged: sends.length, kept: 0, goneByPolicy: 0, undecided: 0, cutOff: 0 };
  for (const send of sends) {
    const place = `${send.partition} ${send.offset}`;
    const other = places.get(place);
    places.set(place, send);
    if (other !== undefined && show(other.value) !== show(send.value) && !replaced.delete(place)) {
      tell('lost-offset', send, `so was ${show(other.value)}, in operation ${other.completion.index}`, other);
      continue;
    }
    const partition = partitions.get(send.partition);
    const leader = partition?.leader;
    if (partition === undefined || leader === undefined || isDown(leader.node)) {
      counts.undecided++;
      continue;
    }
    if (send.offset < leader.log.startOffset || send.offset < partition.cleanEnd) {
      counts.goneByPolicy++;
      continue;
    }
    if (send.offset >= leader.log.endOffset && !isWhole(leader.node)) {
      counts.cutOff++;
      continue;
    }
    const how = other === undefined ? whyLost(send, partition, leader) : whyBehind(send, leader);
    if (how !== null) {
      if (send.offset < leader.log.endOffset) replaced.add(place);
      tell('lost-offset', send, how);
      continue;
    }
    counts.kept++;
    const before = last.get(send.partition);
    if (send.completion.time <= endTime - graceNs && send.offset > (before?.offset ?? -1)) {
      last.set(send.partition, send);
    }
  }
  const windows = history.faultWindows();
  const isCalm = windows.every(({ endTime: ended = Infinity }) => ended <= endTime - graceNs);
  if (isCalm && acks === 'all') {
    for (const send of last.values()) {
      const behind = behindOf(
        partitions.get(send.partition),
        send.offset,
        (node) => !isDown(node) && isWhole(node),
      );
      if (behind.length > 0) tell('not-converged', send, `at the end ${behind.join(' and ')}`);
    }
  }
  return findings.conclude(NAME, { statistics: counts, unknownBecause: whyUnknown(counts, partitions) });
}

function acknowledgedSends(history: History): Acknowledged[] {
  const sends: Acknowledged[] = [];
  for (const { invocation, completion } of history.pairs()) {
    if (completion?.type !== 'ok' || (completion.f !== 'send' && completion.f !== 'txn')) continue;
    for (const micro of listOf(completion.value)) {
      const [f, partition, answer] = listOf(micro);
      const [offset, value = null] = listOf(answer);
      if (f !== 'send' || typeof partition !== 'string' || typeof offset !== 'number' || offset < 0) continue;
      sends.push({ partition, offset, value, invocation, completion });
    }
  }
  return sends;
}

const leading = ({ node, leaderEpoch }: FinalReplica): string =>
  `the log of ${node}, which leads at the end, in leader epoch ${leaderEpoch},`;

/** Null where the log reaches it. */
function whyBehind({ offset }: Acknowledged, leader: FinalReplica): string | null {
  const { endOffset } = leader.log;
  return offset >= endOffset ? `${leading(leader)} ends at offset ${endOffset}` : null;
}

/** Null where it is there. */
function whyLost(send: Acknowledged, partition: FinalPartition, leader: FinalReplica): string | null {
  const { offset } = send;
  const { log } = leader;
  const behind = whyBehind(send, leader);
  if (behind !== null) return behind;
  const there = log.find(offset)?.batch;
  const acknowledged = partition.acknowledged.get(offset);
  // What the trace does not show is taken for what it should be.
  if (there === undefined || acknowledged === undefined) return null;
  if (there.hash === acknowledged.hash && there.leaderEpoch === acknowledged.leaderEpoch) return null;
  return `${leading(leader)} has ${describeBatch(there)} there, and not ${describeBatch(acknowledged)} as it was acknowledged`;
}

function behindOf(
  partition: FinalPartition | undefined,
  offset: number,
  isSeen: (node: string) => boolean,
): string[] {
  const leader = partition?.leader;
  if (partition === undefined || leader === undefined) return [];
  return [...partition.replicas.values()]
    .filter(
      ({ node, role, leaderEpoch, log }) =>
        role === 'follower' && leaderEpoch === leader.leaderEpoch && isSeen(node) && log.endOffset <= offset,
    )
    .map(({ node, log }) => `${node}, which follows, ends at offset ${log.endOffset}`);
}

function whyUnknown(
  { acknowledged, undecided, cutOff }: Readonly<Record<'acknowledged' | 'undecided' | 'cutOff', number>>,
  { records }: FinalPartitions,
): string | undefined {
  // Who sends nothing has nothing to lose: another checker says whether that proves anything.
  if (acknowledged === 0) return undefined;
  if (records === 0) return 'The run has no trace of replicas: check it with a system that writes one.';
  if (cutOff > 0) {
    return `${cutOff} acknowledged sends are behind what the trace shows of their leader's log, and the trace lacks its end: let the run end.`;
  }
  if (undecided === 0) return undefined;
  return `${undecided} acknowledged sends are in partitions whose last leader is down at the end: let it restart before the run ends.`;
}
