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
import { AssertionError, HarnessError } from '../errors.ts';
import { ThreadTable } from '../generator/context.ts';
import type {
  Generator,
  GeneratorContext,
  ProposedOperation,
  Step,
  ThreadId,
} from '../generator/generator.ts';
import { assertProposal, describeContext } from '../generator/inspect.ts';
import { generatorOf, type GeneratorLike } from '../generator/lift.ts';
import type { FaultEffect, Json, Operation } from '../history/operation.ts';
import { NS_PER_S, NS_PER_US, sToNs } from '../units.ts';
import type { Client, Completion, Invocation } from './client.ts';
import { checkCompletion, checkEffect } from './replies.ts';
import type { Timer } from '../../systems/runtime/runtime.ts';

/** Asks for an early end: Ctrl-C. */
export interface Interrupt {
  readonly requested: boolean;
  /** Called at most once, when it is requested. */
  onRequest(callback: () => void): void;
}

/** Where a part of a run left off, for the next part. */
export interface Continuation {
  readonly nextIndex: number;
  readonly nextProcess: number;
  readonly nextClientId: number;
}

export interface InterpretOptions {
  readonly clock: Clock;
  readonly generator: GeneratorLike;
  /** Rejects when the client cannot be opened. `clientId` is unique in the run, also among failed attempts. */
  readonly openClient: (node: string, clientId: number) => Promise<Client>;
  /** Null: there is no nemesis thread. */
  readonly nemesis: { invoke(invocation: Invocation): Promise<FaultEffect> } | null;
  readonly nodes: readonly string[];
  /** Client threads. */
  readonly concurrency: number;
  readonly seed: number;
  readonly operationTimeoutNs: number;
  /** Faults may take longer than operations: a restart waits for the node. 60 s when absent. */
  readonly nemesisTimeoutNs?: number;
  /** How long operations in flight may go on after an interrupt. 1 s, or the operation's timeout if that is less, when absent. */
  readonly interruptGraceNs?: number;
  /** Every operation of the history, in order, as it happens. What it throws ends the run. */
  readonly onOperation: (operation: Operation) => void;
  /** What `log` generators say. */
  readonly onLog?: (message: string) => void;
  readonly interrupt?: Interrupt;
  /** From the earlier part of the same run, so that indexes, processes and client ids go on. */
  readonly continueFrom?: Continuation;
}

export interface InterpretResult {
  readonly interrupted: boolean;
  readonly continuation: Continuation;
}

const DEFAULT_NEMESIS_TIMEOUT_NS = 60 * NS_PER_S;
const DEFAULT_GRACE_NS = NS_PER_S;

/**
 * After so many proposals without a pause everything else gets its turn, for a microsecond of the clock: clients that
 * answer at once would otherwise keep the machine from signals and sockets, and virtual time from passing at all.
 */
const PROPOSALS_BETWEEN_PAUSES = 4_096;
const PAUSE_NS = NS_PER_US;

interface Worker {
  readonly thread: ThreadId;
  /** Absent for the nemesis. */
  readonly node: string | undefined;
  client: Client | null;
  /** The process whose client it is. */
  process: number;
  inFlight: InFlight | null;
}

interface InFlight {
  readonly worker: Worker;
  readonly invocation: Operation;
  readonly deadline: number;
  /** Whether the system may know of it: its client was open. */
  sent: boolean;
  /** The first answer, timeout or crash; later ones are dropped. */
  completion: Completion | null;
}

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

class Interpreter {
  readonly #options: InterpretOptions;
  readonly #clock: Clock;
  readonly #resolve: (result: InterpretResult) => void;
  readonly #reject: (error: unknown) => void;
  readonly #table: ThreadTable;
  readonly #workers: ReadonlyMap<ThreadId, Worker>;
  readonly #sleeping = new Map<ThreadId, Timer>();
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
  #proposalsSincePause = 0;
  readonly #timers: { wake: Alarm; deadline: Alarm; pause: Alarm; grace: Alarm };

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
    this.#workers = new Map(
      this.#table.threads.map((thread) => {
        const node = thread === 'nemesis' ? undefined : nodes[thread % nodes.length];
        return [thread, { thread, node, client: null, process: -1, inFlight: null }];
      }),
    );
    const turn = (): void => this.#requestTurn();
    this.#timers = {
      wake: new Alarm(this.#clock, turn),
      deadline: new Alarm(this.#clock, () => this.#expire()),
      pause: new Alarm(this.#clock, () => {
        this.#isPaused = false;
        this.#proposalsSincePause = 0;
        this.#requestTurn();
      }),
      grace: new Alarm(this.#clock, () => this.#giveUp('interrupted', () => true)),
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
      this.#fail(error);
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
    if (++this.#proposalsSincePause > PROPOSALS_BETWEEN_PAUSES) {
      this.#isPaused = true;
      this.#timers.pause.set(this.#now() + PAUSE_NS, this.#time);
      return false;
    }
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
      this.#timers.wake.set(step.op.time, now);
      return false;
    }
    this.#timers.wake.cancel();
    this.#generator = step.next ?? generatorOf(null);
    this.#run(step.op, context.threadOf(step.op.process) as ThreadId, now);
    return true;
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
      onLog?.(String(op.value));
      return;
    }
    this.#table.occupy(thread, op.process);
    if (op.type === 'sleep') {
      this.#sleeping.set(
        thread,
        this.#clock.setTimer(sToNs(Number(op.value)), () => this.#awaken(thread)),
      );
      return;
    }
    const worker = this.#workers.get(thread) as Worker;
    const invocation: Operation = {
      index: this.#nextIndex++,
      time: now,
      process: op.process,
      type: 'invoke',
      f: op.f,
      ...(op.key === undefined ? undefined : { key: op.key }),
      value: op.value,
      ...(worker.node === undefined ? undefined : { node: worker.node }),
    };
    onOperation(invocation);
    this.#tell(invocation);
    const deadline = now + (op.process === 'nemesis' ? nemesisTimeoutNs : operationTimeoutNs);
    const inFlight: InFlight = { worker, invocation, deadline, sent: false, completion: null };
    worker.inFlight = inFlight;
    this.#timers.deadline.setNoLaterThan(deadline, now);
    if (op.process === 'nemesis') this.#invokeNemesis(inFlight, op);
    else if (worker.client !== null && worker.process === op.process)
      this.#invokeClient(inFlight, worker.client);
    else this.#openClient(inFlight, op.process);
  }

  #openClient(inFlight: InFlight, process: number): void {
    const { worker } = inFlight;
    this.#closeClient(worker);
    attempt(() => this.#options.openClient(worker.node as string, this.#nextClientId++)).then(
      (client) => {
        if (inFlight.completion !== null || this.#finished) {
          client.close();
          return;
        }
        worker.client = client;
        worker.process = process;
        this.#invokeClient(inFlight, client);
      },
      (error: unknown) => {
        this.#crashed(error, () =>
          this.#complete(inFlight, { type: 'fail', error: { code: 'no-client', message: messageOf(error) } }),
        );
      },
    );
  }

  #invokeClient(inFlight: InFlight, client: Client): void {
    inFlight.sent = true;
    const invocation = invocationOf(inFlight.invocation);
    attempt(() => client.invoke(invocation)).then(
      (reply) => {
        this.#guard(() => this.#complete(inFlight, checkCompletion(reply, invocation)));
      },
      (error: unknown) => {
        this.#crashed(error, () =>
          this.#complete(inFlight, {
            type: 'info',
            error: { code: 'client-crashed', message: messageOf(error) },
          }),
        );
      },
    );
  }

  #invokeNemesis(inFlight: InFlight, op: ProposedOperation): void {
    inFlight.sent = true;
    const invocation = invocationOf(op);
    attempt(
      () => this.#options.nemesis?.invoke(invocation) ?? Promise.reject(new Error('there is no nemesis')),
    ).then(
      (reply) => {
        this.#guard(() =>
          this.#complete(inFlight, { type: 'ok', value: checkEffect(reply, invocation) as unknown as Json }),
        );
      },
      (error: unknown) => {
        this.#crashed(error, () =>
          this.#complete(inFlight, {
            type: 'info',
            error: { code: 'nemesis-failed', message: messageOf(error) },
          }),
        );
      },
    );
  }

  /** What others' code threw is a value in the history; but a broken assertion is ours, and crashes the run. */
  #crashed(error: unknown, otherwise: () => void): void {
    if (error instanceof AssertionError) this.#guard(() => this.#fail(error));
    else otherwise();
  }

  #complete(inFlight: InFlight, completion: Completion): void {
    if (inFlight.completion !== null) return;
    inFlight.completion = completion;
    this.#completed.push(inFlight);
    this.#requestTurn();
  }

  #record(inFlight: InFlight): void {
    const { worker, invocation } = inFlight;
    const { type, value, error, position } = inFlight.completion as Completion;
    const operation: Operation = {
      ...invocation,
      index: this.#nextIndex++,
      time: this.#now(),
      type,
      value: value === undefined ? invocation.value : value,
      ...(error === undefined ? undefined : { error }),
      ...(position === undefined ? undefined : { position }),
    };
    worker.inFlight = null;
    this.#table.release(worker.thread);
    this.#options.onOperation(operation);
    this.#tell(operation);
    if (type === 'info' && worker.thread !== 'nemesis') {
      this.#closeClient(worker);
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
    if (earliest < Infinity) this.#timers.deadline.set(earliest, now);
  }

  #giveUp(code: 'timeout' | 'interrupted', which: (inFlight: InFlight) => boolean): void {
    for (const { inFlight } of this.#workers.values()) {
      if (inFlight === null || !which(inFlight)) continue;
      this.#complete(
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
    this.#timers.wake.cancel();
    for (const [thread, timer] of [...this.#sleeping]) {
      timer.cancel();
      this.#awaken(thread);
    }
    const { operationTimeoutNs, interruptGraceNs = Math.min(DEFAULT_GRACE_NS, operationTimeoutNs) } =
      this.#options;
    const now = this.#now();
    this.#timers.grace.set(now + interruptGraceNs, now);
    this.#requestTurn();
  }

  #closeClient(worker: Worker): void {
    const { client } = worker;
    worker.client = null;
    client?.close();
  }

  /** Once; true the first time. */
  #shutDown(): void {
    this.#finished = true;
    for (const alarm of Object.values(this.#timers)) alarm.cancel();
    for (const timer of this.#sleeping.values()) timer.cancel();
    for (const worker of this.#workers.values()) this.#closeClient(worker);
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

  #fail(error: unknown): void {
    if (this.#finished) return;
    try {
      this.#shutDown();
    } finally {
      this.#reject(error);
    }
  }
}

/** A timer that knows what it is set for, so that setting it again costs nothing. */
class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: Timer | null = null;
  #dueTime = Infinity;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at `dueTime` and at no other time. */
  set(dueTime: number, now: number): void {
    if (this.#dueTime === dueTime) return;
    this.cancel();
    this.#dueTime = dueTime;
    this.#timer = this.#clock.setTimer(Math.max(0, dueTime - now), () => {
      this.#timer = null;
      this.#dueTime = Infinity;
      this.#ring();
    });
  }

  setNoLaterThan(dueTime: number, now: number): void {
    if (dueTime < this.#dueTime) this.set(dueTime, now);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#dueTime = Infinity;
  }
}

/** A promise also where the function throws before it has one. */
function attempt<T>(action: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(action());
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

function invocationOf({ f, key, value }: { f: string; key?: string | number; value: Json }): Invocation {
  return key === undefined ? { f, value } : { f, key, value };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function generatorError(error: unknown, when: string, context: GeneratorContext): HarnessError {
  return new HarnessError(
    'generator',
    `the generator threw when ${when} (${describeContext(context)}): ${messageOf(error)}`,
    { cause: error },
  );
}
