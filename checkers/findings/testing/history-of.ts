/** Histories for tests, as short as they can be written; and a random schedule of calls. */
import { History } from '../../../harness/history/history.ts';
import type { Json, Operation, OperationType } from '../../../harness/history/operation.ts';
import type { Random } from '../../../harness/random.ts';

export type Row = readonly [
  process: number,
  type: OperationType,
  f: string,
  value: Json,
  more?: { readonly key?: string | number; readonly position?: number; readonly time?: number },
];

/** One operation a row; without a time, its index in milliseconds. */
export function historyOf(rows: readonly Row[]): History {
  return new History(
    rows.map(([process, type, f, value, { key, position, time } = {}], index): Operation => {
      const place = position === undefined ? {} : { position: { index: position } };
      const ofKey = key === undefined ? {} : { key };
      return { index, time: time ?? index * 1e6, process, type, f, value, ...ofKey, ...place };
    }),
  );
}

/** A call that is over before the next begins. A read is asked with null. */
export function call(
  process: number,
  f: string,
  value: Json,
  type: OperationType = 'ok',
  more: Row[4] = {},
): Row[] {
  const { position: _, ...asked } = more;
  return [
    [process, 'invoke', f, f === 'read' || f === 'dequeue' ? null : value, asked],
    [process, type, f, value, more],
  ];
}

export interface PlannedCall {
  readonly f: string;
  readonly value: Json;
}

/**
 * Interleaves calls of some threads. `happen` runs at a moment within the call at which it takes effect, and gives its
 * answer; not every call of unknown outcome happens, and no failed one does.
 */
export function interleave(
  random: Random,
  options: { readonly threads: number; readonly calls: number; readonly unknownShare?: number },
  plan: (process: number) => PlannedCall,
  happen: (call: PlannedCall, process: number) => Json,
): Row[] {
  const { threads, calls, unknownShare = 0.15 } = options;
  const rows: Row[] = [];
  const processes = Array.from({ length: threads }, (_, thread) => thread);
  const inFlight: ({ call: PlannedCall; answer: Json | undefined; end: OperationType } | undefined)[] = [];
  let begun = 0;
  while (begun < calls || inFlight.some((open) => open !== undefined)) {
    const thread = random.integer(0, threads - 1);
    const process = processes[thread] as number;
    const open = inFlight[thread];
    if (open === undefined) {
      if (begun >= calls) continue;
      begun++;
      const planned = plan(process);
      const end = random.chance(unknownShare) ? random.pick<OperationType>(['info', 'fail']) : 'ok';
      inFlight[thread] = { call: planned, answer: undefined, end };
      rows.push([process, 'invoke', planned.f, planned.f === 'read' ? null : planned.value]);
      continue;
    }
    const happens = open.end === 'ok' || (open.end === 'info' && random.chance(0.5));
    if (open.answer === undefined && happens) {
      open.answer = happen(open.call, process);
      if (random.chance(0.5)) continue;
    }
    const value = open.end === 'ok' ? (open.answer ?? null) : open.call.value;
    rows.push([process, open.end, open.call.f, value]);
    inFlight[thread] = undefined;
    if (open.end === 'info') processes[thread] = process + threads;
  }
  return rows;
}
