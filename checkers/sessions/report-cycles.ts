/** Cycles of obligations, as anomalies: who lost what, in words. */
import type { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { indexesOf, show } from '../findings/findings.ts';
import type { Register } from './collect-registers.ts';
import type { Accounts, Guarantee } from './guarantees.ts';
import type { Edge, VersionGraph } from './version-graph.ts';

/** Kinds of edges: the obligations of each guarantee. */
export const BIT: Readonly<Record<Guarantee, number>> = {
  'read-your-writes': 1,
  'monotonic-reads': 2,
  'monotonic-writes': 4,
  'writes-follow-reads': 8,
};
/** Known whatever sessions do: by positions, or a compare-and-set that replaced one version with another. */
export const KNOWN = 16;

/** What a session did first, and then. */
const VERBS: Readonly<Record<Guarantee, readonly [string, string]>> = {
  'read-your-writes': ['wrote', 'read'],
  'monotonic-reads': ['read', 'read'],
  'monotonic-writes': ['wrote', 'wrote'],
  'writes-follow-reads': ['read', 'wrote'],
};

type SessionOf = (operation: Operation) => number;

/** A cycle of one guarantee's obligations is its anomaly; where there are only mixed ones, they are `incoherent-order`. */
export function reportCycles(
  history: History,
  graph: VersionGraph,
  register: Register,
  accounts: Accounts,
  sessionOf: SessionOf,
): void {
  const all = accounts.judged.reduce((bits, guarantee) => bits | BIT[guarantee], KNOWN);
  const together = graph.cycles(all);
  if (together.length === 0) return;
  const [contradiction] = graph.cycles(KNOWN);
  if (contradiction !== undefined) {
    for (const guarantee of accounts.judged) accounts.suspect(guarantee);
    accounts.findings.add('cyclic-versions', () => {
      const { text, operations } = describeCycle(history, register, contradiction, sessionOf);
      return { explanation: `No order of versions fits: ${text}.`, operations: indexesOf(...operations) };
    });
    return;
  }
  let isAttributed = false;
  for (const guarantee of accounts.judged) {
    for (const cycle of graph.cycles(BIT[guarantee] | KNOWN)) {
      isAttributed = true;
      const { text, operations, sessions } = describeCycle(history, register, cycle, sessionOf);
      const explain = (): string => `${lostBy(sessions)} lost ${words(guarantee)}: ${text}.`;
      accounts.violate(guarantee, register.name, sessions, explain, operations);
    }
  }
  for (const cycle of together) {
    const involved = accounts.judged.filter((guarantee) => cycle.some(({ kind }) => kind === BIT[guarantee]));
    for (const guarantee of involved) accounts.suspect(guarantee);
    if (isAttributed) continue;
    accounts.findings.add('incoherent-order', () => {
      const { text, operations, sessions } = describeCycle(history, register, cycle, sessionOf);
      const invocations = operations.filter(({ type }) => type === 'invoke');
      return {
        explanation: `${lostBy(sessions)} lost one of ${involved.map(words).join(', ')}: ${text}.`,
        operations: indexesOf(...operations),
        evidence: { key: register.name, sessions },
        picture: { kind: 'timeline', operations: indexesOf(...invocations) },
      };
    });
  }
}

const words = (guarantee: Guarantee): string => guarantee.replaceAll('-', ' ');

const lostBy = (sessions: readonly number[]): string =>
  sessions.length === 1 ? `Session ${sessions[0] ?? ''}` : `One of the sessions ${sessions.join(', ')}`;

/** From version to version, over the sets of versions between. */
function describeCycle(
  history: History,
  { name, versions }: Register,
  cycle: readonly Edge[],
  sessionOf: SessionOf,
) {
  const isVersion = (node: number): boolean => node < versions.size;
  const begin = cycle.findIndex(({ from }) => isVersion(from));
  const sentences: string[] = [];
  const operations = new Set<Operation>();
  const sessions = new Set<number>();
  const use = (index: number): number => {
    const operation = history.operations[index] as Operation;
    const completion = history.completionOf(index);
    operations.add(operation);
    if (completion !== undefined) operations.add(completion);
    return sessionOf(operation);
  };
  let first = -1;
  let older = '';
  for (let i = 0; i < cycle.length; i++) {
    const edge = cycle[(begin + i) % cycle.length] as Edge;
    if (isVersion(edge.from)) {
      first = edge.first;
      older = show(versions.valueOf(edge.from));
    }
    if (!isVersion(edge.to)) continue;
    const newer = show(versions.valueOf(edge.to));
    const guarantee = (Object.keys(BIT) as Guarantee[]).find((one) => BIT[one] === edge.kind);
    if (guarantee === undefined) {
      const how =
        edge.second === -1 ? 'by its position' : `by the compare-and-set of operation ${edge.second}`;
      if (edge.second !== -1) use(edge.second);
      sentences.push(`${older} is older than ${newer} ${how}`);
      continue;
    }
    use(first);
    const session = use(edge.second);
    sessions.add(session);
    const [before, after] = VERBS[guarantee];
    sentences.push(
      `session ${session} ${before} ${older} (operation ${first}), then ${after} ${newer} (operation ${edge.second})`,
    );
  }
  return {
    text: `of ${name}, ${sentences.join('; ')}: each of these versions would be older than itself`,
    operations: [...operations].sort((a, b) => a.index - b.index),
    sessions: [...sessions],
  };
}
