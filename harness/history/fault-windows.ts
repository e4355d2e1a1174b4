/**
 * Which fault was in force when, read from the nemesis's operations: a window opens at the effect whose edge is
 * `begin` and closes at the one with the same `faultId` and edge `end`.
 *
 *     12  nemesis  ok  cut   {faultId: 1, fault: 'partition', edge: 'begin', …}
 *     80  nemesis  ok  heal  {faultId: 1, fault: 'partition', edge: 'end', tookEffect: true, …}
 *     →   {faultId: 1, fault: 'partition', beginIndex: 12, endIndex: 80, …}
 *
 * A window is drawn wide: from the invocation that began the fault to the completion that ended it, because the
 * fault may be in force at any time in between.
 */
import type { FaultEffect, Json, Operation } from './operation.ts';

export interface FaultWindow {
  readonly faultId: number;
  /** Which nemesis: `partition`, `kill`, … */
  readonly fault: string;
  readonly nodes: readonly string[];
  /** For people, from the beginning: `isolated n3 (the leader) from n1, n2`. */
  readonly description: string;
  /** Nanoseconds since the run began. */
  readonly startTime: number;
  /** Undefined when the history ends with the fault still in force. */
  readonly endTime: number | undefined;
  /** The operation that carries the effect of edge `begin`, or `instant`. */
  readonly beginIndex: number;
  /** The operation that carries the effect of edge `end`; for an instant fault the same as `beginIndex`. */
  readonly endIndex: number | undefined;
  readonly instant: boolean;
  readonly parameters: Json;
  /** Counters of what was seen of it; undefined while it is in force. */
  readonly observed: { readonly [counter: string]: number } | undefined;
  /** Whether a node could notice; undefined when nobody said. */
  readonly tookEffect: boolean | undefined;
}

/**
 * The windows of a history, by the operation that began them. An `end` without a `begin` is left out.
 *
 * @param invocationOf - the invocation of the completion at an index
 */
export function collectFaultWindows(
  operations: readonly Operation[],
  invocationOf: (index: number) => Operation | undefined,
): readonly FaultWindow[] {
  const windows = new Map<number, FaultWindow>();
  for (const operation of operations) {
    if (operation.process !== 'nemesis' || operation.type === 'invoke' || operation.type === 'fail') continue;
    if (!isFaultEffect(operation.value)) continue;
    const effect = operation.value;
    const open = windows.get(effect.faultId);
    if (effect.edge === 'end') {
      if (open === undefined) continue;
      windows.set(effect.faultId, {
        ...open,
        endTime: operation.time,
        endIndex: operation.index,
        observed: effect.observed,
        tookEffect: effect.tookEffect,
      });
      continue;
    }
    const instant = effect.edge === 'instant';
    windows.set(effect.faultId, {
      faultId: effect.faultId,
      fault: effect.fault,
      nodes: effect.nodes,
      description: effect.description,
      startTime: invocationOf(operation.index)?.time ?? operation.time,
      endTime: instant ? operation.time : undefined,
      beginIndex: operation.index,
      endIndex: instant ? operation.index : undefined,
      instant,
      parameters: effect.parameters,
      observed: effect.observed,
      tookEffect: effect.tookEffect,
    });
  }
  return [...windows.values()];
}

/** Imported histories carry nemesis values of any shape: see jepsen-faults.ts. */
function isFaultEffect(value: unknown): value is FaultEffect {
  if (typeof value !== 'object' || value === null) return false;
  const effect = value as Partial<FaultEffect>;
  return (
    typeof effect.faultId === 'number' &&
    typeof effect.fault === 'string' &&
    (effect.edge === 'begin' || effect.edge === 'end' || effect.edge === 'instant') &&
    Array.isArray(effect.nodes) &&
    typeof effect.description === 'string'
  );
}
