/**
 * Seeing what a generator does: `log`, `validate`, `trace`.
 */
import { HarnessError } from '../errors.ts';
import type { Operation } from '../history/operation.ts';
import type { Generator, GeneratorContext, ProposedOperation, Step } from './generator.ts';
import { generatorOf, type GeneratorLike, type OperationTemplate } from './lift.ts';
import { Wrapper, yields } from './wrapper.ts';

/** Logs a line when its turn comes, once. Takes no time and is not recorded. */
export function log(message: string): OperationTemplate {
  return { type: 'log', f: 'log', value: message };
}

/** What is wrong with a proposed operation in this context, one sentence each; empty when nothing is. */
export function problemsOf(op: ProposedOperation, context: GeneratorContext): string[] {
  const problems: string[] = [];
  // A generator of someone else's may return anything.
  const { type, time, process, f, value } = op as { [name in keyof ProposedOperation]?: unknown };
  if (type !== 'invoke' && type !== 'sleep' && type !== 'log') {
    problems.push(`type is ${String(type)}, must be invoke, sleep or log`);
  }
  if (typeof time !== 'number' || !Number.isFinite(time) || time < 0) {
    problems.push(`time is ${String(time)}, must be nanoseconds since the run began`);
  }
  if (typeof f !== 'string' || f === '') problems.push('f is missing');
  if (value === undefined) problems.push('value is missing; it must be null where there is none');
  if (type === 'sleep' && !(typeof value === 'number' && value >= 0)) {
    problems.push(`a sleep's value is ${String(value)}, must be seconds`);
  }
  if (process !== 'nemesis' && !Number.isSafeInteger(process)) {
    problems.push(`process is ${String(process)}, must be a number or 'nemesis'`);
  } else {
    const thread = context.threadOf(op.process);
    if (thread !== undefined && context.freeThreads.includes(thread)) return problems;
    if (thread === undefined) problems.push(`process ${op.process} is retired or was never there`);
    else if (!context.threads.includes(thread))
      problems.push(`there is no thread ${thread} for process ${op.process}`);
    else problems.push(`process ${op.process} is not free`);
  }
  return problems;
}

/** For messages: `time 1200 ns, free threads 0, 2 of 4`. */
export function describeContext(context: GeneratorContext): string {
  const free = context.freeThreads.length === 0 ? 'none' : context.freeThreads.join(', ');
  return `time ${context.time} ns, free threads ${free} of ${context.threads.length}`;
}

/** @throws HarnessError `generator` that names every problem of the operation */
export function assertProposal(op: ProposedOperation, context: GeneratorContext): void {
  const problems = problemsOf(op, context);
  if (problems.length === 0) return;
  throw new HarnessError(
    'generator',
    `a generator proposed ${JSON.stringify(op)} (${describeContext(context)}): ${problems.join('; ')}`,
  );
}

class Validate extends Wrapper {
  op(context: GeneratorContext): Step | null {
    const step = this.inner.op(context);
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    assertProposal(step.op, context);
    return yields(step.op, step.next, (inner) => this.around(inner));
  }
  protected around(inner: Generator): Generator {
    return new Validate(inner);
  }
}

/** Throws HarnessError `generator` for an operation that cannot be run. The interpreter checks the same at the root. */
export function validate(generator: GeneratorLike): Generator {
  return new Validate(generatorOf(generator));
}

class Trace extends Wrapper {
  readonly write: (line: string) => void;
  constructor(write: (line: string) => void, inner: Generator) {
    super(inner);
    this.write = write;
  }
  op(context: GeneratorContext): Step | null {
    const step = this.#observed(`op at ${describeContext(context)}`, () => this.inner.op(context));
    const answer = step === null ? 'exhausted' : step.op === 'pending' ? 'pending' : JSON.stringify(step.op);
    this.write(`op at ${describeContext(context)}: ${answer}`);
    if (step === null) return null;
    if (step.op === 'pending') return this.wait(step.next);
    return yields(step.op, step.next, (inner) => this.around(inner));
  }
  override update(context: GeneratorContext, event: Operation): Generator {
    const what = `update at ${describeContext(context)} with ${JSON.stringify(event)}`;
    this.write(what);
    return this.replace(this.#observed(what, () => this.inner.update(context, event)));
  }
  protected around(inner: Generator): Generator {
    return new Trace(this.write, inner);
  }
  #observed<T>(what: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      this.write(`${what}: threw ${String(error)}`);
      throw error;
    }
  }
}

/** Writes a line about every question put to the generator, its answer, and every event. */
export function trace(write: (line: string) => void, generator: GeneratorLike): Generator {
  return new Trace(write, generatorOf(generator));
}
