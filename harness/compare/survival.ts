/**
 * Survival: when f nodes are gone for good, what is left? Asked while they are gone, before anything is healed.
 *
 * A record is there when the log of a leader that runs has it (the checker `offset-loss` looks); a partition takes writes when it
 * acknowledged a send that began in the last two seconds.
 */
import { offsetLoss } from '../../checkers/offset-loss/index.ts';
import { History } from '../history/history.ts';
import { sToNs } from '../units.ts';
import type { ObservedRun } from './observed-run.ts';
import { partitionsOf, sendsOf } from './sends.ts';

const LAST_S = 2;

export interface Survival {
  readonly acknowledged: number;
  readonly kept: number;
  /** There, perhaps, but nobody leads their partition. The rest is lost. */
  readonly unreachable: number;
  readonly partitions: number;
  /** Of these: that still take writes. */
  readonly writing: number;
}

export function survivalOf({ history, trace, phases }: ObservedRun): Survival {
  const before = new History(history.operations.slice(0, phases.healIndex));
  const records = trace.filter(({ time }) => time < phases.healTime);
  const verdict = offsetLoss().check({ history: before, trace: records });
  const { acknowledged, kept, undecided } = verdict.statistics as Readonly<
    Record<'acknowledged' | 'kept' | 'undecided', number>
  >;
  const sends = sendsOf(before);
  const fromNs = phases.healTime - sToNs(LAST_S);
  const late = sends.filter(
    ({ invokedNs, acknowledgedNs }) => invokedNs >= fromNs && acknowledgedNs !== null,
  );
  return {
    acknowledged,
    kept,
    unreachable: undecided,
    partitions: partitionsOf(sends).length,
    writing: partitionsOf(late).length,
  };
}
