/**
 * Judges what each consumer got in turn, and finds out how far all of them came.
 *
 * Within an operation records of a partition follow each other in the log (`int-poll-skip`, `int-nonmonotonic-poll`).
 * From one operation of a process to the next they go on where the last ok one ended (`poll-skip`,
 * `nonmonotonic-poll`), as long as the process keeps the partition: an `assign` or `subscribe` without it, a
 * `rebalance` of it, or a `seek` ends that; after a seek to an offset it goes on there. An operation that failed or
 * is in doubt is judged, but does not move the process: a transaction that aborts rewinds.
 *
 * What is passed over counts only if it must be seen: see `Logs.mustBeSeen`.
 */
import type { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { witnesses } from './findings.ts';
import type { Judgement } from './judgement.ts';
import { NONE } from './ledger.ts';
import { isTransactional, partitionsOf, seeksOf } from './shapes.ts';

/** So many polls in a row without a record of a partition: its consumer is at the end. One alone may be early. */
const QUIET_POLLS = 3;

/** How far consumers came, by partition. */
export interface Progress {
  /** The lowest offset that a consumer began at; Infinity where nobody polled anything. */
  readonly start: Float64Array;
  /** The highest slot that was polled, and the operation that did; -1 for none. */
  readonly highestSlot: Int32Array;
  readonly highestBy: Int32Array;
  /** A consumer asked QUIET_POLLS times, from that operation on and to the end, and got nothing; -1 if nobody did. */
  readonly quietSince: Int32Array;
}

/** Where a process goes on in a partition. */
interface Position {
  /** The next slot; -1 when it is not known. */
  readonly slot: number;
  /** The operation that left it there. */
  readonly operation: number;
}

interface Consumer {
  readonly positions: Map<number, Position>;
  /** What it assigned to itself; undefined when it never did, and under a subscription. */
  assigned: Set<number> | undefined;
  isSubscribed: boolean;
  polls: number;
  /** Invocations of the last polls, the oldest first. */
  readonly recent: number[];
  /** By partition, the number of the poll before it was silent. */
  readonly lastHeard: Map<number, number>;
}

export function judgePolls(judgement: Judgement): Progress {
  const follower = new Follower(judgement);
  const { consumerSteps, history } = judgement.ledger;
  for (let step = 0; step < consumerSteps.length; step++) {
    if (judgement.pace.spend(1)) break;
    follower.follow(history.operations[consumerSteps.at(step)] as Operation);
  }
  return follower.finish();
}

class Follower {
  readonly #judgement: Judgement;
  readonly #history: History;
  readonly #consumers = new Map<Operation['process'], Consumer>();
  /** Slots below each that must be seen: how many lie between two is a subtraction. */
  readonly #demanded: Int32Array;
  readonly #progress: Progress;
  /** By partition: the slot of the last record in the operation that `#lastOperation` names. */
  readonly #lastSlot: Int32Array;
  readonly #lastOperation: Int32Array;
  #nextRun = 0;

  constructor(judgement: Judgement) {
    const { ledger, logs } = judgement;
    this.#judgement = judgement;
    this.#history = ledger.history;
    const keys = ledger.keyNames.length;
    this.#demanded = logs.demandedBefore;
    this.#lastSlot = new Int32Array(keys).fill(NONE);
    this.#lastOperation = new Int32Array(keys).fill(NONE);
    this.#progress = {
      start: new Float64Array(keys).fill(Infinity),
      highestSlot: new Int32Array(keys).fill(NONE),
      highestBy: new Int32Array(keys).fill(NONE),
      quietSince: new Int32Array(keys).fill(NONE),
    };
  }

  follow(operation: Operation): void {
    const { f, type, process } = operation;
    if (isTransactional(f)) this.#poll(operation);
    else if (type !== 'fail' && (f === 'assign' || f === 'subscribe')) this.#assign(operation);
    else if (type !== 'fail' && f === 'seek') this.#seek(this.#consumerOf(process), operation);
    else if (type !== 'fail' && f === 'rebalance') {
      const consumer = this.#consumerOf(process);
      for (const key of this.#keysOf(operation)) forget(consumer, key);
    }
    // The process is retired, or has forgotten what it was: what follows is another consumer.
    if (type === 'info' || (f === 'crash' && type === 'ok')) this.#consumers.delete(process);
  }

  finish(): Progress {
    const { quietSince } = this.#progress;
    for (const consumer of this.#consumers.values()) {
      if (consumer.isSubscribed && !this.#judgement.options.rebalancesRecorded) continue;
      for (const [key, lastHeard] of consumer.lastHeard) {
        if (consumer.assigned?.has(key) === false || consumer.polls - lastHeard < QUIET_POLLS) continue;
        quietSince[key] = Math.max(quietSince[key] as number, consumer.recent[0] as number);
      }
    }
    return this.#progress;
  }

  #consumerOf(process: Operation['process']): Consumer {
    let consumer = this.#consumers.get(process);
    if (consumer === undefined) {
      consumer = {
        positions: new Map(),
        assigned: undefined,
        isSubscribed: false,
        polls: 0,
        recent: [],
        lastHeard: new Map(),
      };
      this.#consumers.set(process, consumer);
    }
    return consumer;
  }

  /** Partitions that nobody ever sent to or got anything of are left out. */
  #keysOf(operation: Operation): number[] {
    return partitionsOf(operation)
      .map((key) => this.#judgement.ledger.findKey(key))
      .filter((key) => key !== NONE);
  }

  #assign(operation: Operation): void {
    const consumer = this.#consumerOf(operation.process);
    const assigned = new Set(this.#keysOf(operation));
    for (const key of [...consumer.positions.keys(), ...consumer.lastHeard.keys()]) {
      if (!assigned.has(key)) forget(consumer, key);
    }
    consumer.isSubscribed = operation.f === 'subscribe';
    consumer.assigned = consumer.isSubscribed ? undefined : assigned;
    for (const key of assigned) {
      if (!consumer.isSubscribed && !consumer.lastHeard.has(key)) consumer.lastHeard.set(key, consumer.polls);
    }
    this.#seek(consumer, operation);
  }

  #seek(consumer: Consumer, operation: Operation): void {
    const { ledger, logs } = this.#judgement;
    for (const [name, position] of seeksOf(operation)) {
      const key = ledger.findKey(name);
      if (key === NONE) continue;
      forget(consumer, key);
      const isKnown = operation.type === 'ok' && position !== 'end' && !Number.isNaN(position);
      const slot = isKnown ? logs.slotFrom(key, position === 'beginning' ? 0 : position) : NONE;
      consumer.positions.set(key, { slot, operation: operation.index });
      if (position === 'beginning') consumer.lastHeard.set(key, consumer.polls);
    }
  }

  #poll(operation: Operation): void {
    const { ledger } = this.#judgement;
    const { runOperation, runKey } = ledger;
    const first = this.#nextRun;
    while (this.#nextRun < runOperation.length && runOperation.at(this.#nextRun) === operation.index) {
      this.#nextRun++;
    }
    if (operation.f === 'send') return;
    const consumer = this.#consumerOf(operation.process);
    const rebalanced = ledger.rebalances.get(operation.index);
    if (operation.type === 'ok') {
      consumer.polls++;
      consumer.recent.push(this.#history.invocationOf(operation.index)?.index ?? NONE);
      if (consumer.recent.length > QUIET_POLLS) consumer.recent.shift();
    }
    for (let run = first; run < this.#nextRun; run++) {
      const isJudged = rebalanced === undefined || !rebalanced.has(runKey.at(run));
      this.#followRun(run, operation, consumer, isJudged);
    }
    if (operation.type === 'ok') {
      for (let run = first; run < this.#nextRun; run++) {
        const key = runKey.at(run);
        const last = this.#lastSlot[key] as number;
        consumer.positions.set(key, { slot: last === NONE ? NONE : last + 1, operation: operation.index });
        consumer.lastHeard.set(key, consumer.polls);
      }
    }
    if (rebalanced !== undefined) for (const key of rebalanced) forget(consumer, key);
  }

  #followRun(run: number, operation: Operation, consumer: Consumer, isJudged: boolean): void {
    const { ledger, logs } = this.#judgement;
    const { highestSlot, highestBy } = this.#progress;
    const key = ledger.runKey.at(run);
    const end = ledger.runEnd(run);
    const row = ledger.runStart.at(run);
    this.#judgement.pace.spend(end - row);
    let last = this.#lastSlot[key] as number;
    let from = row;
    if (this.#lastOperation[key] !== operation.index) {
      const slot = logs.readSlot[row] as number;
      this.#begin(key, slot, operation, consumer, isJudged);
      last = slot;
      from = row + 1;
    }
    let highest = Math.max(highestSlot[key] as number, last);
    for (let read = from; read < end; read++) {
      const slot = logs.readSlot[read] as number;
      if (isJudged && last !== NONE && slot !== NONE) this.#step(key, last, slot, operation);
      last = slot;
      if (slot > highest) highest = slot;
    }
    if (highest > (highestSlot[key] as number)) {
      highestSlot[key] = highest;
      highestBy[key] = operation.index;
    }
    this.#lastSlot[key] = last;
    this.#lastOperation[key] = operation.index;
  }

  /** The first record of a partition in an operation, after the operation before. */
  #begin(key: number, slot: number, operation: Operation, consumer: Consumer, isJudged: boolean): void {
    if (slot === NONE) return;
    const { logs, options, findings } = this.#judgement;
    const { start } = this.#progress;
    const position = consumer.positions.get(key);
    const isAnywhere = position === undefined ? options.offsetReset === 'latest' : position.slot === NONE;
    const begin = isAnywhere ? slot : Math.min(position?.slot ?? logs.slotsOf(key).first, slot);
    start[key] = Math.min(start[key] as number, logs.offsets[begin] as number);
    if (!isJudged || position === undefined || position.slot === NONE || position.slot === slot) return;
    if (slot < position.slot) {
      findings.add('nonmonotonic-poll', () => ({
        ...this.#tell(key, slot, operation, position),
        explanation:
          `Process ${operation.process} goes back in ${this.#judgement.key(key)}: operation ${operation.index} ` +
          `begins at ${this.#judgement.slot(slot)}, but ${this.#leftAt(position)}.`,
      }));
    } else {
      const skipped = this.#between(position.slot, slot);
      if (skipped === 0) return;
      findings.add('poll-skip', () => ({
        ...this.#tell(key, slot, operation, position),
        explanation:
          `Process ${operation.process} passes over ${this.#skipped(position.slot, slot, skipped)} of ` +
          `${this.#judgement.key(key)}: operation ${operation.index} begins at ` +
          `${this.#judgement.slot(slot)}, but ${this.#leftAt(position)}.`,
      }));
    }
  }

  /** One record after another within an operation. */
  #step(key: number, last: number, slot: number, operation: Operation): void {
    if (slot === last + 1) return;
    const { findings } = this.#judgement;
    const position = { slot: last + 1, operation: operation.index };
    const from = `${this.#judgement.slot(slot)} follows ${this.#judgement.slot(last)}`;
    if (slot <= last) {
      findings.add('int-nonmonotonic-poll', () => ({
        ...this.#tell(key, slot, operation, position),
        explanation: `Operation ${operation.index} goes back in ${this.#judgement.key(key)}: ${from}.`,
      }));
      return;
    }
    const skipped = this.#between(last + 1, slot);
    if (skipped === 0) return;
    findings.add('int-poll-skip', () => ({
      ...this.#tell(key, slot, operation, position),
      explanation:
        `Operation ${operation.index} passes over ${this.#skipped(last + 1, slot, skipped)} of ` +
        `${this.#judgement.key(key)}: ${from}.`,
    }));
  }

  #between(from: number, to: number): number {
    return (this.#demanded[to] as number) - (this.#demanded[from] as number);
  }

  /** `2 records (offsets 3 …)`. */
  #skipped(from: number, to: number, count: number): string {
    const { logs } = this.#judgement;
    let slot = from;
    while (slot < to && !logs.mustBeSeen(slot)) slot++;
    const value = this.#judgement.value(logs.value[slot] as number);
    return count === 1
      ? `${value} at ${this.#judgement.slot(slot)}`
      : `${count} records from ${value} at ${this.#judgement.slot(slot)} on`;
  }

  #leftAt({ slot, operation }: Position): string {
    const done = this.#history.operations[operation];
    if (done !== undefined && !isTransactional(done.f)) return `operation ${operation} set it elsewhere`;
    return `operation ${operation} had ended at ${this.#judgement.slot(slot - 1)}`;
  }

  #tell(key: number, slot: number, operation: Operation, position: Position) {
    const { ledger, logs } = this.#judgement;
    const passed: number[] = [];
    for (let at = position.slot; at < slot && passed.length < 3; at++) {
      if (logs.mustBeSeen(at)) passed.push(at);
    }
    const senders = passed.flatMap((at) => {
      const send = logs.send[at] as number;
      if (send !== NONE) return this.#judgement.operationsOfSend(send);
      const run = logs.run[at] as number;
      return run === NONE ? [] : [ledger.runOperation.at(run)];
    });
    return {
      operations: witnesses(
        this.#history.invocationOf(operation.index)?.index,
        operation.index,
        this.#history.invocationOf(position.operation)?.index,
        position.operation,
        ...senders,
      ),
      picture: this.#judgement.draw({
        key,
        slots: [position.slot - 1, ...passed, slot].filter((at) => at >= 0),
        polls: [position.operation, operation.index],
        wrong: passed.length > 0 ? passed : [slot],
      }),
    };
  }
}

function forget(consumer: Consumer, key: number): void {
  consumer.positions.delete(key);
  consumer.lastHeard.delete(key);
}
