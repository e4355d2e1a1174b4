/**
 * The dependencies of transactions on lists, as edges: ww along the order of each list, wr from who appended the last
 * element of a read, rw from a read to who appended the element behind it.
 *
 *     x is 1 (by T1), 2 (by T2); T3 read [1]:  T1 —ww→ T2, T1 —wr→ T3, T3 —rw→ T2
 *
 * Only transactions that committed have edges. An append that no read shows comes behind all that reads show, since
 * every read that shows it would have shown them before it: it has an edge from the last one's append, and from every
 * read of all. Elements of failed transactions, and those that nobody appended, are passed over: what is before them
 * and behind them is still in order.
 *
 * Only the first read of a list in a transaction counts, and only where no append of its own came before: the others
 * must agree with it, which direct-anomalies.ts judges.
 */
import { addOrders, GraphBuilder, RW, VIA, WR, WW } from '../graph.ts';
import type { DependencyGraph } from '../graph.ts';
import { READ, UNREAD, WRITE } from '../transaction.ts';
import type { Transactions } from '../transaction.ts';
import { NONE } from '../value-codes.ts';
import type { VersionOrders } from './version-orders.ts';

export function dependencyGraph(transactions: Transactions, orders: VersionOrders): DependencyGraph {
  const builder = new GraphBuilder(transactions.count);
  addOrderOfLists(builder, transactions, orders);
  addReads(builder, transactions, orders);
  addOrders(builder, transactions, (t) => orders.committed[t] === 1);
  return builder.build();
}

function addOrderOfLists(builder: GraphBuilder, { micro, keys }: Transactions, orders: VersionOrders): void {
  for (let key = 0; key < keys.length; key++) {
    let before = NONE;
    for (let i = orders.start[key] as number; i < (orders.start[key + 1] as number); i++) {
      const t = committedAppender(micro.transaction, orders, i);
      if (t === NONE) continue;
      if (before !== NONE) builder.add(before, t, WW);
      before = t;
    }
  }
}

/** The transaction that appended what is at a place of all orders; NONE where nobody did who committed. */
function committedAppender(transaction: Int32Array, orders: VersionOrders, place: number): number {
  const m = orders.appender[place] as number;
  if (m === NONE) return NONE;
  const t = transaction[m] as number;
  return orders.committed[t] === 1 ? t : NONE;
}

/** The last that committed among the first elements of a list, and the next behind them. NONE where there is none. */
export function lastAppender(
  transactions: Transactions,
  orders: VersionOrders,
  key: number,
  length: number,
): number {
  const start = orders.start[key] as number;
  for (let i = start + length - 1; i >= start; i--) {
    if (committedAppender(transactions.micro.transaction, orders, i) !== NONE)
      return orders.appender[i] as number;
  }
  return NONE;
}

export function nextAppender(
  transactions: Transactions,
  orders: VersionOrders,
  key: number,
  length: number,
): number {
  const start = (orders.start[key] as number) + length;
  const end = orders.start[key + 1] as number;
  const known = orders.nextCommitted.size === 0 ? undefined : orders.nextCommitted.get(start);
  if (known !== undefined) return known;
  let next = NONE;
  let i = start;
  for (; i < end && next === NONE; i++) {
    if (committedAppender(transactions.micro.transaction, orders, i) !== NONE)
      next = orders.appender[i] as number;
  }
  if (i - start > FAR) orders.nextCommitted.set(start, next);
  return next;
}

/** Places looked at before the result is worth remembering. */
const FAR = 16;

function addReads(builder: GraphBuilder, transactions: Transactions, orders: VersionOrders): void {
  const { micro } = transactions;
  const unseen = unseenAppends(transactions, orders);
  /** By key with unseen appends: who read the whole list. */
  const readers = new Map<number, number[]>();
  for (let m = 0; m < micro.count; m++) {
    if (!isExternalRead(transactions, orders, m)) continue;
    const t = micro.transaction[m] as number;
    const key = micro.key[m] as number;
    const length = micro.value[m] as number;
    const last = lastAppender(transactions, orders, key, length);
    if (last !== NONE) builder.add(micro.transaction[last] as number, t, WR);
    const next = nextAppender(transactions, orders, key, length);
    if (next !== NONE) builder.add(t, micro.transaction[next] as number, RW);
    else if (unseen.has(key)) {
      const known = readers.get(key);
      if (known === undefined) readers.set(key, [t]);
      else known.push(t);
    }
  }
  for (const [key, appenders] of unseen) {
    const last = lastAppender(transactions, orders, key, (orders.longest[key] as readonly unknown[]).length);
    if (last !== NONE) for (const t of appenders) builder.add(micro.transaction[last] as number, t, WW);
    addAllToAll(builder, readers.get(key) ?? [], appenders);
  }
}

/** The first of its transaction on its key, of a state in the order of the key. */
export function isExternalRead({ micro }: Transactions, orders: VersionOrders, m: number): boolean {
  return (
    micro.kind[m] === READ &&
    micro.value[m] !== UNREAD &&
    micro.previous[m] === NONE &&
    (orders.incompatible.size === 0 || !orders.incompatible.has(m))
  );
}

/** By key: the transactions that committed and appended to it what no read shows, each once. */
function unseenAppends(
  { micro }: Transactions,
  orders: VersionOrders,
): ReadonlyMap<number, readonly number[]> {
  const unseen = new Map<number, number[]>();
  for (let m = 0; m < micro.count; m++) {
    if (micro.kind[m] !== WRITE || orders.place[m] !== NONE) continue;
    const t = micro.transaction[m] as number;
    const key = micro.key[m] as number;
    // A read that was left out may show it.
    if (orders.committed[t] !== 1 || orders.incompatibleKeys.has(key)) continue;
    const known = unseen.get(key);
    if (known === undefined) unseen.set(key, [t]);
    else if (known.at(-1) !== t) known.push(t);
  }
  return unseen;
}

/**
 * An rw edge from every reader to every appender, through a hub. Who is both keeps edges of its own, so that no
 * path through the hub comes back to where it set out; of several such, any two are a cycle (a lost update), and a
 * ring of them says so.
 */
export function addAllToAll(
  builder: GraphBuilder,
  readers: readonly number[],
  appenders: readonly number[],
): void {
  const appending = new Set(appenders);
  const both = readers.filter((t) => appending.has(t));
  const isBoth = new Set(both);
  const onlyRead = readers.filter((t) => !isBoth.has(t));
  const onlyAppend = appenders.filter((t) => !isBoth.has(t));
  both.forEach((t, i) => builder.add(t, both[(i + 1) % both.length] as number, RW));
  const [first] = both;
  if (first !== undefined) {
    for (const t of onlyRead) builder.add(t, first, RW);
    for (const t of onlyAppend) builder.add(first, t, RW);
  }
  if (onlyRead.length === 0 || onlyAppend.length === 0) return;
  const hub = builder.addHub();
  for (const t of onlyRead) builder.add(t, hub, RW);
  for (const t of onlyAppend) builder.add(hub, t, VIA);
}
