/**
 * The dependencies of transactions on registers, as edges: wr from who wrote to who read; ww and rw as far as the order of
 * versions is known.
 *
 *     v before w:  writer of v —ww→ writer of w, readers of v —rw→ writer of w
 *
 * Whoever read the initial state of a key comes before every writer of it; edges lead to those writers before whose
 * version no other is known, as the rest follows.
 */
import { int32Column, uint8Column } from '../columns.ts';
import { GraphBuilder, RW, WR, WW, addOrders } from '../graph.ts';
import type { DependencyGraph } from '../graph.ts';
import { addAllToAll } from '../list-append/dependencies.ts';
import { NONE } from '../value-codes.ts';
import { INITIAL_STATE, isFinalWrite } from '../weak/view.ts';
import type { View } from '../weak/view.ts';
import { initialVersion } from './version-graph.ts';
import type { VersionGraph } from './version-graph.ts';

/** Products of readers and writers up to this go without a hub. */
const MAX_DIRECT = 8;

export function dependencyGraph(view: View, versions: VersionGraph): DependencyGraph {
  const { transactions, source, isCommitted } = view;
  const { micro, keys } = transactions;
  const builder = new GraphBuilder(transactions.count);
  const readers = new Readers(view);
  for (let m = 0; m < micro.count; m++) {
    const write = source[m] as number;
    if (write >= 0) builder.add(micro.transaction[write] as number, micro.transaction[m] as number, WR);
  }
  const { edgeStart, edgeTo } = versions;
  const hasEarlier = uint8Column(micro.count);
  for (let version = 0; version < versions.nodeCount; version++) {
    const start = edgeStart[version] as number;
    const end = edgeStart[version + 1] as number;
    if (start === end) continue;
    const later: number[] = [];
    for (let e = start; e < end; e++) {
      const to = edgeTo[e] as number;
      const writer = micro.transaction[to] as number;
      // What is behind the initial state only is behind it in any case.
      if (version < micro.count) {
        hasEarlier[to] = 1;
        builder.add(micro.transaction[version] as number, writer, WW);
        if (!later.includes(writer)) later.push(writer);
      }
    }
    if (version < micro.count) addReadersBefore(builder, readers.of(version), later);
  }
  const roots = keys.map((): number[] => []);
  for (let m = 0; m < micro.count; m++) {
    const t = micro.transaction[m] as number;
    if (isCommitted[t] === 0 || hasEarlier[m] === 1 || !isFinalWrite(transactions, m)) continue;
    (roots[micro.key[m] as number] as number[]).push(t);
  }
  for (const [key, writers] of roots.entries()) {
    addReadersBefore(builder, readers.of(initialVersion(transactions, key)), writers);
  }
  addOrders(builder, transactions, (t) => isCommitted[t] === 1);
  return builder.build();
}

function addReadersBefore(
  builder: GraphBuilder,
  readers: readonly number[],
  writers: readonly number[],
): void {
  if (readers.length * writers.length > MAX_DIRECT) {
    addAllToAll(builder, readers, writers);
    return;
  }
  for (const reader of readers) for (const writer of writers) builder.add(reader, writer, RW);
}

/** By version the transactions that read it, each once. */
export class Readers {
  readonly #start: Int32Array;
  readonly #readers: Int32Array;

  constructor({ transactions, source }: View) {
    const { micro, keys } = transactions;
    const versionOf = (m: number): number => {
      const write = source[m] as number;
      if (write >= 0) return write;
      return write === INITIAL_STATE ? initialVersion(transactions, micro.key[m] as number) : NONE;
    };
    const start = int32Column(micro.count + keys.length + 1);
    for (let m = 0; m < micro.count; m++) {
      const version = versionOf(m);
      if (version !== NONE) (start[version + 1] as number)++;
    }
    for (let v = 0; v + 1 < start.length; v++) (start[v + 1] as number) += start[v] as number;
    const next = start.slice();
    this.#readers = int32Column(start[start.length - 1] as number);
    for (let m = 0; m < micro.count; m++) {
      const version = versionOf(m);
      if (version === NONE) continue;
      const at = (next[version] as number)++;
      this.#readers[at] = micro.transaction[m] as number;
    }
    this.#start = start;
  }

  /** In the order of their invocations. */
  of(version: number): number[] {
    const readers: number[] = [];
    for (let i = this.#start[version] as number; i < (this.#start[version + 1] as number); i++) {
      const t = this.#readers[i] as number;
      if (readers.at(-1) !== t) readers.push(t);
    }
    return readers;
  }
}
