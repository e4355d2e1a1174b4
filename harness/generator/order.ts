/**
 * One thing after another, with everyone's work done in between: `synchronize`, `phases`, `andThen`. (An array goes
 * on to its next item while operations of the last are still in flight.)
 *
 *     phases(timeLimit(60, workload), sleep(10), finalReads)
 */
import type { Generator, GeneratorContext, Step } from './generator.ts';
import { generatorOf, type GeneratorLike, pending } from './lift.ts';
import { Wrapper } from './wrapper.ts';

class Synchronize extends Wrapper {
  op(context: GeneratorContext): Step | null {
    // Once everyone is there the wrapper is gone.
    return context.freeThreads.length === context.threads.length ? this.inner.op(context) : pending(this);
  }
  protected around(inner: Generator): Generator {
    return new Synchronize(inner);
  }
}

/** Begins when all threads that it can see are free. */
export function synchronize(generator: GeneratorLike): Generator {
  return new Synchronize(generatorOf(generator));
}

/** Each in turn, and each begins only when all threads are done with the one before. */
export function phases(...generators: readonly GeneratorLike[]): Generator {
  return generatorOf(generators.map(synchronize));
}

/**
 * The first; then, when all threads are done with it, the second.
 *
 * (Not `then`, as Jepsen has it: a module that exports a function of that name cannot be imported with `await import`.)
 */
export function andThen(first: GeneratorLike, second: GeneratorLike): Generator {
  return generatorOf([first, synchronize(second)]);
}
