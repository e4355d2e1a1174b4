/**
 * Deciders: special cases in which linearizability is decided in O(n log n). Each verifies its precondition on the
 * operations of a partition; where it does not hold, the search decides.
 *
 * A model is known by its `step`, so that one with another initial state is known as well, and a user's model of
 * the same name is not.
 */
import type { Model } from '../model.ts';
import { counter } from '../models/counter.ts';
import { fencedMutex, mutex, ownerMutex } from '../models/locks.ts';
import { log } from '../models/log.ts';
import { fifoQueue, stack } from '../models/queues.ts';
import { register } from '../models/registers.ts';
import { set, uniqueIds } from '../models/sets.ts';
import { versionedKv, versionedRegister } from '../models/versioned.ts';
import type { JudgedOperation } from '../problem.ts';
import { OutOfTime } from './decision.ts';
import type { Decider, Decision } from './decision.ts';
import { decideCounter, refuteCounter } from './counter.ts';
import { decideFencedMutex, decideMutex, decideOwnerMutex } from './locks.ts';
import { decideLog } from './log.ts';
import { decideQueue } from './queue.ts';
import { decideRegister } from './register.ts';
import { decideSet } from './set.ts';
import { decideStack } from './stack.ts';
import { decideUniqueIds } from './unique-ids.ts';
import { decideVersionedKv, decideVersionedRegister } from './versioned.ts';
import { acceptVersions } from './versions.ts';

export { OutOfTime } from './decision.ts';
export type { Decision } from './decision.ts';

/** What a decider takes beside the operations, about; bench/deciders.ts prints the peaks. */
export const BYTES_PER_OPERATION = 100;

const deciders: ReadonlyMap<Model['step'], readonly Decider[]> = new Map<Model['step'], readonly Decider[]>([
  // Also that of a register with compare-and-set.
  [register.step, [decideRegister, acceptVersions]],
  [set.step, [decideSet]],
  [uniqueIds.step, [decideUniqueIds]],
  [fifoQueue.step, [decideQueue]],
  [stack.step, [decideStack]],
  [log.step, [decideLog]],
  [counter.step, [decideCounter, refuteCounter]],
  [mutex.step, [decideMutex]],
  [ownerMutex.step, [decideOwnerMutex]],
  [fencedMutex.step, [decideFencedMutex]],
  [versionedRegister.step, [decideVersionedRegister]],
  [versionedKv.step, [decideVersionedKv]],
]);

/**
 * The first decision of those that know the model; null when there is none, and the search has to decide.
 *
 * @param name - of the object, in sentences
 * @throws OutOfTime
 */
export function decide(
  model: Model,
  operations: readonly JudgedOperation[],
  name: string,
  isOverdue: () => boolean = () => false,
): Decision | null {
  const pause = (): void => {
    if (isOverdue()) throw new OutOfTime();
  };
  for (const decider of deciders.get(model.step) ?? []) {
    const decision = decider(model, operations, name, pause);
    pause();
    if (decision.outcome !== 'inapplicable') return decision;
  }
  return null;
}
