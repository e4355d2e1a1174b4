/**
 * Runs a generator without clients, cluster or clock, to see what it does: for tests of generators, and for writers of
 * workloads.
 *
 *     simulate(limit(2, repeat({ f: 'read' })), { complete: perfect }).map(describeEvent)
 *     // ['       0  1        invoke read', '      10  1        ok     read', …]
 *
 * It keeps to the interpreter's rules: completions come before new operations of the same time, an `info` retires the
 * process, a `sleep` keeps its thread busy. Unlike the interpreter's history, its own shows sleeps and logs, too.
 */
import { HarnessError } from '../errors.ts';
import type { Json, Operation, OperationType, ProcessId } from '../history/operation.ts';
import { nsToMs, NS_PER_MS, sToNs } from '../units.ts';
import { ThreadTable } from './context.ts';
import type { ProposedOperation, ThreadId } from './generator.ts';
import { assertProposal } from './inspect.ts';
import { generatorOf, type GeneratorLike } from './lift.ts';

export interface SimulatedEvent {
  /** Nanoseconds. */
  readonly time: number;
  readonly process: ProcessId;
  readonly thread: ThreadId;
  readonly type: OperationType | 'sleep' | 'log';
  readonly f: string;
  readonly key?: string | number;
  readonly value: Json;
}

export interface SimulatedCompletion {
  readonly type: 'ok' | 'fail' | 'info';
  readonly latencyNs: number;
}

/** @param count - how many operations this thread has done before */
export type Complete = (op: ProposedOperation, thread: ThreadId, count: number) => SimulatedCompletion;

export interface SimulateOptions {
  /** Client threads; 2 when absent. There is a nemesis thread besides. */
  readonly concurrency?: number;
  readonly seed?: number;
  /** {@link perfect} when absent. */
  readonly complete?: Complete;
  /** Stops after so many events: for endless generators. */
  readonly maxEvents?: number;
}

const LATENCY_NS = 10 * NS_PER_MS;
const DEFAULT_MAX_EVENTS = 100_000;

/** Everything succeeds at once. */
export const quick: Complete = () => ({ type: 'ok', latencyNs: 0 });
/** Everything succeeds in 10 ms. */
export const perfect: Complete = () => ({ type: 'ok', latencyNs: LATENCY_NS });
/** Nothing is known of anything, after 10 ms. */
export const crashing: Complete = () => ({ type: 'info', latencyNs: LATENCY_NS });
/** Each thread's operations fail, are unknown, succeed, and so on in turn, in 10 ms. */
export const imperfect: Complete = (_op, _thread, count) => ({
  type: (['fail', 'info', 'ok'] as const)[count % 3] ?? 'ok',
  latencyNs: LATENCY_NS,
});

interface InFlight {
  readonly op: ProposedOperation;
  readonly thread: ThreadId;
  readonly type: 'ok' | 'fail' | 'info' | 'sleep';
  readonly time: number;
}

export function simulate(generator: GeneratorLike, options: SimulateOptions = {}): SimulatedEvent[] {
  const { concurrency = 2, seed = 1, complete = perfect, maxEvents = DEFAULT_MAX_EVENTS } = options;
  const table = new ThreadTable({ concurrency, nemesis: true, seed });
  const events: SimulatedEvent[] = [];
  const counts = new Map<ThreadId, number>();
  let inFlight: InFlight[] = [];
  let time = 0;
  let current = generatorOf(generator);
  let index = 0;

  const tell = (event: SimulatedEvent): void => {
    const { type, thread: _thread, ...rest } = event;
    if (type === 'sleep' || type === 'log') return;
    const operation: Operation = { ...rest, type, index: index++ };
    current = current.update(table.context(time), operation);
  };

  while (events.length < maxEvents) {
    const context = table.context(time);
    const step = current.op(context);
    const [first] = inFlight;
    if (step !== null && step.op !== 'pending' && (first === undefined || step.op.time < first.time)) {
      const { op } = step;
      assertProposal(op, context);
      const thread = context.threadOf(op.process) as ThreadId;
      current = step.next ?? generatorOf(null);
      time = Math.max(time, op.time);
      const event: SimulatedEvent = { ...op, time, thread };
      events.push(event);
      if (op.type === 'log') continue;
      table.occupy(thread, op.process);
      tell(event);
      const count = counts.get(thread) ?? 0;
      counts.set(thread, op.type === 'sleep' ? count : count + 1);
      const { type, latencyNs } =
        op.type === 'sleep'
          ? { type: op.type, latencyNs: sToNs(Number(op.value)) }
          : complete(op, thread, count);
      inFlight.push({ op, thread, type, time: time + latencyNs });
      // Stable: of equally late ones the first invoked completes first.
      inFlight = inFlight.sort((a, b) => a.time - b.time);
    } else if (first !== undefined) {
      inFlight.shift();
      time = first.time;
      table.release(first.thread);
      if (first.type === 'sleep') continue;
      const event: SimulatedEvent = { ...first.op, type: first.type, time, thread: first.thread };
      events.push(event);
      tell(event);
      if (first.type === 'info' && first.thread !== 'nemesis') table.retire(first.thread);
    } else if (step === null) {
      return events;
    } else {
      throw new HarnessError('generator', 'the generator is pending, and nothing is in flight');
    }
  }
  return events;
}

/** One line: time in ms, process, type, function, key, value. */
export function describeEvent({ time, process, type, f, key, value }: SimulatedEvent): string {
  const words = [f, key, value === null ? undefined : JSON.stringify(value)].filter(
    (word) => word !== undefined,
  );
  const shown = `${Number(nsToMs(time).toFixed(3))}`;
  return `${shown.padStart(8)}  ${String(process).padEnd(8)} ${type.padEnd(6)} ${words.join(' ')}`;
}
