/**
 * Generators: pure values that say what happens next in a run.
 *
 *     anyOf(
 *       clients(timeLimit(60, stagger(1 / 200, mix(read, write, cas)))),
 *       nemesis(timeLimit(60, cycle([sleep(5), { f: 'cut' }, sleep(5), { f: 'heal' }]))),
 *     )
 *
 * After Jepsen's `jepsen.generator`. The order of arguments is the same everywhere: what the combinator needs to know,
 * then the generator, then what may be left out. Where it takes several generators they are plain arguments
 * (`mix(a, b)`), since an array is a generator itself: its items in turn. Durations are in seconds.
 */
export type { Generator, GeneratorContext, ProposedOperation, Step, ThreadId } from './generator.ts';
export { type GeneratorFunction, type GeneratorLike, generatorOf, type OperationTemplate } from './lift.ts';
export { concurrencyLimit, cycle, limit, once, processLimit, repeat, timeLimit, untilOk } from './limits.ts';
export { anyOf, flipFlop, mix } from './choice.ts';
export { clients, eachThread, nemesis, onThreads, reserve } from './threads.ts';
export { cycleTimes, delay, sleep, stagger } from './timing.ts';
export { andThen, phases, synchronize } from './order.ts';
export { filter, fMap, map, onUpdate } from './transform.ts';
export { log, trace, validate } from './inspect.ts';
export { type PlanEntry, planGenerator, planOf } from './plan.ts';
