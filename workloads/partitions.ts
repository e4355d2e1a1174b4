/** What workloads on logs share: names of partitions, options of their clients, what polls returned. */
import { isMap, listOf } from '../checkers/findings/findings.ts';
import type { LogOptions } from '../checkers/log/index.ts';
import type { Operation } from '../harness/history/operation.ts';
import { HarnessError } from '../harness/errors.ts';
import type { WorkloadContext, WorkloadOption } from './workload.ts';

type Options = WorkloadContext['options'];

/** `t0-0`, `t0-1`, `t1-0`, …: topic and partition, as operations name them. */
export function partitionNames(topics: number, partitions: number, prefix = 't'): readonly string[] {
  return Array.from({ length: topics * partitions }, (_, i) => {
    const topic = Math.floor(i / partitions);
    return `${prefix}${topic}-${i % partitions}`;
  });
}

/**
 * What clients are told to do decides what may be expected. The system's clients have options of the same names, and
 * `--option acks=1` sets both.
 */
export const PROMISE_OPTIONS: readonly WorkloadOption[] = [
  {
    name: 'acks',
    default: -1,
    meaning: '-1, 1 or 0: whose append a send waits for; without -1 losses are notes',
  },
  {
    name: 'idempotence',
    default: true,
    meaning: 'producers number their batches, with acks=-1; without, a send in doubt may be there twice',
  },
  { name: 'isolation', default: 'read-committed', meaning: 'read-committed or read-uncommitted' },
];

const ACKS: ReadonlyMap<number | boolean | string | undefined, LogOptions['acks']> = new Map([
  [-1, 'all'],
  [1, 'leader'],
  [0, 'none'],
]);

/** @throws HarnessError `usage` */
export function promisesOf(options: Options): Pick<LogOptions, 'acks' | 'idempotence' | 'isolation'> {
  const acks = ACKS.get(options['acks']);
  const { isolation } = options;
  if (acks === undefined) {
    throw new HarnessError('usage', `--option acks=${String(options['acks'])}: wants -1, 1 or 0`);
  }
  if (isolation !== 'read-committed' && isolation !== 'read-uncommitted') {
    throw new HarnessError(
      'usage',
      `--option isolation=${String(isolation)}: wants read-committed or read-uncommitted`,
    );
  }
  return { acks, idempotence: options['idempotence'] === true && acks === 'all', isolation };
}

/** What the completion of a poll or a transaction shows. */
export interface Polled {
  /** By partition: the offset behind the last record. */
  readonly next: ReadonlyMap<string, number>;
  /** Partitions that the consumer lost or was given. */
  readonly rebalanced: readonly string[];
}

export function polledIn({ value }: Operation): Polled {
  const next = new Map<string, number>();
  const rebalanced: string[] = [];
  for (const micro of listOf(value)) {
    const [f, carried = null] = listOf(micro);
    if (f === 'rebalance') rebalanced.push(...listOf(carried).map(String));
    if (f !== 'poll' || !isMap(carried)) continue;
    for (const [key, records] of Object.entries(carried)) {
      const [offset] = listOf(listOf(records).at(-1));
      if (typeof offset === 'number') next.set(key, offset + 1);
    }
  }
  return { next, rebalanced };
}
