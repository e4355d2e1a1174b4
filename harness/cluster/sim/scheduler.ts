/**
 * Virtual time: fires events in order, and lets all asynchronous code come to rest between two of them.
 *
 *     const scheduler = new Scheduler();
 *     await scheduler.run(async () => {
 *       await scheduler.sleep(sToNs(60));     // takes microseconds
 *       scheduler.now;                        // 60_000_000_000
 *     });
 *
 * The rest between events: every event that ran code of a node, a client or the harness is followed by a
 * full drain of microtasks, by the function with which Node.js itself drains them between two callbacks
 * (`process._tickCallback`, which it does not document). Where Node.js does not have it, each event is fired in a
 * `setImmediate` callback of its own, which has the same result and takes about a tenth more processor time. After each
 * batch of events the process takes signals, so that Ctrl-C works. Events that ran nobody's code need no drain.
 *
 * Deterministic as long as the code under it awaits only what the simulator settles. Code that awaits the real world
 * (a file, a socket, `setTimeout`) looks like a deadlock here, and is reported as one. Events that multiply without bound, or
 * never let time pass, end the run with a sentence; a loop inside one event that never returns cannot be seen from here.
 */
import { assert, HarnessError } from '../../errors.ts';
import { nsToS } from '../../units.ts';
import { EVENT, EventQueue, SimEvent, type StepOwner } from './event-queue.ts';

/** The wall clock at virtual time zero: 1 January 2026, UTC. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** Events that run someone's code in a batch; signals are taken between batches. */
const BATCH_STEPS = 256;
/** Events without anyone's code before a callback ends nevertheless. */
const QUIET_EVENTS_MAX = 1024;
/** A node that sets zero timers for ever would hold virtual time still: give up and say so. */
export const EVENTS_AT_ONE_INSTANT_MAX = 1_000_000;
/** Nodes that answer each message with several would fill the memory; a cluster in order has some thousands. */
export const EVENTS_PENDING_MAX = 1_000_000;

/** Runs all microtasks that are ready, and those that they make ready; says which rejections nobody handles. */
type Drain = () => void;

/** Null where Node.js shows none. */
export const NODE_DRAIN: Drain | null = (process as { _tickCallback?: Drain })._tickCallback ?? null;

interface Run {
  settled: boolean;
  finish(): void;
  fail(error: unknown): void;
}

export class Scheduler {
  /** Nanoseconds since the run began. */
  now = 0;
  /** Events fired so far. */
  eventCount = 0;
  readonly queue = new EventQueue();
  #hashA = 0x811c9dc5 | 0;
  #hashB = 0x2545f491 | 0;
  #eventsAtThisInstant = 0;
  #run: Run | null = null;
  #callbacksLeft = 0;
  /** Whose code the last event ran; told when it came to rest. */
  #owner: StepOwner | null = null;
  readonly #harness: StepOwner = {
    afterStep: () => undefined,
    fail: (thrown) => this.abort(HarnessError.from(thrown)),
  };
  readonly #drain: Drain | null;
  readonly #callback = (): void => this.#onCallback();

  /** @param drain - null: each event is fired in a callback of its own */
  constructor(drain: Drain | null = NODE_DRAIN) {
    this.#drain = drain;
  }

  /** Folds kind, time, host and weight of every event so far: equal runs have equal hashes. */
  get eventHash(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.#hashA) + hex(this.#hashB);
  }

  /** @throws HarnessError `internal` when far too much is pending; the run ends with it, whoever catches it */
  at(time: number, event: SimEvent): void {
    this.queue.push(event, time < this.now ? this.now : time);
    if (this.queue.length > EVENTS_PENDING_MAX) this.#refuseMore();
  }

  /** Like {@link at}. */
  after(delayNs: number, event: SimEvent): void {
    this.queue.push(event, this.now + delayNs);
    if (this.queue.length > EVENTS_PENDING_MAX) this.#refuseMore();
  }

  cancel(event: SimEvent): void {
    this.queue.cancel(event);
  }

  /** A callback of the harness. What it throws ends the run. */
  setTimer(delayNs: number, callback: () => void): { cancel(): void } {
    const event = new HarnessTimer(this.#harness, callback);
    this.after(wholeDelay(delayNs), event);
    return { cancel: () => this.cancel(event) };
  }

  sleep(delayNs: number): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer(delayNs, resolve);
    });
  }

  /** Ends the current run: its promise rejects with the error. */
  abort(error: unknown): void {
    if (this.#run === null) throw error;
    this.#run.fail(error);
  }

  /**
   * Drives virtual time until `main` settles; then time stands still until the next run.
   *
   * @throws HarnessError `internal` when no event is left while `main` is pending, when time stands still, and when events
   * multiply without bound
   */
  async run<T>(main: () => Promise<T>): Promise<T> {
    assert(this.#run === null, 'a simulation is running already');
    const restoreRejections = this.#takeOverRejections();
    try {
      return await new Promise<T>((resolve, reject) => {
        const run: Run = {
          settled: false,
          finish: () => undefined,
          fail: (error) => {
            run.settled = true;
            reject(error instanceof Error ? error : HarnessError.from(error));
          },
        };
        this.#run = run;
        main().then(
          (value) => {
            run.settled = true;
            resolve(value);
          },
          (error: unknown) => run.fail(error),
        );
        this.#queueCallbacks();
      });
    } finally {
      this.#run = null;
      this.#owner = null;
      restoreRejections();
    }
  }

  /** Thrown, too, so that the code that schedules without end stops. */
  #refuseMore(): never {
    const error = new HarnessError(
      'internal',
      `the simulation runs away: more than ${EVENTS_PENDING_MAX} events are pending at ${nsToS(this.now)} s ` +
        '(do nodes answer each message with several, or set timers that they never cancel?)',
    );
    this.#run?.fail(error);
    throw error;
  }

  #queueCallbacks(): void {
    if (this.#callbacksLeft > 0) return; // of a run that has ended: they serve this one
    this.#callbacksLeft = this.#drain === null ? BATCH_STEPS : 1;
    for (let i = 0; i < this.#callbacksLeft; i++) setImmediate(this.#callback);
  }

  #onCallback(): void {
    this.#callbacksLeft--;
    const run = this.#run;
    if (run === null || run.settled) return;
    try {
      this.#step(run);
      if (this.#drain !== null) this.#goOn(run, this.#drain);
    } catch (error) {
      run.fail(error);
    }
    if (this.#callbacksLeft === 0 && !run.settled) this.#queueCallbacks();
  }

  /** The rest of a batch. What the last event left to run, Node.js runs after this callback. */
  #goOn(run: Run, drain: Drain): void {
    for (let i = 1; i < BATCH_STEPS; i++) {
      drain();
      if (run.settled) return;
      this.#step(run);
    }
  }

  /** Fires events up to the first that runs someone's code. */
  #step(run: Run): void {
    const owner = this.#owner;
    if (owner !== null) {
      this.#owner = null;
      owner.afterStep();
      if (run.settled) return;
    }
    for (let i = 0; i < QUIET_EVENTS_MAX; i++) {
      const event = this.queue.pop();
      if (event === undefined) {
        throw new HarnessError(
          'internal',
          `deadlock in the simulation: nothing is left to happen at ${this.now} ns, but the run is not over ` +
            '(code under the simulator may await only what the simulator settles)',
        );
      }
      this.#advance(event);
      this.#owner = event.fire();
      if (this.#owner !== null) return;
    }
  }

  #advance(event: SimEvent): void {
    const time = this.queue.poppedTime;
    if (time !== this.now) {
      this.now = time;
      this.#eventsAtThisInstant = 0;
    } else if (++this.#eventsAtThisInstant > EVENTS_AT_ONE_INSTANT_MAX) {
      throw new HarnessError(
        'internal',
        `virtual time stands still at ${nsToS(time)} s: more than ${EVENTS_AT_ONE_INSTANT_MAX} events at one instant ` +
          '(does a node set timers of zero length, or a client ask again and again, without waiting?)',
      );
    }
    this.eventCount++;
    const what = (event.kind << 24) ^ event.host;
    let a = Math.imul(this.#hashA ^ what, 0x9e3779b1);
    a = Math.imul((a ^ (a >>> 15)) + (time | 0), 0x85ebca6b);
    this.#hashA = Math.imul(a ^ (a >>> 13) ^ event.weight, 0xc2b2ae35);
    let b = Math.imul(this.#hashB + what, 0x27d4eb2f);
    b = Math.imul(b ^ (b >>> 16) ^ (time | 0), 0x165667b1);
    this.#hashB = Math.imul((b ^ (b >>> 14)) + event.weight, 0x9e3779b1);
  }

  /**
   * While the simulation runs, a rejection that nobody handles came from the code of the last event: an async
   * callback of a node that threw is a crash of that node, not of this process.
   */
  #takeOverRejections(): () => void {
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    const onRejection = (reason: unknown): void => (this.#owner ?? this.#harness).fail(reason);
    process.on('unhandledRejection', onRejection);
    return () => {
      process.removeListener('unhandledRejection', onRejection);
      for (const listener of others) process.on('unhandledRejection', listener);
    };
  }
}

class HarnessTimer extends SimEvent {
  readonly #owner: StepOwner;
  readonly #callback: () => void;

  constructor(owner: StepOwner, callback: () => void) {
    super(EVENT.harnessTimer, -1, 0);
    this.#owner = owner;
    this.#callback = callback;
  }

  override fire(): StepOwner {
    this.#callback();
    return this.#owner;
  }
}

/** A delay as the queue needs it: a whole number of nanoseconds, not negative. */
export function wholeDelay(delayNs: number): number {
  assert(!Number.isNaN(delayNs), 'a delay is not a number');
  return delayNs > 0 ? Math.round(delayNs) : 0;
}
