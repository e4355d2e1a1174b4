/**
 * Which of several generators goes next: `anyOf`, `mix`, `flipFlop`.
 *
 *     anyOf(clients(workload), nemesis(faults))   // both side by side, whichever is due first
 *     mix(read, write, cas)                       // one of three, by chance, at each operation
 */
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
    const left = this.children.some((child, i) => child !== null && steps[i] === null)
      ? this.children.map((child, i) => (steps[i] === null ? null : child))
      : this.children;
    if (step.op === 'pending') {
      const waiting = left.map((child, i) => steps[i]?.next ?? child);
      return pending(new Merge(this.rule, waiting, this.count));
    }
    const children = replaceChild(left, index, step.next);
    return { op: step.op, next: children === null ? null : new Merge(this.rule, children, this.count + 1) };
  }
  update(context: GeneratorContext, event: Operation): Generator {
    const children = updateAll(this.children, (child, i) =>
      this.rule.hears(i, context, event)
        ? child.update(this.rule.contextFor(i, context).at(i), event)
        : child,
    );
    return children === this.children ? this : new Merge(this.rule, children, this.count);
  }
}

/** The same array when nothing changed: most generators ignore most events. */
export function updateAll<T extends Generator | null>(
  children: readonly T[],
  update: (child: Generator, index: number) => Generator,
): readonly (T | Generator)[] {
  let result: readonly (T | Generator)[] = children;
  for (let i = 0; i < children.length; i++) {
    const child = children[i] as T;
    if (child === null) continue;
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
  /** Those that are not exhausted, and where each stood at first, so that it keeps its draws. */
  readonly children: readonly Generator[];
  readonly places: readonly number[];
  readonly draws: number;
  constructor(children: readonly Generator[], places: readonly number[], draws: number) {
    this.children = children;
    this.places = places;
    this.draws = draws;
  }
  op(context: GeneratorContext): Step | null {
    const { places, draws } = this;
    let { children } = this;
    if (children.length === 0) return null;
    const first = Math.floor(context.random('mix', draws) * children.length);
    for (let k = 0; k < children.length; k++) {
      const index = (first + k) % children.length;
      const step = (children[index] as Generator).op(context.at(places[index] as number));
      if (step === null) return new Mix(...without(children, places, index), draws + 1).op(context);
      if (step.op === 'pending') {
        children = children.with(index, step.next);
      } else if (step.next === null) {
        const [left, leftPlaces] = without(children, places, index);
        return { op: step.op, next: left.length === 0 ? null : new Mix(left, leftPlaces, draws + 1) };
      } else {
        return { op: step.op, next: new Mix(children.with(index, step.next), places, draws + 1) };
      }
    }
    return pending(new Mix(children, places, draws));
  }
  update(context: GeneratorContext, event: Operation): Generator {
    const children = updateAll(this.children, (child, i) =>
      child.update(context.at(this.places[i] as number), event),
    );
    return children === this.children ? this : new Mix(children, this.places, this.draws);
  }
}

function without(
  children: readonly Generator[],
  places: readonly number[],
  index: number,
): [children: readonly Generator[], places: readonly number[]] {
  return [children.toSpliced(index, 1), places.toSpliced(index, 1)];
}

/**
 * One of the generators by chance at each operation, all equally likely; of one that is pending the next in order
 * takes the turn. Each hears every event. Exhausted when all are.
 */
export function mix(...generators: readonly GeneratorLike[]): Generator {
  return new Mix(
    generators.map(generatorOf),
    generators.map((_, i) => i),
    0,
  );
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
    const children = updateAll(this.children, (child, i) => child.update(context.at(i), event));
    return children === this.children ? this : new FlipFlop(children, this.turn);
  }
}

/** One operation of each in turn, round and round, until the one whose turn it is has none left. */
export function flipFlop(...generators: readonly GeneratorLike[]): Generator {
  return new FlipFlop(generators.map(generatorOf), 0);
}
