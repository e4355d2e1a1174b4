/**
 * Was every acknowledged write kept, and did the nodes agree in the end?
 *
 *     12  process 3  ok  write  key x  position {term 2, index 7}
 *     n1, n2, n3 at the end: commit index 9, index 7 is of term 3     → lost-commit
 *
 * Compares the history's acknowledged writes (every `ok` that is no read and carries a position) with the log of every
 * node as the trace leaves it. A node that is down at the end proves nothing and is named in the statistics.
 *
 * - `lost-commit`: the committed log of some running node holds another entry at that index; or no running node holds
 *   the entry at all, though they are a majority of the voters (with fewer, a node that is down may hold it: unknown).
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
}

export function commitLoss(options: CommitLossOptions = {}): Checker {
  return watchingChecker(NAME, () => {
    const logs = new FinalLogs();
    return {
      observe: (record) => logs.observe(record),
      verdict: (input) => judge(input, logs, options.graceNs ?? DEFAULT_GRACE_NS),
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
  readonly time: number;
  readonly nodes: readonly FinalLog[];
  /** Those that ran until the end: a stop that comes later is the end of the run. */
  readonly running: readonly FinalLog[];
  readonly voters: readonly string[];
}

function endOf(history: History, logs: FinalLogs): End {
  const time = history.operations.at(-1)?.time ?? Infinity;
  const { nodes, voters } = logs;
  const running = nodes.filter(({ stop }) => stop === undefined || stop.time >= time);
  return { time, nodes, running, voters };
}

function judge(input: CheckInput, logs: FinalLogs, graceNs: number): Verdict {
  const end = endOf(input.history, logs);
  const { writes, withoutPosition } = acknowledgedWrites(input.history);
  const anomalies: Anomaly[] = [];
  let lost = 0;
  let undecided = 0;
  const kept: AcknowledgedWrite[] = [];
  for (const write of writes) {
    const fate = fateOf(write, end);
    if (fate.kind === 'lost') {
      lost++;
      if (anomalies.length < ANOMALIES_KEPT) anomalies.push(lostCommit(write, end, fate.why));
    } else if (fate.kind === 'undecided') {
      undecided++;
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
      undecided,
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
  if (undecided > 0) {
    return unknown(
      `${undecided} acknowledged writes are in no log that can be judged, because too many nodes are down at the ` +
        `end (${verdict.statistics.downNodes.join(', ')}): let them restart before the run ends.`,
    );
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

type Fate = { readonly kind: 'kept' | 'undecided' } | { readonly kind: 'lost'; readonly why: string };

function fateOf({ position }: AcknowledgedWrite, end: End): Fate {
  const { index } = position;
  let stored = false;
  let committed = false;
  for (const log of end.running) {
    const term = termAt(log, end, index);
    if (index > log.commitIndex) {
      if (term !== undefined && isSame(position, term)) stored = true;
    } else if (term === undefined || isSame(position, term)) {
      // Without a term it is in a snapshot, and no log shows it any more.
      committed = true;
    } else {
      return { kind: 'lost', why: `${log.node} has committed an entry of term ${term} there` };
    }
  }
  if (committed) return { kind: 'kept' };
  if (!majorityRuns(end)) return { kind: 'undecided' };
  return stored ? { kind: 'kept' } : { kind: 'lost', why: 'the log of no running node holds it' };
}

function majorityRuns({ nodes, running, voters }: End): boolean {
  const members = voters.length > 0 ? voters : nodes.map((log) => log.node);
  return running.filter((log) => members.includes(log.node)).length * 2 > members.length;
}

const isSame = (position: Position, term: number): boolean =>
  position.term === undefined || position.term === term;

/** In the node's own log; for what a snapshot replaced, in the committed log of another node. */
function termAt(log: FinalLog, end: End, index: number): number | undefined {
  const own = log.terms.get(index);
  if (own !== undefined || index > log.commitIndex) return own;
  for (const other of end.nodes) {
    const term = index <= other.commitIndex ? other.terms.get(index) : undefined;
    if (term !== undefined) return term;
  }
  return undefined;
}

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
