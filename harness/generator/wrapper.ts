/**
 * The shape that most combinators share: one generator inside, to which events pass, and a rule about what comes
 * out of it. A subclass says how it looks around another inner generator, and what it does with a step.
 */
import type { Operation } from '../history/operation.ts';
import type { Generator, GeneratorContext, ProposedOperation, Step } from './generator.ts';
import { pending } from './lift.ts';

export abstract class Wrapper implements Generator {
  readonly inner: Generator;
  constructor(inner: Generator) {
    this.inner = inner;
  }

  abstract op(context: GeneratorContext): Step | null;

  /** The same wrapper around another generator. */
  protected abstract around(inner: Generator): Generator;

  update(context: GeneratorContext, event: Operation): Generator {
    return this.replace(this.inner.update(context, event));
  }

  protected replace(inner: Generator): Generator {
    return inner === this.inner ? this : this.around(inner);
  }

  /** The inner step is pending: so are we, and go on with what it goes on with. */
  protected wait(inner: Generator): Step {
    return pending(this.replace(inner));
  }
}

/** An operation and what follows it; a wrapper around nothing is nothing. */
export function yields(
  op: ProposedOperation,
  inner: Generator | null,
  around: (inner: Generator) => Generator | null,
): Step {
  return { op, next: inner === null ? null : around(inner) };
}
