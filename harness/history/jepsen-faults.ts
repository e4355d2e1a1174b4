/**
 * Faults of histories that Jepsen recorded, as windows: there the nemesis says only what it does, under names that come
 * in pairs.
 *
 *     12  nemesis  start-partition  …     80  nemesis  stop-partition     → a window `partition`
 *     90  nemesis  kill             …     95  nemesis  start              → a window `kill`
 *
 * Pairs are `start-x` and `stop-x`, `kill` and `start`, `pause` and `resume`, `start` and `stop`, and the clock's
 * `bump-clock` and `strobe-clock` with `reset-clock`. Whether a fault took effect nobody said, and on which nodes only
 * in words of the test's own: they stand in the description. Operations that are none of these are no faults here.
 */
import type { FaultWindow } from './fault-windows.ts';
import type { Json, Operation } from './operation.ts';

/** What begins, by the name of the fault, and what ends it. */
const BEGINNINGS: ReadonlyMap<string, string> = new Map([
  ['kill', 'kill'],
  ['pause', 'pause'],
  ['bump-clock', 'clock'],
  ['strobe-clock', 'clock'],
]);
const ENDS: ReadonlyMap<string, string> = new Map([
  ['resume', 'pause'],
  ['reset-clock', 'clock'],
]);
/** `start` and `stop` where they are not of a node: the nemesis's only fault. */
const UNNAMED = 'fault';
/** Of a grudge of many nodes. */
const WORDS_MAX = 120;

/** @param invocationOf - the invocation of the completion at an index */
export function jepsenFaultWindows(
  operations: readonly Operation[],
  invocationOf: (index: number) => Operation | undefined,
): readonly FaultWindow[] {
  const windows: FaultWindow[] = [];
  /** By fault: its place among the windows. */
  const open = new Map<string, number>();
  const kills = operations.some(({ process, f }) => process === 'nemesis' && f === 'kill');
  for (const operation of operations) {
    if (operation.process !== 'nemesis' || operation.type === 'invoke' || operation.type === 'fail') continue;
    const edge = edgeOf(operation.f, kills);
    if (edge === null) continue;
    const place = open.get(edge.fault);
    if (edge.isBeginning) {
      // Once more while it is in force: the same fault, until it ends.
      if (place !== undefined) continue;
      const startTime = invocationOf(operation.index)?.time ?? operation.time;
      open.set(edge.fault, windows.length);
      windows.push(windowOf(edge.fault, windows.length + 1, operation, startTime));
    } else if (place !== undefined) {
      const window = windows[place] as FaultWindow;
      windows[place] = { ...window, endTime: operation.time, endIndex: operation.index };
      open.delete(edge.fault);
    }
  }
  return windows;
}

function edgeOf(f: string, kills: boolean): { readonly fault: string; readonly isBeginning: boolean } | null {
  const named = /^(start|stop)-(.+)$/.exec(f);
  if (named !== null) return { fault: named[2] as string, isBeginning: named[1] === 'start' };
  if (f === 'start')
    return kills ? { fault: 'kill', isBeginning: false } : { fault: UNNAMED, isBeginning: true };
  if (f === 'stop') return kills ? null : { fault: UNNAMED, isBeginning: false };
  const begun = BEGINNINGS.get(f);
  if (begun !== undefined) return { fault: begun, isBeginning: true };
  const ended = ENDS.get(f);
  return ended === undefined ? null : { fault: ended, isBeginning: false };
}

function windowOf(
  fault: string,
  faultId: number,
  { index, f, value }: Operation,
  startTime: number,
): FaultWindow {
  return {
    faultId,
    fault,
    nodes: [],
    description: `${f}${value === null ? '' : ` ${wordsOf(value)}`} (as Jepsen recorded it)`,
    startTime,
    endTime: undefined,
    beginIndex: index,
    endIndex: undefined,
    instant: false,
    parameters: value,
    observed: undefined,
    tookEffect: undefined,
  };
}

function wordsOf(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= WORDS_MAX ? text : `${text.slice(0, WORDS_MAX)}…`;
}
