/**
 * Which of several generators goes next: `anyOf`, `mix`, `flipFlop`.
 *
 *     anyOf(clients(workload), nemesis(faults))   // both side by side, whichever is due first
 *     mix(read, write, cas)                       // one of three, by chance, at each operation
 */
import { assert } from '../errors.ts';
import type { Operation } from '../history/operation.ts';
import type { Generator, GeneratorContext, Step } from './generator.ts';
import { generatorOf, type GeneratorLike, pending } from './lift.ts';

/** Null where a child is exhausted; the others keep their places, and so their draws. */
export type Children = readonly (Generator | null)[];

/** Replaces one child; null when none is left. */
function replaceChild(children: Children, index: number, child: Generator | null): Children | null {
  const result = children.with(index, child);
  return child === null && result.every((other) => other === null) ? null : result;
}

/**
 * The index of the step to take: the earliest operation; among equally early ones by `draw` in [0, 1), each as likely
 * as its weight, since a fixed preference would starve the others. Pending only if there is no operation; -1 if there
 * is nothing.
 */
export function soonest(
  steps: readonly (Step | null)[],
  weightOf: (index: number) => number,
  draw: () => number,
): number {
  let best = -1;
  let bestTime = Infinity;
  let ties = 0;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (step === null || step === undefined) continue;
    if (step.op === 'pending') {
      if (best === -1) best = i;
    } else if (step.op.time < bestTime) {
      best = i;
      bestTime = step.op.time;
      ties = 1;
    } else if (step.op.time === bestTime) {
      ties++;
    }
  }
  if (ties <= 1) return best;
  const isTied = (step: Step | null): boolean =>
    step !== null && step.op !== 'pending' && step.op.time === bestTime;
  let total = 0;
  for (let i = 0; i < steps.length; i++) if (isTied(steps[i] as Step | null)) total += weightOf(i);
  let left = draw() * total;
  for (let i = best; i < steps.length; i++) {
    if (!isTied(steps[i] as Step | null)) continue;
    left -= weightOf(i);
    if (left < 0) return i;
    best = i;
  }
  return best;
}

/** What tells the merges apart: what each child sees and hears, and how much it weighs in a tie. */
export interface MergeRule {
  contextFor(index: number, context: GeneratorContext): GeneratorContext;
  hears(index: number, context: GeneratorContext, event: Operation): boolean;
  weightOf(index: number, context: GeneratorContext): number;
}

/** Takes the soonest operation of all children. */
export class Merge implements Generator {
  readonly rule: MergeRule;
  readonly children: Children;
  /** Operations so far: which draw decides the next tie. */
  readonly count: number;
  constructor(rule: MergeRule, children: Children, count: number) {
    this.rule = rule;
    this.children = children;
    this.count = count;
  }
  op(context: GeneratorContext): Step | null {
    const steps = this.children.map((child, i) =>
      child === null ? null : child.op(this.rule.contextFor(i, context).at(i)),
    );
    const index = soonest(
      steps,
      (i) => this.rule.weightOf(i, context),
      () => context.random('tie', this.count),
    );
    const step = steps[index];
    if (step === null || step === undefined) return null;
    // A child that is exhausted stays so.
    const left = this.children.map((child, i) => (steps[i] === null ? null : child));
    if (step.op === 'pending') {
      const waiting = left.map((child, i) => steps[i]?.next ?? child);
      return pending(new Merge(this.rule, waiting, this.count));
    }
    const children = replaceChild(left, index, step.next);
    return { op: step.op, next: children === null ? null : new Merge(this.rule, children, this.count + 1) };
  }
  update(context: GeneratorContext, event: Operation): Generator {
    const children = updateChildren(this.children, (child, i) =>
      this.rule.hears(i, context, event)
        ? child.update(this.rule.contextFor(i, context).at(i), event)
        : child,
    );
    return children === this.children ? this : new Merge(this.rule, children, this.count);
  }
}

/** The same array when nothing changed: most generators ignore most events. */
function updateChildren(
  children: Children,
  update: (child: Generator, index: number) => Generator,
): Children {
  let result = children;
  for (let i = 0; i < children.length; i++) {
    const child = children[i];
    if (child === null || child === undefined) continue;
    const updated = update(child, i);
    if (updated !== child) result = result.with(i, updated);
  }
  return result;
}

const EVERYONE: MergeRule = {
  contextFor: (_index, context) => context,
  hears: () => true,
  weightOf: () => 1,
};

/**
 * All generators side by side: the operation that is due first, of whichever; ties are broken by chance. Each hears
 * every event. Exhausted when all are.
 */
export function anyOf(...generators: readonly GeneratorLike[]): Generator {
  return new Merge(EVERYONE, generators.map(generatorOf), 0);
}

class Mix implements Generator {
  readonly children: Children;
  readonly draws: number;
  constructor(children: Children, draws: number) {
    this.children = children;
    this.draws = draws;
  }
  op(context: GeneratorContext): Step | null {
    const live = this.children.flatMap((child, i) => (child === null ? [] : [i]));
    if (live.length === 0) return null;
    const first = Math.floor(context.random('mix', this.draws) * live.length);
    let waiting: Children | null = null;
    for (let k = 0; k < live.length; k++) {
      const index = live[(first + k) % live.length] as number;
      const step = this.children[index]?.op(context.at(index)) ?? null;
      if (step === null)
        return new Mix((waiting ?? this.children).with(index, null), this.draws + 1).op(context);
      if (step.op !== 'pending') {
        const children = replaceChild(this.children, index, step.next);
        return { op: step.op, next: children === null ? null : new Mix(children, this.draws + 1) };
      }
      waiting = (waiting ?? this.children).with(index, step.next);
    }
    assert(waiting !== null, 'every child is pending');
    return pending(new Mix(waiting, this.draws));
  }
  update(context: GeneratorContext, event: Operation): Generator {
    const children = updateChildren(this.children, (child, i) => child.update(context.at(i), event));
    return children === this.children ? this : new Mix(children, this.draws);
  }
}

/**
 * One of the generators by chance at each operation, all equally likely; of one that is pending the next in order
 * takes the turn. Each hears every event. Exhausted when all are.
 */
export function mix(...generators: readonly GeneratorLike[]): Generator {
  return new Mix(generators.map(generatorOf), 0);
}

class FlipFlop implements Generator {
  readonly children: readonly Generator[];
  readonly turn: number;
  constructor(children: readonly Generator[], turn: number) {
    this.children = children;
    this.turn = turn;
  }
  op(context: GeneratorContext): Step | null {
    const step = this.children[this.turn]?.op(context.at(this.turn)) ?? null;
    if (step === null) return null;
    const children = this.children.with(this.turn, step.next ?? generatorOf(null));
    if (step.op === 'pending') return pending(new FlipFlop(children, this.turn));
    return { op: step.op, next: new FlipFlop(children, (this.turn + 1) % children.length) };
  }
  update(context: GeneratorContext, event: Operation): Generator {
    const children = updateChildren(this.children, (child, i) => child.update(context.at(i), event));
    return children === this.children ? this : new FlipFlop(children as readonly Generator[], this.turn);
  }
}

/** One operation of each in turn, round and round, until the one whose turn it is has none left. */
export function flipFlop(...generators: readonly GeneratorLike[]): Generator {
  return new FlipFlop(generators.map(generatorOf), 0);
}
