/**
 * Was every acknowledged write kept, and did the nodes agree in the end?
 *
 *     12  process 3  ok  write  key x  position {term 2, index 7}
 *     n1, n2, n3 at the end: commit index 9, index 7 is of term 3     → lost-commit
 *
 * Compares the history's acknowledged writes (every `ok` that is no read and carries a position) with the log of every
 * node as the trace leaves it. A node that is down at the end proves nothing and is named in the statistics. Of a
 * trace that ends before the history, only what was acknowledged before its end is judged.
 *
 * - `lost-commit`: the committed log of some running node holds another entry at that index; or no running node holds
 *   the entry at all, though they are a majority of the voters (with fewer, a node that is down may hold it: unknown);
 *   or two writes were acknowledged at the same place.
 * - `not-converged`: the commit index of a running node ends before an acknowledged write. Only writes count that
 *   were acknowledged `graceNs` before the end of the history, and only when all faults were over by then and a
 *   majority runs: a run that was cut short owes nothing. So the harness must end with all faults healed, a quiet period, and final reads.
 *
 * It reads nothing of what the operations did: that is for the workload's checkers.
 */
import type { History } from '../../harness/history/history.ts';
import type { Operation, Position } from '../../harness/history/operation.ts';
import { NS_PER_S, nsToS } from '../../harness/units.ts';
import type { Anomaly, Checker, CheckInput, Verdict } from '../checker.ts';
import { watchingChecker } from '../checker.ts';
import { FinalLogs } from './final-logs.ts';
import type { FinalLog } from './final-logs.ts';

const NAME = 'commit-loss';
/** Lost writes that are described; all are counted. */
const ANOMALIES_KEPT = 10;
const DEFAULT_GRACE_NS = NS_PER_S;
/** Functions that have a position and write nothing. */
const READS: ReadonlySet<string> = new Set(['read']);

export interface CommitLossOptions {
  /** A write acknowledged less than this before the end of the history need not have reached every node. */
  readonly graceNs?: number;
  /**
   * Nodes are processes of their own, and what they say travels: a client may hear of a write before its record has come. Then of a trace
   * without a node's stop it is not known whether its end is there, and a write that it lacks is not lost.
   */
  readonly recordsTravel?: boolean;
}

export function commitLoss(options: CommitLossOptions = {}): Checker {
  return watchingChecker(NAME, () => {
    const logs = new FinalLogs();
    return {
      observe: (record) => logs.observe(record),
      verdict: (input) => judge(input, logs, options),
    };
  });
}

interface AcknowledgedWrite {
  readonly completion: Operation;
  readonly invocation: Operation;
  readonly position: Position;
}

/** What the nodes were like at the end of the run. */
interface End {
  /** Of what both history and trace tell. */
  readonly time: number;
  readonly logs: FinalLogs;
  readonly nodes: readonly FinalLog[];
  /** Those that ran until the end: a stop that comes later is the end of the run. */
  readonly running: readonly FinalLog[];
  readonly voters: readonly string[];
  /** No record of a running node can be missing at the end of the trace. */
  readonly isComplete: boolean;
}

function endOf(history: History, logs: FinalLogs, recordsTravel: boolean): End {
  const historyEnd = history.operations.at(-1)?.time ?? Infinity;
  const { nodes, voters, lastTime } = logs;
  const running = nodes.filter(({ stop }) => stop === undefined || stop.time >= historyEnd);
  const isComplete = !recordsTravel || running.every(({ stop }) => stop !== undefined);
  return { time: Math.min(historyEnd, lastTime), logs, nodes, running, voters, isComplete };
}

function judge(input: CheckInput, logs: FinalLogs, options: CommitLossOptions): Verdict {
  const { graceNs = DEFAULT_GRACE_NS, recordsTravel = false } = options;
  const end = endOf(input.history, logs, recordsTravel);
  const { writes, withoutPosition } = acknowledgedWrites(input.history);
  const anomalies: Anomaly[] = [];
  let lost = 0;
  const undecided = new Map<Doubt, number>();
  const kept: AcknowledgedWrite[] = [];
  const found = (anomaly: () => Anomaly): void => {
    lost++;
    if (anomalies.length < ANOMALIES_KEPT) anomalies.push(anomaly());
  };
  const places = new Map<string, AcknowledgedWrite>();
  for (const write of writes) {
    const place = describePosition(write.position);
    const other = places.get(place);
    places.set(place, write);
    const fate = fateOf(write, end);
    if (fate.kind === 'lost') {
      found(() => lostCommit(write, end, fate.why));
    } else if (other !== undefined) {
      found(() => sharedPlace(other, write));
    } else if (fate.kind === 'undecided') {
      undecided.set(fate.doubt, (undecided.get(fate.doubt) ?? 0) + 1);
    } else {
      kept.push(write);
    }
  }
  const windows = input.history.faultWindows();
  const inForce = windows.filter(({ endTime }) => endTime === undefined);
  const isCalm = windows.every(({ endTime = Infinity }) => endTime <= end.time - graceNs);
  if (isCalm && majorityRuns(end)) anomalies.push(...notConverged(kept, end, graceNs));

  const verdict = {
    checker: NAME,
    anomalies,
    statistics: {
      acknowledgedWrites: writes.length,
      withoutPosition,
      lost,
      undecided: [...undecided.values()].reduce((sum, count) => sum + count, 0),
      commitIndexes: Object.fromEntries(end.nodes.map((log) => [log.node, log.commitIndex])),
      downNodes: end.nodes
        .filter((log) => !end.running.includes(log))
        .map((log) => `${log.node} (${log.stop?.reason ?? ''})`),
    },
  };
  if (anomalies.length > 0) return { ...verdict, valid: false };
  const unknown = (reason: string): Verdict => ({ ...verdict, valid: 'unknown', reason });
  if (logs.records === 0) {
    return unknown('The run has no trace of its nodes: check it with a system that writes one.');
  }
  if (writes.length === 0) {
    return unknown(
      withoutPosition === 0
        ? 'No write was acknowledged: nothing could be lost.'
        : `None of ${withoutPosition} acknowledged writes says where the system put it: report positions.`,
    );
  }
  const [[doubt, count] = []] = undecided;
  if (doubt !== undefined && count !== undefined) {
    const down = verdict.statistics.downNodes.join(', ');
    const reasons: Record<Doubt, string> = {
      down:
        `in no log that can be judged, because too many nodes are down at the end (${down}): ` +
        `let them restart before the run ends.`,
      'cut-off':
        `in no log, but the trace ends (at ${nsToS(end.time).toFixed(6)} s) before all that the nodes said by then: ` +
        `it is cut off, or more time is needed to read it.`,
      snapshot: `where only snapshots reach, and no log of the trace shows what they hold: its beginning is missing.`,
    };
    return unknown(`${count} acknowledged write${count === 1 ? ' is' : 's are'} ${reasons[doubt]}`);
  }
  if (inForce.length > 0) {
    return unknown(
      `The history ends with faults in force (${inForce.map((window) => window.description).join('; ')}), so ` +
        `whether the nodes converge is not known: let the run heal them.`,
    );
  }
  return { ...verdict, valid: true };
}

function acknowledgedWrites(history: History): { writes: AcknowledgedWrite[]; withoutPosition: number } {
  const writes: AcknowledgedWrite[] = [];
  let withoutPosition = 0;
  for (const { invocation, completion } of history.pairs()) {
    if (completion?.type !== 'ok' || READS.has(completion.f)) continue;
    if (completion.position === undefined) withoutPosition++;
    else writes.push({ invocation, completion, position: completion.position });
  }
  return { writes, withoutPosition };
}

/** Why it cannot be said whether a write was kept. */
type Doubt = 'down' | 'cut-off' | 'snapshot';
type Fate =
  | { readonly kind: 'kept' }
  | { readonly kind: 'undecided'; readonly doubt: Doubt }
  | { readonly kind: 'lost'; readonly why: string };

function fateOf({ position, completion }: AcknowledgedWrite, end: End): Fate {
  const { index } = position;
  let stored = false;
  let committed = false;
  let isUnderSnapshot = false;
  for (const log of end.running) {
    const term = end.logs.termAt(log, index);
    if (index > log.commitIndex) {
      if (term !== undefined && isSame(position, term)) stored = true;
    } else if (term === undefined) {
      isUnderSnapshot = true;
    } else if (isSame(position, term)) {
      committed = true;
    } else {
      return { kind: 'lost', why: `${log.node} has committed an entry of term ${term} there` };
    }
  }
  if (committed) return { kind: 'kept' };
  if (isUnderSnapshot) return { kind: 'undecided', doubt: 'snapshot' };
  if (!majorityRuns(end)) return { kind: 'undecided', doubt: 'down' };
  if (stored) return { kind: 'kept' };
  if (completion.time > end.time || !end.isComplete) return { kind: 'undecided', doubt: 'cut-off' };
  return { kind: 'lost', why: 'the log of no running node holds it' };
}

function majorityRuns({ nodes, running, voters }: End): boolean {
  const members = voters.length > 0 ? voters : nodes.map((log) => log.node);
  return running.filter((log) => members.includes(log.node)).length * 2 > members.length;
}

const isSame = (position: Position, term: number): boolean =>
  position.term === undefined || position.term === term;

function lostCommit(write: AcknowledgedWrite, end: End, why: string): Anomaly {
  const { invocation, completion, position } = write;
  return {
    name: 'lost-commit',
    explanation:
      `${describeWrite(write)} was acknowledged${completion.node === undefined ? '' : ` by ${completion.node}`} at ` +
      `${nsToS(completion.time).toFixed(6)} s as ${describePosition(position)}, and at the end of the run ${why}.`,
    operations: [invocation.index, completion.index],
    evidence: {
      position: { index: position.index, term: position.term ?? null },
      logs: end.nodes.map((log) => ({
        node: log.node,
        running: end.running.includes(log),
        commitIndex: log.commitIndex,
        lastIndex: log.lastIndex,
        termAtIndex: log.terms.get(position.index) ?? null,
      })),
    },
  };
}

/** Each command has an entry of its own, so one of the two has none. */
function sharedPlace(one: AcknowledgedWrite, other: AcknowledgedWrite): Anomaly {
  const second = describeWrite(other);
  return {
    name: 'lost-commit',
    explanation:
      `${describeWrite(one)} and ${second.charAt(0).toLowerCase()}${second.slice(1)} were both acknowledged as ` +
      `${describePosition(other.position)}, which is one entry: one of them is lost.`,
    operations: [one, other]
      .flatMap(({ invocation, completion }) => [invocation.index, completion.index])
      .sort((a, b) => a - b),
  };
}

function notConverged(kept: readonly AcknowledgedWrite[], end: End, graceNs: number): Anomaly[] {
  let last: AcknowledgedWrite | undefined;
  for (const write of kept) {
    if (write.completion.time > end.time - graceNs) continue;
    if (last === undefined || write.position.index > last.position.index) last = write;
  }
  if (last === undefined) return [];
  const { index } = last.position;
  const behind = end.running.filter((log) => log.commitIndex < index);
  if (behind.length === 0) return [];
  return [
    {
      name: 'not-converged',
      explanation:
        `${describeWrite(last)} was acknowledged at ${nsToS(last.completion.time).toFixed(6)} s as ` +
        `${describePosition(last.position)}. The run went on until ${nsToS(end.time).toFixed(6)} s with all faults ` +
        `healed, and ended with ${behind.map((log) => `${log.node} at commit index ${log.commitIndex}`).join(', ')}.`,
      operations: [last.invocation.index, last.completion.index],
      evidence: {
        acknowledgedIndex: index,
        commitIndexes: Object.fromEntries(end.running.map((log) => [log.node, log.commitIndex])),
      },
    },
  ];
}

function describeWrite({ invocation, completion }: AcknowledgedWrite): string {
  const key = invocation.key === undefined ? '' : ` of key ${JSON.stringify(invocation.key)}`;
  return `The ${invocation.f} ${JSON.stringify(invocation.value)}${key} (operation ${completion.index}, process ${completion.process})`;
}

function describePosition({ index, term }: Position): string {
  return term === undefined ? `index ${index}` : `index ${index} of term ${term}`;
}
