/**
 * A cycle of transactions in sentences, and as a graph for the report.
 *
 *     T1 (operation 8) and T2 (operation 6) would each have to come before itself. T2 appended 5 to x, and T1 read x
 *     without it, so T1 comes before T2. T2 was acknowledged in operation 7, before T1 was invoked in operation 8, so T2
 *     comes before T1.
 *
 * Of a cycle that is long (one may wind through thousands of transactions) the two ends are told, and nothing is drawn.
 */
import type { Finding } from '../findings/findings.ts';
import type { Cycle, CycleStep } from './cycles.ts';
import { PROCESS, REALTIME, RW, WR, WW } from './graph.ts';
import type { OrderedTransactions } from './graph.ts';
import { NONE } from './value-codes.ts';

/** Why one transaction comes before another: a sentence without its end, and a few characters for an arrow. */
export interface EdgeDescription {
  readonly because: string;
  readonly label: string;
}

/** Of an edge ww, wr or rw. The names are those that the transactions have in the sentence. */
export type DescribeDependency = (step: CycleStep, from: string, to: string) => EdgeDescription;

const KIND_NAMES: Readonly<Record<number, string>> = {
  [WW]: 'ww',
  [WR]: 'wr',
  [RW]: 'rw',
  [PROCESS]: 'process',
  [REALTIME]: 'realtime',
};

/** Steps that are told in sentences, at most. */
const MAX_TOLD = 12;
const MAX_DRAWN = 24;
const MAX_EVIDENCE = 100;

export function explainCycle(
  transactions: OrderedTransactions,
  cycle: Cycle,
  describeDependency: DescribeDependency,
): Finding {
  const { steps } = cycle;
  const { length } = steps;
  const name = (i: number): string => `T${(i % length) + 1}`;
  const operation = (t: number): number => transactions.invocation[t] as number;
  const described = steps
    .slice(0, MAX_EVIDENCE)
    .map((step, i) => describeStep(transactions, step, name(i), name(i + 1), describeDependency));
  const last = steps.at(-1) as CycleStep;
  const closing = describeStep(transactions, last, name(length - 1), name(0), describeDependency);
  const members = steps.map(({ from }, i) => `${name(i)} (operation ${operation(from)})`);
  const sentence = ({ because }: EdgeDescription, i: number): string =>
    `${because}, so ${name(i)} comes before ${name(i + 1)}.`;
  const sentences =
    length <= MAX_TOLD
      ? described.map(sentence)
      : [
          ...described.slice(0, MAX_TOLD - 1).map(sentence),
          `And so on: ${length - MAX_TOLD} more steps lead to ${members[length - 1] as string}.`,
          sentence(closing, length - 1),
        ];
  const told = length <= MAX_TOLD ? members : [...members.slice(0, MAX_TOLD), `${length - MAX_TOLD} more`];
  return {
    explanation: `${listing(told)} would each have to come before itself. ${sentences.join(' ')}`,
    operations: operationsOf(
      transactions,
      [...steps.slice(0, MAX_EVIDENCE), last].map(({ from }) => from),
    ),
    evidence: described.map(({ because }, i) => {
      const { from, to, kind } = steps[i] as CycleStep;
      return { from: operation(from), to: operation(to), kind: KIND_NAMES[kind] as string, because };
    }),
    ...(length > MAX_DRAWN
      ? {}
      : {
          picture: {
            kind: 'graph',
            nodes: steps.map(({ from }, i) => ({ label: name(i), operation: operation(from) })),
            edges: described.map(({ label }, i) => ({ from: i, to: (i + 1) % length, label })),
          },
        }),
  };
}

function describeStep(
  transactions: OrderedTransactions,
  step: CycleStep,
  from: string,
  to: string,
  describeDependency: DescribeDependency,
): EdgeDescription {
  if (step.kind === PROCESS) {
    const { history, invocation } = transactions;
    const process = history.operations[invocation[step.from] as number]?.process ?? '';
    return { because: `Process ${process} ran ${from} before ${to}`, label: 'process' };
  }
  if (step.kind === REALTIME) {
    const because =
      `${from} was acknowledged in operation ${transactions.completion[step.from] as number}, before ${to} was ` +
      `invoked in operation ${transactions.invocation[step.to] as number}`;
    return { because, label: 'realtime' };
  }
  const { because, label } = describeDependency(step, from, to);
  return { because, label: `${KIND_NAMES[step.kind] as string} ${label}` };
}

/** Invocations and completions of transactions, ascending, each once. */
export function operationsOf(
  transactions: OrderedTransactions,
  members: readonly number[],
): readonly number[] {
  const indexes = new Set<number>();
  for (const t of members) {
    indexes.add(transactions.invocation[t] as number);
    const completion = transactions.completion[t] as number;
    if (completion !== NONE) indexes.add(completion);
  }
  return [...indexes].sort((a, b) => a - b);
}

function listing(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) as string}`;
}
