/** Histories that only a long search decides. */
import { History } from '../../../harness/history/history.ts';
import type { Operation } from '../../../harness/history/operation.ts';

/**
 * Stacks, one a key: everything is pushed at once, two of them equal, and popped one by one in an order that the search
 * tries late; of the keys in `bad` the last item popped is one that was popped before.
 */
export function hardStacks(keys: number, items: number, bad: readonly number[]): History {
  const operations: Operation[] = [];
  const record = (
    process: number,
    type: Operation['type'],
    f: string,
    value: number | null,
    key: number,
  ): void => {
    const index = operations.length;
    operations.push({ index, time: index, process, type, f, value, key });
  };
  const itemOf = (i: number): number => Math.max(i, 1);
  for (let key = 0; key < keys; key++) {
    for (let i = 0; i < items; i++) record(i, 'invoke', 'push', itemOf(i), key);
    for (let i = 0; i < items; i++) record(i, 'ok', 'push', itemOf(i), key);
    for (let i = 0; i < items; i++) {
      const isBad = bad.includes(key) && i === items - 1;
      record(0, 'invoke', 'pop', null, key);
      record(0, 'ok', 'pop', itemOf(isBad ? 2 : i), key);
    }
  }
  return new History(operations);
}
