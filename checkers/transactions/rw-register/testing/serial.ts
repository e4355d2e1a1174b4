/** Whether transactions on registers ran one after the other, for tests: every order is tried. */
import type { History, OperationPair } from '../../../../harness/history/history.ts';
import type { Json } from '../../../../harness/history/operation.ts';

/** What the order must keep. */
export type Order = 'any' | 'session' | 'realtime';

type Micro = readonly [f: string, key: string, value: Json];

/** Transactions in doubt happened at any time after their invocation, or never. */
export function isSerializable(history: History, order: Order): boolean {
  const pairs = history.pairs().filter(({ completion }) => completion?.type !== 'fail');
  return search(pairs, new Map(), order);
}

function search(left: readonly OperationPair[], state: ReadonlyMap<string, Json>, order: Order): boolean {
  if (left.every(({ completion }) => completion?.type !== 'ok')) return true;
  return left.some((pair) => {
    if (left.some((other) => other !== pair && mustPrecede(other, pair, order))) return false;
    const next = run(pair, state);
    return (
      next !== null &&
      search(
        left.filter((other) => other !== pair),
        next,
        order,
      )
    );
  });
}

function mustPrecede(a: OperationPair, b: OperationPair, order: Order): boolean {
  if (a.completion?.type !== 'ok' || order === 'any') return false;
  if (order === 'session' && a.invocation.process !== b.invocation.process) return false;
  return a.completion.index < b.invocation.index;
}

/** The state behind it, or null when it did not read what was there. */
function run(
  { invocation, completion }: OperationPair,
  state: ReadonlyMap<string, Json>,
): ReadonlyMap<string, Json> | null {
  const next = new Map(state);
  const isKnown = completion?.type === 'ok';
  for (const [f, key, value] of (isKnown
    ? completion.value
    : invocation.value) as unknown as readonly Micro[]) {
    if (f === 'w') next.set(key, value);
    else if (isKnown && (next.get(key) ?? null) !== value) return null;
  }
  return next;
}
