/**
 * Registers whose changes carry a position: the revision of a store, the index of a replicated log.
 *
 *     write 1 at position 7, write 2 at position 5, read → 1      the order is 2, 1, 1
 *
 * The positions say in which order the changes took effect. If that order fits the times, every compare-and-set finds
 * what it expects there, and reads find a place between the changes (placement.ts), then it is an order, and the
 * register is linearizable, however often a value was written. If not, nothing is proved: values may be explained by
 * another order, though not the one that the system claims. So this accepts and never refutes; the search decides then.
 */
import type { Json } from '../../../harness/history/operation.ts';
import { sameJson } from '../model.ts';
import type { JudgedOperation } from '../problem.ts';
import { Answers } from './decision.ts';
import type { Decider } from './decision.ts';
import { findLevelInversion } from './levels.ts';
import { placeObservations } from './placement.ts';

const answers = new Answers('order of positions (accepts only)');
const PRECONDITION =
  'every change was answered with a position of its own, and their order explains all answers';

export const acceptVersions: Decider = (model, operations) => {
  const changes: number[] = [];
  const observers: number[] = [];
  for (const [i, { call, completion }] of operations.entries()) {
    if (call.outcome === 'unknown') continue; // as if it had not happened: one order is enough
    if (call.f === 'read' || call.outcome === 'refused') observers.push(i);
    else if (completion?.position === undefined) return answers.inapplicable('a change tells no position');
    else changes.push(i);
  }
  const at = (operation: number): JudgedOperation => operations[operation] as JudgedOperation;
  const positionOf = (operation: number): number => at(operation).completion?.position?.index ?? -1;
  changes.sort((a, b) => positionOf(a) - positionOf(b));
  const level = new Int32Array(operations.length).fill(-1);
  const states: Json[] = [model.init];
  for (const [i, change] of changes.entries()) {
    if (i > 0 && positionOf(change) === positionOf(changes[i - 1] as number)) {
      return answers.inapplicable('two changes tell the same position');
    }
    const next = model.step(states[i] as Json, at(change).call);
    if (next === undefined)
      return answers.inapplicable('a compare-and-set finds another value at its position');
    states.push(next);
    level[change] = i;
  }
  if (findLevelInversion(operations, { count: changes.length, least: level, most: level }) !== null) {
    return answers.inapplicable('the positions contradict the times');
  }
  const misfit = placeObservations(
    {
      calledAt: Int32Array.from(changes, (change) => at(change).calledAt),
      returnedAt: Int32Array.from(changes, (change) => at(change).returnedAt),
    },
    observers.map((observer) => {
      const { call, calledAt, returnedAt } = at(observer);
      const fits =
        call.f === 'read'
          ? (gap: number): boolean => sameJson(states[gap] as Json, call.result)
          : (gap: number): boolean => model.step(states[gap] as Json, call) !== undefined;
      return { calledAt, returnedAt, fits };
    }),
  );
  if (misfit >= 0) return answers.inapplicable('the order of the positions does not explain an answer');
  return answers.legal(PRECONDITION);
};
