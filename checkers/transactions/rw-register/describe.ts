/** Why one transaction on registers comes before another, and one version before another, in sentences. */
import type { Json } from '../../../harness/history/operation.ts';
import type { Finding } from '../../findings/findings.ts';
import { describeJson } from '../../linearizability/model.ts';
import type { CycleStep } from '../cycles.ts';
import { operationsOf } from '../explanation.ts';
import type { EdgeDescription } from '../explanation.ts';
import { RW, WR } from '../graph.ts';
import { keyName } from '../transaction.ts';
import type { Transactions } from '../transaction.ts';
import { NONE } from '../value-codes.ts';
import { INITIAL_STATE, NO_SOURCE, isFinalWrite } from '../weak/view.ts';
import type { View } from '../weak/view.ts';
import { SEQUENTIAL, WFR, edgeBetween, initialVersion } from './version-graph.ts';
import type { VersionCycle, VersionEdge, VersionEdges, VersionGraph } from './version-graph.ts';

/** What a version is, in a sentence. */
export function valueOf({ micro, values }: Transactions, version: number): string {
  return version < micro.count ? describeJson(values.decode(micro.value[version] as number)) : 'null';
}

export function describeRegisterDependency(
  view: View,
  edges: VersionEdges,
  graph: VersionGraph,
  step: CycleStep,
  names: { readonly from: string; readonly to: string },
): EdgeDescription {
  const { transactions, source } = view;
  const { micro, first } = transactions;
  const { from, to } = names;
  const key = (m: number): string => keyName(transactions, micro.key[m] as number);
  const value = (version: number): string => valueOf(transactions, version);
  const eachOf = function* (t: number): Generator<number> {
    for (let m = first[t] as number; m < (first[t + 1] as number); m++) yield m;
  };
  if (step.kind === WR) {
    for (const m of eachOf(step.to)) {
      const write = source[m] as number;
      if (write < 0 || micro.transaction[write] !== step.from) continue;
      const told = `${key(m)} = ${value(write)}`;
      return { because: `${from} wrote ${told}, and ${to} read it`, label: told };
    }
  }
  for (const late of eachOf(step.to)) {
    if (!isFinalWrite(transactions, late)) continue;
    for (const m of eachOf(step.from)) {
      if (micro.key[m] !== micro.key[late]) continue;
      const isRead = step.kind === RW;
      if (isRead ? source[m] === NO_SOURCE : !isFinalWrite(transactions, m)) continue;
      const version = !isRead
        ? m
        : source[m] === INITIAL_STATE
          ? initialVersion(transactions, micro.key[m] as number)
          : (source[m] as number);
      const label = `${key(m)}: ${value(version)} → ${value(late)}`;
      const told = `${from} ${isRead ? 'read' : 'wrote'} ${key(m)} = ${value(version)}, and ${to} wrote ${value(late)}`;
      if (version >= micro.count) return { because: `${told} after the initial state`, label };
      const at = edgeBetween(graph, version, late);
      if (at === NONE) continue;
      return { because: `${told} after it: ${describeRule(transactions, edges.edge(at))}`, label };
    }
  }
  return { because: `${to} depends on ${from}`, label: '' };
}

/** Why a version is before another. */
function describeRule(transactions: Transactions, { from, to, rule, early, late }: VersionEdge): string {
  const { invocation, completion, history } = transactions;
  const [v, w] = [valueOf(transactions, from), valueOf(transactions, to)];
  const operation = (t: number): number => invocation[t] as number;
  if (rule === WFR) return `operation ${operation(late)} read ${v} before it wrote ${w}`;
  if (rule === SEQUENTIAL) {
    const process = history.operations[operation(late)]?.process ?? '';
    return `process ${process} met ${v} in operation ${operation(early)} and ${w} in its later operation ${operation(late)}`;
  }
  return (
    `who met ${v} was acknowledged in operation ${completion[early] as number}, before who met ${w} was invoked in ` +
    `operation ${operation(late)}`
  );
}

export function describeVersionCycle(transactions: Transactions, { key, edges }: VersionCycle): Finding {
  const name = keyName(transactions, key);
  const { invocation } = transactions;
  const [first] = edges;
  if (first !== undefined && first.to >= transactions.micro.count) {
    return {
      explanation:
        `The initial state of ${name} would come behind ${valueOf(transactions, first.from)}: ` +
        `${describeRule(transactions, first)}.`,
      operations: operationsOf(transactions, [first.early, first.late]),
    };
  }
  const reasons = edges.map((edge) => describeRule(transactions, edge));
  return {
    explanation:
      edges.length === 0
        ? `Versions of ${name} would each come before itself.`
        : `The versions ${edges.map(({ from }) => valueOf(transactions, from)).join(', ')} of ${name} would each come ` +
          `before itself: ${reasons.join('; ')}.`,
    operations: operationsOf(
      transactions,
      edges.flatMap(({ early, late }) => [early, late]),
    ),
    evidence: { key: transactions.keys[key] as Json },
    picture: {
      kind: 'graph',
      nodes: edges.map(({ from, early }) => ({
        label: `${name} = ${valueOf(transactions, from)}`,
        operation: invocation[early] as number,
      })),
      edges: edges.map((edge, i) => ({
        from: i,
        to: (i + 1) % edges.length,
        label: edge.rule === WFR ? 'wfr' : edge.rule === SEQUENTIAL ? 'process' : 'realtime',
      })),
    },
  };
}

export function describeLostUpdate(
  transactions: Transactions,
  version: number,
  key: number,
  updaters: readonly [number, number],
): Finding {
  const { invocation } = transactions;
  const [first, second] = updaters;
  const name = keyName(transactions, key);
  return {
    explanation:
      `T1 (operation ${invocation[first] as number}) and T2 (operation ${invocation[second] as number}) both read ${name} = ` +
      `${valueOf(transactions, version)} and wrote ${name}: one of the two updates is lost.`,
    operations: operationsOf(transactions, updaters),
    evidence: { key: transactions.keys[key] as Json },
    picture: {
      kind: 'graph',
      nodes: updaters.map((t, i) => ({ label: `T${i + 1}`, operation: invocation[t] as number })),
      edges: [
        { from: 0, to: 1, label: `rw ${name}` },
        { from: 1, to: 0, label: `rw ${name}` },
      ],
    },
  };
}
