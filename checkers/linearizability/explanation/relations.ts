/** What holds between the operations of a core: which one needs which, and which came before which in real time. */
import type { JudgedOperation } from '../problem.ts';
import type { Core } from './core.ts';
import { Effort, SubHistories } from './sub-histories.ts';
import { Pool, Supports } from './support.ts';

export interface Relation {
  readonly from: JudgedOperation;
  readonly to: JudgedOperation;
}

/** For each of them one: whether an operation is explicable without another. */
const STEPS = 1 << 18;
const STEPS_EACH = 1 << 12;

/** Who is the only one that can have left what another found: `to` is not explicable without `from`. */
export function needs({ model, worlds, operations }: Core): readonly Relation[] {
  const parts = new SubHistories(model, worlds, new Effort(STEPS, () => false), STEPS_EACH);
  const isNeeded = (from: JudgedOperation, to: JudgedOperation): boolean => {
    const others = new Pool(
      model,
      operations.filter((other) => other !== from),
    );
    return new Supports(parts).of(to, others) === null;
  };
  const all: Relation[] = [];
  const together = new Pool(model, operations);
  for (const to of operations) {
    if (new Supports(parts).of(to, together) === null) continue;
    if (new Supports(parts).of(to, new Pool(model, [to])) !== null) continue;
    for (const from of operations) if (from !== to && isNeeded(from, to)) all.push({ from, to });
  }
  return reduced(all);
}

/** Who had returned before another was called. */
export function precedences({ operations }: Core): readonly Relation[] {
  return reduced(
    operations.flatMap((to) =>
      operations.filter(({ returnedAt }) => returnedAt < to.calledAt).map((from): Relation => ({ from, to })),
    ),
  );
}

/** Without those that follow from two others. */
function reduced(relations: readonly Relation[]): readonly Relation[] {
  const holds = (from: JudgedOperation, to: JudgedOperation): boolean =>
    relations.some((relation) => relation.from === from && relation.to === to);
  return relations.filter(
    ({ from, to }) =>
      !relations.some((other) => other.from === from && other.to !== to && holds(other.to, to)),
  );
}
