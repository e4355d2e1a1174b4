/** Why one transaction on lists comes before another, found again from the columns for the few edges that are told. */
import { describeJson } from '../../linearizability/model.ts';
import type { Json } from '../../../harness/history/operation.ts';
import type { CycleStep } from '../cycles.ts';
import type { EdgeDescription } from '../explanation.ts';
import { RW, WR } from '../graph.ts';
import { keyName, WRITE } from '../transaction.ts';
import type { Transactions } from '../transaction.ts';
import { NONE } from '../value-codes.ts';
import { isExternalRead, lastAppender, nextAppender } from './dependencies.ts';
import { elementOf } from './version-orders.ts';
import type { VersionOrders } from './version-orders.ts';

export function describeListDependency(
  transactions: Transactions,
  orders: VersionOrders,
  step: CycleStep,
  from: string,
  to: string,
): EdgeDescription {
  const { micro, first } = transactions;
  const begin = (t: number): number => first[t] as number;
  const end = (t: number): number => first[t + 1] as number;
  const value = (m: number): string => describeJson(transactions.values.decode(micro.value[m] as number));
  const key = (m: number): string => keyName(transactions, micro.key[m] as number);
  if (step.kind === WR) {
    for (let m = begin(step.to); m < end(step.to); m++) {
      if (!isExternalRead(transactions, orders, m)) continue;
      const last = lastAppender(transactions, orders, micro.key[m] as number, micro.value[m] as number);
      if (last === NONE || micro.transaction[last] !== step.from) continue;
      return {
        because: `${from} appended ${elementOf(transactions, last)}, and ${to} read it there`,
        label: `${key(m)}: ${value(last)}`,
      };
    }
  }
  if (step.kind === RW) {
    for (let m = begin(step.from); m < end(step.from); m++) {
      if (!isExternalRead(transactions, orders, m)) continue;
      const missed = missedAppend(transactions, orders, m, step.to);
      if (missed === NONE) continue;
      return {
        because: `${to} appended ${elementOf(transactions, missed)}, and ${from} read ${key(m)} without it`,
        label: `${key(m)}: without ${value(missed)}`,
      };
    }
  }
  for (let m = begin(step.to); m < end(step.to); m++) {
    if (micro.kind[m] !== WRITE) continue;
    const place = orders.place[m] as number;
    if (place === NONE && orders.incompatibleKeys.has(micro.key[m] as number)) continue;
    const longest = orders.longest[micro.key[m] as number] as readonly Json[];
    const before = lastAppender(
      transactions,
      orders,
      micro.key[m] as number,
      place === NONE ? longest.length : place,
    );
    if (before === NONE || micro.transaction[before] !== step.from) continue;
    const shown = place === NONE ? ', which reads show, while none shows it' : ', as reads show';
    return {
      because: `${to} appended ${elementOf(transactions, m)} behind ${value(before)} of ${from}${shown}`,
      label: `${key(m)}: ${value(before)} → ${value(m)}`,
    };
  }
  return { because: `${to} depends on ${from}`, label: '' };
}

/** The append of a transaction that comes next behind a read; or, behind a read of all, one that no read shows. */
function missedAppend(
  transactions: Transactions,
  orders: VersionOrders,
  read: number,
  writer: number,
): number {
  const { micro, first } = transactions;
  const key = micro.key[read] as number;
  const next = nextAppender(transactions, orders, key, micro.value[read] as number);
  if (next !== NONE) return micro.transaction[next] === writer ? next : NONE;
  if (orders.incompatibleKeys.has(key)) return NONE;
  for (let m = first[writer] as number; m < (first[writer + 1] as number); m++) {
    if (micro.kind[m] === WRITE && micro.key[m] === key && orders.place[m] === NONE) return m;
  }
  return NONE;
}
