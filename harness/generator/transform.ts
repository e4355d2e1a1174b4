/**
 * Changing what comes out of a generator and what goes in: `map`, `filter`, `fMap`, `onUpdate`.
 *
 *     fMap({ start: 'cut', stop: 'heal' }, flipFlop({ f: 'start' }, { f: 'stop' }))
 */
import { HarnessError } from '../errors.ts';
import type { Operation } from '../history/operation.ts';
import type { Generator, GeneratorContext, ProposedOperation, Step } from './generator.ts';
import { generatorOf, type GeneratorLike } from './lift.ts';
import { Wrapper, yields } from './wrapper.ts';

type Transform = (op: ProposedOperation, context: GeneratorContext) => ProposedOperation;

class Map extends Wrapper {
  readonly transform: Transform;
  constructor(transform: Transform, inner: Generator) {
    super(inner);
    this.transform = transform;
  }
  op(context: GeneratorContext): Step | null {
    const step = this.inner.op(context);
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    return yields(this.transform(step.op, context), step.next, (inner) => this.around(inner));
  }
  protected around(inner: Generator): Generator {
    return new Map(this.transform, inner);
  }
}

/** Each operation as the function, which must be pure, returns it. */
export function map(transform: Transform, generator: GeneratorLike): Generator {
  return new Map(transform, generatorOf(generator));
}

/** Renames functions: those in `names` get their new name, the others keep theirs. */
export function fMap(names: Readonly<Record<string, string>>, generator: GeneratorLike): Generator {
  return map((op) => {
    const f = Object.hasOwn(names, op.f) ? names[op.f] : undefined;
    return f === undefined ? op : { ...op, f };
  }, generator);
}

type Predicate = (op: ProposedOperation, context: GeneratorContext) => boolean;

/** A filter that refuses this many operations in a row is taken for a mistake. */
const MAX_REFUSED = 1_000_000;

class Filter extends Wrapper {
  readonly keep: Predicate;
  constructor(keep: Predicate, inner: Generator) {
    super(inner);
    this.keep = keep;
  }
  op(context: GeneratorContext): Step | null {
    let inner = this.inner;
    for (let refused = 0; refused < MAX_REFUSED; refused++) {
      const step = inner.op(context);
      if (step === null) return null;
      if (step.op === 'pending') return this.wait(step.next);
      if (this.keep(step.op, context)) return yields(step.op, step.next, (next) => this.around(next));
      if (step.next === null) return null;
      inner = step.next;
    }
    throw new HarnessError('generator', `a filter refused ${MAX_REFUSED} operations in a row`);
  }
  protected around(inner: Generator): Generator {
    return new Filter(this.keep, inner);
  }
}

/** Only the operations that satisfy the predicate, which must be pure; the others are used up. */
export function filter(keep: Predicate, generator: GeneratorLike): Generator {
  return new Filter(keep, generatorOf(generator));
}

type UpdateHandler = (generator: Generator, context: GeneratorContext, event: Operation) => GeneratorLike;

class OnUpdate extends Wrapper {
  readonly handle: UpdateHandler;
  constructor(handle: UpdateHandler, inner: Generator) {
    super(inner);
    this.handle = handle;
  }
  op(context: GeneratorContext): Step | null {
    const step = this.inner.op(context);
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    return { op: step.op, next: this.around(step.next ?? generatorOf(null)) };
  }
  override update(context: GeneratorContext, event: Operation): Generator {
    return generatorOf(this.handle(this, context, event));
  }
  protected around(inner: Generator): Generator {
    return new OnUpdate(this.handle, inner);
  }
}

/**
 * At every event goes on with whatever the function returns, given this generator itself, the context and the event.
 * The generator inside hears nothing unless the function tells it; return the first argument to go on unchanged.
 */
export function onUpdate(handle: UpdateHandler, generator: GeneratorLike): Generator {
  return new OnUpdate(handle, generatorOf(generator));
}
