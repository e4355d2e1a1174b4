/**
 * Judges the sessions of a register of whose versions nobody knows the whole order: is there an order with which no session
 * lost anything?
 *
 * Every obligation says that one version is older than another. A cycle of obligations to one guarantee alone proves that
 * some session of the cycle lost it, in whatever order; a cycle of several kinds proves that one of them was lost
 * (`incoherent-order`). Without cycles there is an order, and nothing is proven lost.
 */
import type { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { show } from '../findings/findings.ts';
import { INITIAL, isRanked, type Register, type Step } from './collect-registers.ts';
import type { Accounts, Guarantee } from './guarantees.ts';
import { BIT, KNOWN, reportCycles } from './report-cycles.ts';
import { VersionGraph } from './version-graph.ts';

export type SessionOf = (operation: Operation) => number;

/** Of so many own writes after the one that is read it is said one by one that they are older. */
const LATER_WRITES_MAX = 16;

/** A growing set of versions. Each place has a node of the graph for all versions up to it. */
class Chain {
  readonly versions: number[] = [];
  readonly operations: number[] = [];
  /** The first is the version itself. */
  readonly nodes: number[] = [];

  add(graph: VersionGraph, version: number, kind: number, operation: number): void {
    const last = this.nodes.at(-1);
    this.versions.push(version);
    this.operations.push(operation);
    if (last === undefined) {
      this.nodes.push(version);
      return;
    }
    const node = graph.addNode();
    graph.addEdge(last, node, kind, this.nodes.length === 1 ? (this.operations[0] as number) : -1, -1);
    graph.addEdge(version, node, kind, operation, -1);
    this.nodes.push(node);
  }

  /** All versions up to a place are older than another. */
  precede(graph: VersionGraph, place: number, version: number, kind: number, operation: number): void {
    const node = this.nodes[place];
    if (node === undefined) return;
    graph.addEdge(node, version, kind, place === 0 ? (this.operations[0] as number) : -1, operation);
  }
}

class Session {
  readonly own = new Chain();
  readonly read = new Chain();
  /** By version: its place among the own writes. */
  readonly ownPlace = new Map<number, number>();
  lastOwn: { readonly version: number; readonly operation: number } | undefined;
  lastSeen: { readonly version: number; readonly operation: number } | undefined;
}

export function judgeUnranked(
  history: History,
  register: Register,
  accounts: Accounts,
  sessionOf: SessionOf,
): void {
  const graph = new VersionGraph(register.versions.size);
  addKnownOrder(graph, register);
  const sessions = new Map<number, Session>();
  for (const step of register.steps) {
    let session = sessions.get(step.session);
    if (session === undefined) sessions.set(step.session, (session = new Session()));
    if (step.seen !== -1) see(history, graph, register, session, step, accounts);
    if (step.written !== -1) write(graph, register, session, step, accounts);
  }
  reportCycles(history, graph, register, accounts, sessionOf);
}

function addKnownOrder(graph: VersionGraph, register: Register): void {
  const { ranks, steps } = register;
  const ranked = [...ranks.keys()].filter((version) => version !== INITIAL && isRanked(register, version));
  ranked.sort((a, b) => (ranks[a] as number) - (ranks[b] as number));
  for (let i = 1; i < ranked.length; i++) {
    graph.addEdge(ranked[i - 1] as number, ranked[i] as number, KNOWN, -1, -1);
  }
  for (const { seen, written, invocation } of steps) {
    if (seen > INITIAL && written !== -1)
      graph.addEdge(seen, written, KNOWN, invocation.index, invocation.index);
  }
}

function see(
  history: History,
  graph: VersionGraph,
  register: Register,
  session: Session,
  step: Step,
  accounts: Accounts,
): void {
  const version = step.seen;
  const operation = step.invocation.index;
  for (const [guarantee, earlier] of [
    ['monotonic-reads', session.lastSeen],
    ['read-your-writes', session.lastOwn],
  ] as const) {
    if (earlier === undefined || earlier.version === INITIAL) continue;
    const isKnown =
      version === INITIAL ||
      version === earlier.version ||
      (isRanked(register, version) && isRanked(register, earlier.version));
    accounts.oblige(guarantee, isKnown);
    if (version === INITIAL) reportInitial(history, register, guarantee, earlier.operation, step, accounts);
  }
  if (version === INITIAL) {
    if (session.lastSeen === undefined) session.lastSeen = { version, operation };
    return;
  }
  const { lastSeen } = session;
  if (lastSeen !== undefined && lastSeen.version !== INITIAL && lastSeen.version !== version) {
    graph.addEdge(lastSeen.version, version, BIT['monotonic-reads'], lastSeen.operation, operation);
  }
  addOwnWrites(graph, session, version, operation);
  if (session.read.versions.at(-1) !== version) {
    session.read.add(graph, version, BIT['writes-follow-reads'], operation);
  }
  session.lastSeen = { version, operation };
}

/** All own writes but the version itself are older than it, or it is lost. */
function addOwnWrites(
  graph: VersionGraph,
  { own, ownPlace }: Session,
  version: number,
  operation: number,
): void {
  const kind = BIT['read-your-writes'];
  const place = ownPlace.get(version);
  own.precede(graph, (place ?? own.nodes.length) - 1, version, kind, operation);
  if (place === undefined) return;
  for (let i = Math.max(place + 1, own.versions.length - LATER_WRITES_MAX); i < own.versions.length; i++) {
    graph.addEdge(own.versions[i] as number, version, kind, own.operations[i] as number, operation);
  }
}

function write(
  graph: VersionGraph,
  register: Register,
  session: Session,
  step: Step,
  accounts: Accounts,
): void {
  const version = step.written;
  const operation = step.invocation.index;
  const { lastOwn, lastSeen } = session;
  if (lastOwn !== undefined) {
    accounts.oblige('monotonic-writes', isRanked(register, lastOwn.version) && isRanked(register, version));
    graph.addEdge(lastOwn.version, version, BIT['monotonic-writes'], lastOwn.operation, operation);
  }
  if (lastSeen !== undefined && lastSeen.version !== INITIAL) {
    const isKnown = step.seen !== -1 || (isRanked(register, lastSeen.version) && isRanked(register, version));
    accounts.oblige('writes-follow-reads', isKnown);
    const last = session.read.nodes.length - 1;
    session.read.precede(graph, last, version, BIT['writes-follow-reads'], operation);
  }
  if (!step.isAcknowledged) return;
  session.ownPlace.set(version, session.own.versions.length);
  session.own.add(graph, version, BIT['read-your-writes'], operation);
  session.lastOwn = { version, operation };
}

function reportInitial(
  history: History,
  { name, versions }: Register,
  guarantee: Guarantee,
  earlier: number,
  { session, invocation }: Step,
  accounts: Accounts,
): void {
  const did = guarantee === 'read-your-writes' ? 'wrote to' : 'read a value of';
  const [before, completion] = [history.operations[earlier], history.completionOf(invocation.index)];
  accounts.violate(
    guarantee,
    name,
    [session],
    () =>
      `Session ${session} lost ${guarantee.replaceAll('-', ' ')}: it ${did} ${name} in operation ${earlier}, and in operation ` +
      `${invocation.index} read ${show(versions.valueOf(INITIAL))}, as if nobody ever had.`,
    [before, before && history.completionOf(earlier), invocation, completion],
  );
}
