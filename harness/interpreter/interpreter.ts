/**
 * Runs a generator on clients and a nemesis, and reports the history as it happens.
 *
 *     const { interrupted } = await interpret({
 *       clock: cluster.clock,
 *       generator: clients(timeLimit(60, stagger(1 / 200, mix(reads, writes)))),
 *       openClient: (node, clientId) => cluster.openClient(node, clientId),
 *       nemesis: null,
 *       nodes: cluster.nodes,
 *       concurrency: 10,
 *       seed: 42,
 *       operationTimeoutNs: sToNs(5),
 *       onOperation: (operation) => history.push(operation),
 *     });
 *
 * After Jepsen's `jepsen.generator.interpreter`:
 *
 * - Thread t runs processes t, t + c, t + 2c, … one after the other (c is the concurrency), all of them against node
 *   t mod (number of nodes). The nemesis is a thread of its own.
 * - A process's client is opened when its first operation comes, and that is part of the operation's time. If it
 *   cannot be opened the operation is `fail` with code `no-client`, since nothing was sent; the process goes on and
 *   the next operation tries again.
 * - After `info` the process is retired, its client closed, and the thread goes on with its next process. So it is
 *   with a client that crashes (`client-crashed`) or does not answer in time (`timeout`), whose late answer is dropped.
 * - Completions are handled before new operations are asked for, so that none seems concurrent with what came before it.
 * - A generator that is pending is asked again at the next completion; a future operation waits on one timer.
 *
 * It does not heal faults, and does not judge: its caller does. It touches time through the Clock alone.
 */
import type { Clock } from '../cluster/cluster.ts';
import { HarnessError, messageOf } from '../errors.ts';
import { ThreadTable } from '../generator/context.ts';
import type {
  Generator,
  GeneratorContext,
  ProposedOperation,
  Step,
  ThreadId,
} from '../generator/generator.ts';
import { assertProposal, describeContext } from '../generator/inspect.ts';
import { generatorOf } from '../generator/lift.ts';
import type { Operation } from '../history/operation.ts';
import { NS_PER_S, NS_PER_US, sToNs } from '../units.ts';
import { Alarm } from './alarm.ts';
import type { Completion } from './client.ts';
import type { InterpretOptions, InterpretResult } from './options.ts';
import {
  ClientWorker,
  type InFlight,
  NemesisWorker,
  type OpenClient,
  type Supervisor,
  type Worker,
} from './worker.ts';

export type { Continuation, InterpretOptions, InterpretResult, Interrupt } from './options.ts';

const DEFAULT_NEMESIS_TIMEOUT_NS = 60 * NS_PER_S;
const DEFAULT_GRACE_NS = NS_PER_S;

/**
 * After so many operations without a pause everything else gets its turn, for a microsecond of the clock: clients that
 * answer at once would otherwise keep the machine from signals and sockets, and virtual time from passing at all.
 *
 * A replay from the plan must pause where the run did. So only operations that are recorded count there, and the pause comes behind
 * the last of them: the next one has a time in the plan at which the pause is over.
 */
const OPERATIONS_BETWEEN_PAUSES = 4_096;
const PAUSE_NS = NS_PER_US;

type Mutable<T> = { -readonly [name in keyof T]: T[name] };

/** Of what was in flight when the run failed; not in the history. */
const ABANDONED: Completion = { type: 'info' };

/**
 * Resolves when the generator is exhausted and nothing is in flight, or after an interrupt. All clients are closed then.
 *
 * @throws HarnessError `generator` when a generator throws, proposes nonsense, or waits for what cannot come
 * @throws HarnessError `client` or `nemesis` for a malformed reply
 */
export function interpret(options: InterpretOptions): Promise<InterpretResult> {
  return new Promise((resolve, reject) => {
    new Interpreter(options, resolve, reject).start();
  });
}

class Interpreter implements Supervisor {
  readonly #options: InterpretOptions;
  readonly #clock: Clock;
  readonly #resolve: (result: InterpretResult) => void;
  readonly #reject: (error: unknown) => void;
  readonly #table: ThreadTable;
  readonly #workers: ReadonlyMap<ThreadId, Worker>;
  readonly #sleeping = new Map<ThreadId, Alarm>();
  /** Completed, and not yet in the history. */
  #completed: InFlight[] = [];
  #generator: Generator;
  #nextIndex: number;
  #nextClientId: number;
  #time = 0;

  #finished = false;
  #interrupted = false;
  #turnIsDue = false;
  #isPaused = false;
  #recordedCount = 0;
  #unrecordedCount = 0;
  readonly #alarms: { wake: Alarm; deadline: Alarm; pause: Alarm; grace: Alarm };

  constructor(
    options: InterpretOptions,
    resolve: (result: InterpretResult) => void,
    reject: (error: unknown) => void,
  ) {
    const { nodes, concurrency, seed, nemesis, continueFrom } = options;
    if (nodes.length === 0) throw new HarnessError('usage', 'a run needs at least one node');
    this.#options = options;
    this.#clock = options.clock;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#generator = generatorOf(options.generator);
    this.#nextIndex = continueFrom?.nextIndex ?? 0;
    this.#nextClientId = continueFrom?.nextClientId ?? 0;
    // The parts of a run may differ in concurrency.
    const firstProcess = Math.ceil((continueFrom?.nextProcess ?? 0) / concurrency) * concurrency;
    this.#table = new ThreadTable({ concurrency, nemesis: nemesis !== null, seed, firstProcess });
    const open = (node: string): ReturnType<OpenClient> => options.openClient(node, this.#nextClientId++);
    this.#workers = new Map<ThreadId, Worker>(
      this.#table.threads.flatMap((thread): [ThreadId, Worker][] => {
        if (thread !== 'nemesis') {
          return [[thread, new ClientWorker(thread, nodes[thread % nodes.length] as string, open, this)]];
        }
        return nemesis === null ? [] : [[thread, new NemesisWorker(nemesis, this)]];
      }),
    );
    const turn = (): void => this.#requestTurn();
    this.#alarms = {
      wake: new Alarm(this.#clock, 'last', turn),
      deadline: new Alarm(this.#clock, 'in-turn', () => this.#expire()),
      pause: new Alarm(this.#clock, 'last', () => {
        this.#isPaused = false;
        this.#requestTurn();
      }),
      grace: new Alarm(this.#clock, 'in-turn', () => this.#giveUp('interrupted', () => true)),
    };
  }

  start(): void {
    const { interrupt } = this.#options;
    interrupt?.onRequest(() => this.#stopEarly());
    if (interrupt?.requested === true) this.#stopEarly();
    this.#requestTurn();
  }

  /** A turn comes after all promises that are settled by now, so that it finds all their completions together. */
  #requestTurn(): void {
    if (this.#turnIsDue || this.#finished) return;
    this.#turnIsDue = true;
    void Promise.resolve().then(() => {
      this.#turnIsDue = false;
      this.#guard(() => this.#takeTurn());
    });
  }

  /** Whatever goes wrong in the harness ends the run, with the history as it is. */
  #guard(action: () => void): void {
    if (this.#finished) return;
    try {
      action();
    } catch (error) {
      this.fail(error);
    }
  }

  #takeTurn(): void {
    const completed = this.#completed;
    this.#completed = [];
    for (const inFlight of completed) this.#record(inFlight);
    while (!this.#interrupted && !this.#isPaused && this.#runNext());
    if (this.#interrupted && this.#table.busyCount === 0) this.#finish();
  }

  #now(): number {
    this.#time = Math.max(this.#time, this.#clock.now());
    return this.#time;
  }

  /** Runs the next operation if one is due. False: there is nothing to do until something happens. */
  #runNext(): boolean {
    const now = this.#now();
    const context = this.#table.context(now);
    const step = this.#ask(context);
    if (step === null) {
      if (this.#table.busyCount === 0) this.#finish();
      return false;
    }
    if (step.op === 'pending') {
      if (this.#table.busyCount > 0) return false;
      throw new HarnessError(
        'generator',
        `the generator is pending while nothing is in flight, so it would wait for ever (${describeContext(context)})`,
      );
    }
    assertProposal(step.op, context);
    if (step.op.time > now) {
      this.#alarms.wake.set(step.op.time);
      return false;
    }
    this.#alarms.wake.cancel();
    this.#generator = step.next ?? generatorOf(null);
    this.#run(step.op, context.threadOf(step.op.process) as ThreadId, now);
    this.#pauseNowAndThen(step.op.type !== 'log' && step.op.type !== 'sleep', now);
    return true;
  }

  #pauseNowAndThen(isRecorded: boolean, now: number): void {
    const count = isRecorded ? ++this.#recordedCount : ++this.#unrecordedCount;
    if (count % OPERATIONS_BETWEEN_PAUSES !== 0) return;
    this.#isPaused = true;
    this.#alarms.pause.set(now + PAUSE_NS);
  }

  #ask(context: GeneratorContext): Step | null {
    try {
      return this.#generator.op(context);
    } catch (error) {
      throw generatorError(error, 'asked for an operation', context);
    }
  }

  #tell(event: Operation): void {
    const context = this.#table.context(this.#time);
    try {
      this.#generator = this.#generator.update(context, event);
    } catch (error) {
      throw generatorError(error, `told of ${JSON.stringify(event)}`, context);
    }
  }

  #run(op: ProposedOperation, thread: ThreadId, now: number): void {
    const {
      operationTimeoutNs,
      nemesisTimeoutNs = DEFAULT_NEMESIS_TIMEOUT_NS,
      onLog,
      onOperation,
    } = this.#options;
    if (op.type === 'log') {
      onLog?.(typeof op.value === 'string' ? op.value : JSON.stringify(op.value));
      return;
    }
    this.#table.occupy(thread, op.process);
    if (op.type === 'sleep') {
      const alarm = new Alarm(this.#clock, 'last', () => this.#awaken(thread));
      this.#sleeping.set(thread, alarm);
      alarm.set(now + sToNs(Number(op.value)));
      return;
    }
    const worker = this.#workers.get(thread) as Worker;
    const invocation: Mutable<Operation> = {
      index: this.#nextIndex++,
      time: now,
      process: op.process,
      type: 'invoke',
      f: op.f,
      value: op.value,
    };
    if (op.key !== undefined) invocation.key = op.key;
    if (worker.node !== undefined) invocation.node = worker.node;
    onOperation(invocation);
    this.#tell(invocation);
    const deadline = now + (op.process === 'nemesis' ? nemesisTimeoutNs : operationTimeoutNs);
    const inFlight: InFlight = { worker, invocation, deadline, sent: false, completion: null };
    worker.inFlight = inFlight;
    this.#alarms.deadline.setNoLaterThan(deadline);
    worker.start(inFlight);
  }

  /** The first completion counts. */
  complete(inFlight: InFlight, completion: Completion): void {
    if (inFlight.completion !== null) return;
    inFlight.completion = completion;
    this.#completed.push(inFlight);
    this.#requestTurn();
  }

  #record(inFlight: InFlight): void {
    const { worker, invocation } = inFlight;
    const { type, value, error, position } = inFlight.completion as Completion;
    const operation: Mutable<Operation> = {
      ...invocation,
      index: this.#nextIndex++,
      time: this.#now(),
      type,
      value: value === undefined ? invocation.value : value,
    };
    if (error !== undefined) operation.error = error;
    if (position !== undefined) operation.position = position;
    worker.inFlight = null;
    this.#table.release(worker.thread);
    this.#options.onOperation(operation);
    this.#tell(operation);
    if (type === 'info' && worker.thread !== 'nemesis') {
      worker.close();
      this.#table.retire(worker.thread);
    }
  }

  #expire(): void {
    const now = this.#now();
    this.#giveUp('timeout', (inFlight) => inFlight.deadline <= now);
    let earliest = Infinity;
    for (const { inFlight } of this.#workers.values()) {
      if (inFlight !== null && inFlight.deadline > now) earliest = Math.min(earliest, inFlight.deadline);
    }
    if (earliest < Infinity) this.#alarms.deadline.set(earliest);
  }

  #giveUp(code: 'timeout' | 'interrupted', which: (inFlight: InFlight) => boolean): void {
    for (const { inFlight } of this.#workers.values()) {
      if (inFlight === null || !which(inFlight)) continue;
      this.complete(
        inFlight,
        inFlight.sent
          ? { type: 'info', error: { code } }
          : { type: 'fail', error: { code: 'no-client', message: `${code} while it was being opened` } },
      );
    }
  }

  #awaken(thread: ThreadId): void {
    if (!this.#sleeping.delete(thread) || this.#finished) return;
    this.#table.release(thread);
    this.#requestTurn();
  }

  #stopEarly(): void {
    if (this.#interrupted || this.#finished) return;
    this.#interrupted = true;
    this.#alarms.wake.cancel();
    for (const [thread, alarm] of [...this.#sleeping]) {
      alarm.cancel();
      this.#awaken(thread);
    }
    const { operationTimeoutNs, interruptGraceNs = Math.min(DEFAULT_GRACE_NS, operationTimeoutNs) } =
      this.#options;
    this.#alarms.grace.set(this.#now() + interruptGraceNs);
    this.#requestTurn();
  }

  #shutDown(): void {
    this.#finished = true;
    for (const alarm of Object.values(this.#alarms)) alarm.cancel();
    for (const alarm of this.#sleeping.values()) alarm.cancel();
    for (const worker of this.#workers.values()) {
      // A client that is still being opened is closed when it comes.
      if (worker.inFlight !== null) worker.inFlight.completion ??= ABANDONED;
      worker.close();
    }
  }

  #finish(): void {
    this.#shutDown();
    this.#resolve({
      interrupted: this.#interrupted,
      continuation: {
        nextIndex: this.#nextIndex,
        nextProcess: this.#table.nextProcess,
        nextClientId: this.#nextClientId,
      },
    });
  }

  fail(error: unknown): void {
    if (this.#finished) return;
    try {
      this.#shutDown();
    } finally {
      this.#reject(error);
    }
  }
}

function generatorError(error: unknown, when: string, context: GeneratorContext): HarnessError {
  return new HarnessError(
    'generator',
    `the generator threw when ${when} (${describeContext(context)}): ${messageOf(error)}`,
    { cause: error },
  );
}
