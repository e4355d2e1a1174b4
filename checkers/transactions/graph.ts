/**
 * The dependency graph of transactions (Adya's direct serialization graph, with the orders of processes and of real
 * time): columns of edges, compressed by their source.
 *
 *     const builder = new GraphBuilder(transactions.count);
 *     builder.add(t1, t2, WW);                        // t2 overwrites what t1 wrote
 *     addOrders(builder, transactions, isCommitted);  // process and realtime
 *     const graph = builder.build();
 *
 * Node n < transactionCount is transaction n. Nodes above are *hubs*, which keep the graph linear where every one of
 * many comes before every one of many others: the first half of such an edge carries its kind and leads into a hub,
 * the second half is VIA. A path through hubs is one edge from the transaction before to the one behind, of the
 * kind with which it set out. Whoever leads edges through a hub sees to it that none comes back to where it set out.
 */
import { int32Column, uint8Column } from './columns.ts';
import type { Transactions } from './transaction.ts';
import { NONE } from './value-codes.ts';
import { OK } from './transaction.ts';

/** Kinds of edges, as bits. */
export const WW = 1;
export const WR = 2;
export const RW = 4;
export const PROCESS = 8;
export const REALTIME = 16;
/** Goes on with the edge that led into a hub. */
export const VIA = 32;

export interface DependencyGraph {
  readonly transactionCount: number;
  /** Transactions and hubs. */
  readonly nodeCount: number;
  /** Node n's edges are edgeStart[n] … edgeStart[n + 1]. */
  readonly edgeStart: Int32Array;
  readonly edgeTo: Int32Array;
  /** One bit each; there may be several edges, of different kinds, between two nodes. */
  readonly edgeKind: Uint8Array;
}

/** Edges are kept in pieces, so that none are copied when they become many. */
const PIECE_BITS = 16;
const PIECE_SIZE = 1 << PIECE_BITS;

interface Piece {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly kind: Uint8Array;
}

function newPiece(): Piece {
  return {
    from: int32Column(PIECE_SIZE),
    to: int32Column(PIECE_SIZE),
    kind: uint8Column(PIECE_SIZE),
  };
}

export class GraphBuilder {
  readonly #transactionCount: number;
  #nodeCount: number;
  readonly #pieces: Piece[] = [];
  #last = newPiece();
  /** Edges in the last piece. */
  #filled = 0;

  constructor(transactionCount: number) {
    this.#transactionCount = transactionCount;
    this.#nodeCount = transactionCount;
  }

  get edgeCount(): number {
    return this.#pieces.length * PIECE_SIZE + this.#filled;
  }

  addHub(): number {
    return this.#nodeCount++;
  }

  /** Edges from a node to itself say nothing, and are left out. */
  add(from: number, to: number, kind: number): void {
    if (from === to) return;
    if (this.#filled === PIECE_SIZE) {
      this.#pieces.push(this.#last);
      this.#last = newPiece();
      this.#filled = 0;
    }
    const at = this.#filled++;
    const piece = this.#last;
    piece.from[at] = from;
    piece.to[at] = to;
    piece.kind[at] = kind;
  }

  build(): DependencyGraph {
    const nodeCount = this.#nodeCount;
    const size = this.edgeCount;
    const edgeStart = int32Column(nodeCount + 1);
    const pieces = [...this.#pieces, this.#last];
    const lengthOf = (piece: Piece): number => (piece === this.#last ? this.#filled : PIECE_SIZE);
    for (const piece of pieces) countSources(piece, lengthOf(piece), edgeStart);
    for (let n = 0; n < nodeCount; n++) (edgeStart[n + 1] as number) += edgeStart[n] as number;
    const next = edgeStart.slice(0, nodeCount);
    const edgeTo = int32Column(size);
    const edgeKind = uint8Column(size);
    for (const piece of pieces) place(piece, lengthOf(piece), next, edgeTo, edgeKind);
    return { transactionCount: this.#transactionCount, nodeCount, edgeStart, edgeTo, edgeKind };
  }
}

function countSources({ from }: Piece, length: number, edgeStart: Int32Array): void {
  for (let e = 0; e < length; e++) (edgeStart[(from[e] as number) + 1] as number)++;
}

function place(
  { from, to, kind }: Piece,
  length: number,
  next: Int32Array,
  edgeTo: Int32Array,
  edgeKind: Uint8Array,
): void {
  for (let e = 0; e < length; e++) {
    const at = (next[from[e] as number] as number)++;
    edgeTo[at] = to[e] as number;
    edgeKind[at] = kind[e] as number;
  }
}

/** What the orders need to know of transactions, whatever their micro-operations are. */
export type OrderedTransactions = Pick<
  Transactions,
  'history' | 'count' | 'invocation' | 'completion' | 'outcome' | 'process' | 'processCount'
>;

/**
 * Adds the order of each process and that of real time, between transactions that committed.
 *
 * Real time is reduced to a chain of hubs, one for each run of completions that invocations follow: a completed
 * transaction leads into the next hub, and every later invocation comes out of the latest. So it costs three edges a
 * transaction, whatever the concurrency, and reaches exactly the transactions that were invoked after it completed.
 *
 * A transaction in doubt that has committed (somebody saw it) comes after what was complete when it was invoked, and
 * before nothing: it may have committed long after.
 */
export function addOrders(
  builder: GraphBuilder,
  transactions: OrderedTransactions,
  isCommitted: (t: number) => boolean,
): void {
  const { history, count, invocation, completion, outcome, process, processCount } = transactions;
  const completing = int32Column(history.length).fill(NONE);
  for (let t = 0; t < count; t++) {
    if (outcome[t] === OK) completing[completion[t] as number] = t;
  }
  const lastOfProcess = int32Column(processCount).fill(NONE);
  let hub = NONE;
  /** The hub into which what completes now leads; made when something is invoked behind it. */
  let fresh: number[] = [];
  let index = 0;
  for (let t = 0; t < count; t++) {
    if (!isCommitted(t)) continue;
    for (const end = invocation[t] as number; index < end; index++) {
      const completed = completing[index] as number;
      if (completed !== NONE) fresh.push(completed);
    }
    if (fresh.length > 0) {
      const next = builder.addHub();
      if (hub !== NONE) builder.add(hub, next, VIA);
      for (const completed of fresh) builder.add(completed, next, REALTIME);
      hub = next;
      fresh = [];
    }
    if (hub !== NONE) builder.add(hub, t, VIA);
    const p = process[t] as number;
    const before = lastOfProcess[p] as number;
    if (before !== NONE) builder.add(before, t, PROCESS);
    if (outcome[t] === OK) lastOfProcess[p] = t;
  }
}
