/**
 * Judges transactions that write registers and read them, by a consistency model. Every value should be written to a
 * key once; one that several transactions can have written tells nothing, and the statistics say how many there are.
 *
 *     rwRegister({ consistencyModel: 'snapshot-isolation', sequentialKeys: true }).check({ history })
 *
 * Registers do not show the order of their versions, as lists do. What is known of it without an assumption is that the
 * initial state, null, comes first; the rest is assumed by the options, as in Elle (version-graph.ts has the rules). So
 * what is found is there, if the assumptions hold; more may be that is not found.
 *
 * Besides cycles: `garbage-read`, `G1a`, `G1b`, `internal`, `future-read`, `lost-update`, `dirty-update`,
 * `cyclic-versions` (an assumption does not hold).
 */
import { int32Column } from '../columns.ts';
import type { Checker } from '../../checker.ts';
import { Pace } from '../../findings/pace.ts';
import { findCycles } from '../cycles.ts';
import { explainCycle, operationsOf } from '../explanation.ts';
import { Judgement } from '../judgement.ts';
import { FAILED, OK, keyName, parseTransactions } from '../transaction.ts';
import type { Transactions } from '../transaction.ts';
import { NONE } from '../value-codes.ts';
import { explainFault } from '../weak/explain.ts';
import { registerView } from '../weak/register-view.ts';
import { INITIAL_STATE, NO_SOURCE, isFinalWrite } from '../weak/view.ts';
import type { View } from '../weak/view.ts';
import { dependencyGraph } from './dependencies.ts';
import { describeLostUpdate, describeRegisterDependency, describeVersionCycle } from './describe.ts';
import { compress, initialVersion } from './version-graph.ts';
import { inferVersionOrder } from './version-order.ts';
import type { VersionRules } from './version-order.ts';

export interface RwRegisterOptions extends VersionRules {
  /** The name of a consistency model, by which the history is judged. By default `strict-serializable`. */
  readonly consistencyModel?: string;
}

const NAME = 'rw-register';

/** Units of work a micro-operation, for the share done. */
const UNITS = 12;

/** @throws HarnessError `unknown-name` for a model that is none */
export function rwRegister({
  consistencyModel = 'strict-serializable',
  ...rules
}: RwRegisterOptions = {}): Checker {
  new Judgement(NAME, consistencyModel);
  return {
    name: NAME,
    check: (input) => {
      const judgement = new Judgement(NAME, consistencyModel);
      const transactions = parseTransactions(input.history, 'register');
      const pace = new Pace(input, transactions.micro.count * UNITS);
      const view = registerView(transactions);
      const counts = countOutcomes(view);
      tellFaults(view, judgement);
      tellLostUpdates(view, judgement);
      const order = inferVersionOrder(view, rules, pace);
      for (const cycle of order.cycles) {
        judgement.tell('cyclic-versions', () => describeVersionCycle(transactions, cycle));
      }
      const conclude = (statistics: { readonly [name: string]: number }, unknownBecause?: string) =>
        judgement.conclude({ statistics: { ...counts, ...statistics }, unknownBecause });
      if (pace.isOverdue) return conclude({}, pace.reason);

      const versions = compress(transactions, order.edges);
      const graph = dependencyGraph(view, versions);
      const search = findCycles(graph, { ...(input.isOverdue && { isOverdue: input.isOverdue }) });
      judgement.tellCycles(search, (cycle) =>
        explainCycle(transactions, cycle, (step, from, to) =>
          describeRegisterDependency(view, order.edges, versions, step, { from, to }),
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
      const statistics = { versionEdges: order.edges.size, edges: graph.edgeTo.length };
      return conclude(statistics, late ?? whyVacuous(counts));
    },
  };
}

function tellFaults(view: View, judgement: Judgement): void {
  const { transactions } = view;
  view.faults.forEach((fault) => {
    const name = fault.name === 'non-repeatable' ? 'internal' : fault.name;
    judgement.tell(name, () => explainFault(transactions, fault));
    if (name === 'G1a') tellDirtyUpdate(transactions, fault.read, judgement);
  });
}

/** One that committed what it may have made of what was aborted. */
function tellDirtyUpdate(transactions: Transactions, read: number, judgement: Judgement): void {
  const { micro, first, invocation } = transactions;
  const t = micro.transaction[read] as number;
  const key = micro.key[read] as number;
  for (let m = read + 1; m < (first[t + 1] as number); m++) {
    if (micro.key[m] !== key || !isFinalWrite(transactions, m)) continue;
    judgement.tell('dirty-update', () => ({
      explanation:
        `T1 (operation ${invocation[t] as number}) read what a failed transaction wrote to ${keyName(transactions, key)}, ` +
        `and then wrote the key itself and committed.`,
      operations: operationsOf(transactions, [t]),
    }));
  }
}

/** Two that committed, read the same version and wrote the key. */
function tellLostUpdates(view: View, judgement: Judgement): void {
  const { transactions, source } = view;
  const { micro, first, keys } = transactions;
  /** By version: who read it first and wrote the key. */
  const updater = int32Column(micro.count + keys.length).fill(NONE);
  for (let m = 0; m < micro.count; m++) {
    const from = source[m] as number;
    if (from === NO_SOURCE) continue;
    const t = micro.transaction[m] as number;
    const key = micro.key[m] as number;
    if (!writesBehind(transactions, m, first[t + 1] as number)) continue;
    const version = from === INITIAL_STATE ? initialVersion(transactions, key) : from;
    const other = updater[version] as number;
    if (other === NONE) updater[version] = t;
    else if (other !== t)
      judgement.tell('lost-update', () => describeLostUpdate(transactions, version, key, [other, t]));
  }
}

function writesBehind(transactions: Transactions, read: number, end: number): boolean {
  const { key } = transactions.micro;
  for (let m = read + 1; m < end; m++) if (key[m] === key[read] && isFinalWrite(transactions, m)) return true;
  return false;
}

type Counts = ReturnType<typeof countOutcomes>;

function countOutcomes({ transactions, source, ambiguousReads, ambiguousValues }: View) {
  const { count, outcome, keys } = transactions;
  const counts = { transactions: count, ok: 0, failed: 0, unknown: 0, keys: keys.length, reads: 0 };
  for (let t = 0; t < count; t++) {
    if (outcome[t] === OK) counts.ok++;
    else if (outcome[t] === FAILED) counts.failed++;
    else counts.unknown++;
  }
  for (const from of source) if (from !== NO_SOURCE) counts.reads++;
  return { ...counts, ambiguousReads, ambiguousValues };
}

function whyVacuous({ transactions, reads, ambiguousReads }: Counts): string | undefined {
  if (transactions === 0)
    return 'no operation is a transaction, so nothing was judged: choose another checker';
  if (reads > 0) return undefined;
  return ambiguousReads > 0
    ? 'no read tells whom it read from, so nothing was judged: let the workload write every value to a key once'
    : 'no read completed, so nothing was judged: run longer, or with fewer faults';
}
