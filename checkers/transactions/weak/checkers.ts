/**
 * Checks of the levels below snapshot isolation, on registers (`["w", k, v]`) and lists (`["append", k, v]`), fast and
 * without a search: each level says what must come before what, and the level holds exactly if that has no cycle.
 *
 *     readCommitted({ dataType: 'register' }).check({ history })
 *
 * By Biswas and Enea's definitions, which count sessions: transactions of one process commit in its order. What is
 * unknown is not counted: a transaction in doubt counts only once somebody read from it, and a value that several can
 * have written says nothing. Real time is not looked at.
 */
import type { CheckInput, Checker, Verdict } from '../../checker.ts';
import { Findings } from '../../findings/findings.ts';
import { Pace } from '../../findings/pace.ts';
import { parseTransactions } from '../transaction.ts';
import type { DataType } from '../transaction.ts';
import { inferCausal } from './causal.ts';
import { CommitOrder } from './commit-order.ts';
import { explainCycle, explainFault, nameCycle } from './explain.ts';
import { listView } from './list-view.ts';
import { inferReadAtomic } from './read-atomic.ts';
import { inferReadCommitted } from './read-committed.ts';
import { registerView } from './register-view.ts';
import { NO_SOURCE } from './view.ts';

export interface WeakOptions {
  /** What is read: a value, or a list. By default what the writes of the history are. */
  readonly dataType?: DataType;
}

/** @returns figures for the statistics */
type Infer = (order: CommitOrder, pace: Pace) => { readonly [name: string]: number };

/** Passes over the history, for the share done. */
const PASSES = 4;

/** No transaction goes back behind what it has read from; nothing aborted or intermediate is read. */
export function readCommitted(options: WeakOptions = {}): Checker {
  return weakChecker('read-committed', options, false, (order, pace) => {
    inferReadCommitted(order, pace);
    return {};
  });
}

/** All writes of a transaction are seen or none, those of the own session before included. */
export function readAtomic(options: WeakOptions = {}): Checker {
  return weakChecker('read-atomic', options, true, (order, pace) => {
    inferReadAtomic(order, pace);
    return {};
  });
}

/** Read atomic, and whoever sees a transaction sees all that it saw. */
export function causalConsistency(options: WeakOptions = {}): Checker {
  return weakChecker('causal', options, true, (order, pace) => ({ chains: inferCausal(order, pace) }));
}

function weakChecker(name: string, { dataType }: WeakOptions, isRepeatable: boolean, infer: Infer): Checker {
  return {
    name,
    check: (input) => judge(name, input, dataType ?? guessDataType(input), isRepeatable, infer),
  };
}

function judge(
  name: string,
  input: CheckInput,
  dataType: DataType,
  isRepeatable: boolean,
  infer: Infer,
): Verdict {
  const { history } = input;
  const pace = new Pace(input, history.length * PASSES);
  const transactions = parseTransactions(history, dataType);
  const view = dataType === 'list' ? listView(transactions) : registerView(transactions);
  const findings = new Findings();
  view.faults.forEach((fault) => {
    const describe = () => explainFault(transactions, fault);
    if (fault.name !== 'non-repeatable') findings.add(fault.name, describe);
    else if (isRepeatable) findings.add('NonRepeatableRead', describe);
    else findings.addAllowed('NonRepeatableRead', describe);
  });
  const order = new CommitOrder(view);
  const figures = infer(order, pace);
  for (const step of order.beforeInitial)
    findings.add(nameCycle(order, [step]), () => explainCycle(order, [step]));
  const { found, components } = order.cycles();
  for (const cycle of found) findings.add(nameCycle(order, cycle), () => explainCycle(order, cycle));
  const reads = view.source.reduce((count, source) => (source === NO_SOURCE ? count : count + 1), 0);
  return findings.conclude(name, {
    statistics: {
      transactions: transactions.count,
      committed: view.isCommitted.reduce((sum, committed) => sum + committed, 0),
      reads,
      ambiguousReads: view.ambiguousReads,
      ambiguousValues: view.ambiguousValues,
      beforeInitial: order.beforeInitialCount,
      edges: order.edgeCount,
      cyclicComponents: components,
      ...figures,
    },
    unknownBecause:
      pace.reason ??
      (reads === 0
        ? 'no read tells whom it read from, so nothing was judged: run longer, or write every value once'
        : undefined),
  });
}

/** By the first write. */
function guessDataType({ history }: CheckInput): DataType {
  for (const { value } of history.operations) {
    if (!Array.isArray(value)) continue;
    for (const micro of value as readonly unknown[]) {
      if (!Array.isArray(micro)) continue;
      if (micro[0] === 'append') return 'list';
      if (micro[0] === 'w') return 'register';
    }
  }
  return 'register';
}
