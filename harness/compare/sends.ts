/**
 * The sends of a history: what the measures count.
 *
 *     {f: 'send', value: [['send', 't0-1', 7]]} … ok [['send', 't0-1', [3, 7]]]
 *     // { partition: 't0-1', invokedNs: …, acknowledgedNs: … }
 */
import { listOf } from '../../checkers/findings/findings.ts';
import type { History } from '../history/history.ts';
import type { Json } from '../history/operation.ts';

export interface Send {
  readonly partition: string;
  readonly value: Json;
  readonly invokedNs: number;
  /** Null: it failed, or nobody knows. */
  readonly acknowledgedNs: number | null;
}

/** In the order of their invocations. */
export function sendsOf(history: History): readonly Send[] {
  const sends: Send[] = [];
  for (const { invocation, completion } of history.pairs()) {
    if (invocation.f !== 'send') continue;
    const acknowledgedNs = completion?.type === 'ok' ? completion.time : null;
    for (const micro of listOf(invocation.value)) {
      const [f, partition, value = null] = listOf(micro);
      if (f !== 'send' || typeof partition !== 'string') continue;
      sends.push({ partition, value, invokedNs: invocation.time, acknowledgedNs });
    }
  }
  return sends;
}

/** Those that were sent to, sorted. */
export const partitionsOf = (sends: readonly Send[]): readonly string[] =>
  [...new Set(sends.map(({ partition }) => partition))].sort();
