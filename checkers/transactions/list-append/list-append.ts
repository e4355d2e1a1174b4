/**
 * Judges transactions that append to lists and read them, by a consistency model (Kingsbury and Alvaro, *Elle:
 * Inferring Isolation Anomalies from Experimental Observations*).
 *
 *     listAppend({ consistencyModel: 'serializable' }).check({ history })
 *
 * Where all that the model forbids are anomalies of data and order alone, the verdict is exact for `serializable` and
 * `strict-serializable`: true means that an order of the transactions exists in which every read returns what
 * was appended before it, and for the latter one that keeps real time; docs/transactions.md says why.
 */
import type { Checker } from '../../checker.ts';
import { Pace } from '../../findings/pace.ts';
import { findCycles } from '../cycles.ts';
import { explainCycle, operationsOf } from '../explanation.ts';
import { Judgement } from '../judgement.ts';
import { FAILED, OK, parseTransactions, UNREAD, WRITE } from '../transaction.ts';
import type { Transactions } from '../transaction.ts';
import { dependencyGraph } from './dependencies.ts';
import { describeListDependency } from './describe-dependency.ts';
import { findDirectAnomalies } from './direct-anomalies.ts';
import { findVersionOrders } from './version-orders.ts';

export interface ListAppendOptions {
  /** The name of a consistency model, by which the history is judged. By default `strict-serializable`. */
  readonly consistencyModel?: string;
}

const NAME = 'list-append';

/** @throws HarnessError `unknown-name` for a model that is none */
export function listAppend({ consistencyModel = 'strict-serializable' }: ListAppendOptions = {}): Checker {
  new Judgement(NAME, consistencyModel);
  return {
    name: NAME,
    check: (input) => {
      const judgement = new Judgement(NAME, consistencyModel);
      const transactions = parseTransactions(input.history, 'list');
      const pace = new Pace(input, transactions.micro.count * 12);
      const counts = countOutcomes(transactions);
      const conclude = (statistics: { readonly [name: string]: number }, unknownBecause?: string) =>
        judgement.conclude({ statistics: { ...counts, ...statistics }, unknownBecause });

      const orders = findVersionOrders(transactions, pace);
      if (pace.isOverdue) return conclude({}, pace.reason);
      findDirectAnomalies(transactions, orders, judgement, pace);
      if (pace.isOverdue) return conclude({}, pace.reason);
      const graph = dependencyGraph(transactions, orders);
      const search = findCycles(graph, { ...(input.isOverdue && { isOverdue: input.isOverdue }) });
      judgement.tellCycles(search, (cycle) =>
        explainCycle(transactions, cycle, (step, from, to) =>
          describeListDependency(transactions, orders, step, from, to),
        ),
      );
      for (const members of search.unclassified) {
        judgement.tell('unclassified-cycle', () => ({
          explanation: `${members.length} transactions depend on each other in cycles, which the time did not suffice to tell.`,
          operations: operationsOf(transactions, [...members.slice(0, 100)]),
        }));
      }
      const late =
        search.unclassified.length > 0
          ? 'the time budget ended before all cycles were told apart: allow more time'
          : undefined;
      return conclude({ edges: graph.edgeTo.length }, late ?? whyVacuous(counts));
    },
  };
}

type Counts = ReturnType<typeof countOutcomes>;

function countOutcomes({ count, outcome, micro, keys }: Transactions) {
  // Local numbers: these loops run once, and are not compiled before their end.
  let [ok, failed, reads, appends] = [0, 0, 0, 0];
  for (let t = 0; t < count; t++) {
    if (outcome[t] === OK) ok++;
    else if (outcome[t] === FAILED) failed++;
  }
  const { kind, value } = micro;
  for (let m = 0; m < micro.count; m++) {
    if (kind[m] === WRITE) appends++;
    else if (value[m] !== UNREAD) reads++;
  }
  const unknown = count - ok - failed;
  return { transactions: count, ok, failed, unknown, keys: keys.length, reads, appends };
}

function whyVacuous({ transactions, reads, appends }: Counts): string | undefined {
  if (transactions === 0)
    return 'no operation is a transaction, so nothing was judged: choose another checker';
  if (reads === 0) return 'no read completed, so nothing was judged: run longer, or with fewer faults';
  if (appends === 0) return 'nothing was appended, so nothing was judged: let the workload append';
  return undefined;
}
