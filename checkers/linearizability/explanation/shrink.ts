/**
 * Delta debugging: from operations that are not linearizable to few that still are not, and no longer are when any one
 * of them is left out.
 *
 * An operation is left out whole, and with it those that only it explained (support.ts), so that what remains fails for
 * a reason that was there before. Same operations, same core.
 *
 * Source: Zeller and Hildebrandt 2002 (Simplifying and isolating failure-inducing input); here parts of halving size are
 * left out in turn.
 */
import type { JudgedOperation } from '../problem.ts';
import type { SubHistories } from './sub-histories.ts';
import type { Supports } from './support.ts';

export interface Shrunk {
  readonly operations: readonly JudgedOperation[];
  /** No one of them can be left out. False when the effort was used up before that was known. */
  readonly isMinimal: boolean;
}

/** Rounds of shrinking, each of which heeds one more operation that must not be forgotten. */
const MAX_ROUNDS = 24;

/**
 * A core that no other operation rescues: of writes of 1, 2 and 1 and a read of 1, the first, the second and the read
 * are not linearizable, but that is not what is wrong. Where such an operation exists, the shrinking begins again, and
 * keeps to parts that are illegal with and without it.
 *
 * @param operations - explicable, in the order of their calls
 * @param others - what may rescue them
 * @returns null when nothing illegal is found that no other operation rescues
 */
export function shrink(
  parts: SubHistories,
  supports: Supports,
  operations: readonly JudgedOperation[],
  others: readonly JudgedOperation[],
): Shrunk | null {
  const rescuers: JudgedOperation[] = [];
  const isIllegal = (candidate: readonly JudgedOperation[]): boolean => {
    if (parts.judge(candidate) !== 'illegal') return false;
    const absent = rescuers.filter((other) => !candidate.includes(other));
    if (absent.length > 1 && parts.judge(inOrder([...candidate, ...absent])) !== 'illegal') return false;
    return absent.every((other) => parts.judge(inOrder([...candidate, other])) === 'illegal');
  };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (!isIllegal(operations)) return null;
    const core = shrinkOnce(parts, supports, operations, isIllegal);
    if (parts.effort.isUsedUp) return core;
    const absent = rescuers.filter((other) => !core.operations.includes(other));
    const rescues = (other: JudgedOperation): boolean =>
      parts.judge(inOrder([...core.operations, other])) === 'legal' ||
      (absent.length > 0 && parts.judge(inOrder([...core.operations, ...absent, other])) === 'legal');
    const members = new Set([...core.operations, ...absent]);
    const rescuer = others.find((other) => !members.has(other) && rescues(other));
    if (rescuer === undefined) return core;
    rescuers.push(rescuer);
  }
  return null;
}

function inOrder(operations: readonly JudgedOperation[]): readonly JudgedOperation[] {
  return operations.toSorted((a, b) => a.calledAt - b.calledAt);
}

function shrinkOnce(
  parts: SubHistories,
  supports: Supports,
  operations: readonly JudgedOperation[],
  isIllegal: (candidate: readonly JudgedOperation[]) => boolean,
): Shrunk {
  let core = operations;
  for (let size = Math.ceil(core.length / 2); size >= 1;) {
    let hasShrunk = false;
    for (let from = 0; from < core.length;) {
      if (parts.effort.isUsedUp) return { operations: core, isMinimal: false };
      const rest = supports.explicable(core.toSpliced(from, size));
      // What was not found within the effort may be there.
      if (parts.effort.isUsedUp) return { operations: core, isMinimal: false };
      if (isIllegal(rest)) {
        core = rest;
        hasShrunk = true;
      } else {
        from += size;
      }
    }
    if (size > 1) size = Math.min(Math.floor(size / 2), Math.max(1, core.length));
    else if (!hasShrunk) break;
  }
  return { operations: core, isMinimal: true };
}
