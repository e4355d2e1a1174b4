/**
 * Everything that a history says of sends and polls, in columns: one row a send, one a record that a poll returned.
 *
 * Partitions and values get numbers: a value is one of one partition, so equal values of two partitions are two.
 * A run is what one micro-operation's poll returned of one partition: rows of `reads` that lie together.
 *
 * It is filled in the order of the history, which is the order of real time. So it also notes at each send the highest
 * offset that was known to be taken before the send was invoked: see sends.ts.
 */
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { ValueTable } from '../findings/value-table.ts';
import { isArray, sameJson } from '../linearizability/model.ts';
import { FloatColumn, IntColumn } from './columns.ts';
import {
  UNKNOWN_OFFSET,
  isTransactional,
  microOperations,
  offsetOf,
  partitionKey,
  refuse,
  watermarksOf,
} from './shapes.ts';
import type { PartitionKey } from './shapes.ts';

export const NONE = -1;

/** What became of a send's operation. */
export const OK = 0;
export const FAILED = 1;
export const IN_DOUBT = 2;

export class Ledger {
  readonly history: History;

  /** By partition. */
  readonly keyNames: string[] = [];
  /** Highest offset that is gone by policy, plus one; 0 when nothing is. */
  readonly lowWatermark: number[] = [];

  /** By value. */
  readonly values: Json[] = [];
  readonly valueKey: IntColumn;
  readonly valueSends: IntColumn;
  readonly valueFailures: IntColumn;
  readonly valueFirstSend: IntColumn;
  readonly valueFirstRun: IntColumn;
  readonly valueLastRun: IntColumn;

  /** By send, in the order of their invocations. */
  readonly sendOperation: IntColumn;
  /** The operation that completed it; -1 if none. */
  readonly sendCompletion: IntColumn;
  /** Processes are numbered as they come. */
  readonly sendProcess: IntColumn;
  readonly sendKey: IntColumn;
  readonly sendValue: IntColumn;
  /** That was acknowledged, or NaN. */
  readonly sendOffset: FloatColumn;
  readonly sendOutcome: IntColumn;
  /** The highest offset of the partition that was acknowledged or polled before the send was invoked; -1 if none. */
  readonly sendBound: FloatColumn;
  /** The operation that showed it. */
  readonly sendBoundOperation: IntColumn;

  /** By run, in the order of completions. */
  readonly runOperation: IntColumn;
  readonly runKey: IntColumn;
  /** Its first row in `reads`; it ends where the next begins. */
  readonly runStart: IntColumn;

  /** By record that was polled. */
  readonly readValue: IntColumn;
  readonly readOffset: FloatColumn;

  /** Acknowledgements of another value than the one that was sent. */
  readonly wrongEchoes: { readonly send: number; readonly completion: Operation; readonly value: Json }[] =
    [];
  /** Partitions that were rebalanced during a poll, by the index of its completion. */
  readonly rebalances = new Map<number, Set<number>>();
  /** What a follower of consumers looks at, in order: completions of polls, and of what moves a consumer. */
  readonly consumerSteps: IntColumn;
  /** Functions besides send, poll and txn. */
  readonly otherFunctions = new Set<string>();
  /** An operation sends twice, or sends and polls. */
  hasCompounds = false;
  /** A transaction commits offsets. */
  hasCommits = false;
  acknowledgedSends = 0;
  polls = 0;

  readonly #keys = new Map<PartitionKey, number>();
  /** By partition: its values, and their numbers here. */
  readonly #valuesOf: { readonly table: ValueTable; readonly ids: IntColumn }[] = [];
  readonly #exposed: number[] = [];
  readonly #exposedBy: number[] = [];
  readonly #processes = new Map<Operation['process'], number>();
  /** By process: the first send of what it has in flight. */
  readonly #inFlight: number[] = [];

  constructor(history: History) {
    this.history = history;
    // Most histories are half sends, half polls, and a poll returns a few records.
    const calls = history.length >> 1;
    const reads = history.length;
    this.consumerSteps = new IntColumn(calls);
    this.valueKey = new IntColumn(calls >> 1);
    this.valueSends = new IntColumn(calls >> 1);
    this.valueFailures = new IntColumn(calls >> 1);
    this.valueFirstSend = new IntColumn(calls >> 1);
    this.valueFirstRun = new IntColumn(calls >> 1);
    this.valueLastRun = new IntColumn(calls >> 1);
    this.sendOperation = new IntColumn(calls >> 1);
    this.sendCompletion = new IntColumn(calls >> 1);
    this.sendProcess = new IntColumn(calls >> 1);
    this.sendKey = new IntColumn(calls >> 1);
    this.sendValue = new IntColumn(calls >> 1);
    this.sendOffset = new FloatColumn(calls >> 1);
    this.sendOutcome = new IntColumn(calls >> 1);
    this.sendBound = new FloatColumn(calls >> 1);
    this.sendBoundOperation = new IntColumn(calls >> 1);
    this.runOperation = new IntColumn(calls >> 1);
    this.runKey = new IntColumn(calls >> 1);
    this.runStart = new IntColumn(calls >> 1);
    this.readValue = new IntColumn(reads);
    this.readOffset = new FloatColumn(reads);
  }

  /** The partition of that name; -1 when nothing was ever sent to it or polled from it. */
  findKey(key: PartitionKey): number {
    return this.#keys.get(key) ?? this.#keys.get(String(key)) ?? NONE;
  }

  runEnd(run: number): number {
    return run + 1 < this.runStart.length ? this.runStart.at(run + 1) : this.readValue.length;
  }

  /** The operation that completed a send, if one did. */
  completionOf(send: number): Operation | undefined {
    return this.history.completionOf(this.sendOperation.at(send));
  }

  /** Takes in the next operation of the history. */
  add(operation: Operation): void {
    if (operation.process === 'nemesis') return;
    if (isTransactional(operation.f)) {
      if (operation.type === 'invoke') {
        this.#invoke(operation);
      } else {
        this.#complete(operation);
        // A crash of a producer ends the consumer of its process, too.
        if (operation.f !== 'send' || operation.type === 'info') this.consumerSteps.push(operation.index);
      }
      return;
    }
    this.otherFunctions.add(operation.f);
    if (operation.type !== 'invoke') this.consumerSteps.push(operation.index);
    if (operation.f === 'trim' || operation.f === 'list-offsets') {
      if (operation.type === 'fail' || (operation.f === 'list-offsets' && operation.type !== 'ok')) return;
      for (const { key, low } of watermarksOf(operation)) {
        const id = this.#keyId(key);
        if (low > (this.lowWatermark[id] as number)) this.lowWatermark[id] = low;
      }
    }
  }

  #invoke(operation: Operation): void {
    const first = this.sendOperation.length;
    const process = this.#processId(operation.process);
    this.#inFlight[process] = first;
    for (const micro of microOperations(operation)) {
      if (micro[0] === 'poll') continue;
      if (micro[0] === 'commit') {
        this.hasCommits = true;
        continue;
      }
      if (micro[0] !== 'send') refuse(operation, `a log has send and poll, no ${micro[0] as string}`);
      const key = this.#keyId(partitionKey(operation, micro[1]));
      const value = this.#valueId(key, micro[2] ?? null);
      if (this.valueSends.at(value) === 0) this.valueFirstSend.set(value, this.sendOperation.length);
      this.valueSends.set(value, this.valueSends.at(value) + 1);
      this.sendOperation.push(operation.index);
      this.sendCompletion.push(NONE);
      this.sendProcess.push(process);
      this.sendKey.push(key);
      this.sendValue.push(value);
      this.sendOffset.push(UNKNOWN_OFFSET);
      this.sendOutcome.push(IN_DOUBT);
      this.sendBound.push(this.#exposed[key] as number);
      this.sendBoundOperation.push(this.#exposedBy[key] as number);
    }
    const sends = this.sendOperation.length - first;
    if (sends > 1 || (sends === 1 && operation.f === 'txn')) this.hasCompounds = true;
  }

  #complete(operation: Operation): void {
    let send = this.#inFlight[this.#processId(operation.process)] ?? this.sendOperation.length;
    const invocation = this.history.invocationOf(operation.index)?.index;
    const outcome = operation.type === 'ok' ? OK : operation.type === 'fail' ? FAILED : IN_DOUBT;
    this.#settle(send, invocation, outcome, operation.index);
    for (const micro of microOperations(operation)) {
      if (micro[0] === 'send') {
        const isAsked = send < this.sendOperation.length && this.sendOperation.at(send) === invocation;
        if (!isAsked || this.#keys.get(partitionKey(operation, micro[1])) !== this.sendKey.at(send)) {
          refuse(operation, `it completes a send to ${JSON.stringify(micro[1])} that was not invoked there`);
        }
        this.#acknowledge(operation, send++, micro[2] ?? null);
      } else if (micro[0] === 'poll') {
        this.#poll(operation, micro[1] ?? null);
      } else if (micro[0] === 'rebalance') {
        this.#rebalance(operation, micro[1] ?? null);
      } else if (micro[0] !== 'commit') {
        refuse(operation, `a log has send and poll, no ${micro[0] as string}`);
      }
    }
  }

  #settle(first: number, invocation: number | undefined, outcome: number, completion: number): void {
    for (let send = first; send < this.sendOperation.length; send++) {
      if (this.sendOperation.at(send) !== invocation) break;
      this.sendOutcome.set(send, outcome);
      this.sendCompletion.set(send, completion);
      if (outcome === OK) this.acknowledgedSends++;
      else if (outcome === FAILED) {
        const value = this.sendValue.at(send);
        this.valueFailures.set(value, this.valueFailures.at(value) + 1);
      }
    }
  }

  /** `[offset, value]`, or the value alone, which may be a pair itself. */
  #acknowledge(operation: Operation, send: number, answer: Json): void {
    const sent = this.values[this.sendValue.at(send)] as Json;
    if (sameJson(answer, sent)) return;
    if (!isArray(answer) || answer.length !== 2) {
      refuse(operation, `a send is answered by [offset, value], not by ${JSON.stringify(answer)}`);
      return;
    }
    const value = answer[1] as Json;
    if (!sameJson(value, sent)) this.wrongEchoes.push({ send, completion: operation, value });
    const offset = offsetOf(operation, answer[0]);
    if (operation.type === 'fail') return;
    this.sendOffset.set(send, offset);
    if (operation.type === 'ok') this.#expose(this.sendKey.at(send), offset, operation.index);
  }

  #poll(operation: Operation, records: Json): void {
    this.polls++;
    if (records === null) return;
    if (typeof records !== 'object' || isArray(records)) {
      refuse(operation, `a poll returns {partition: [[offset, value], …]}, not ${JSON.stringify(records)}`);
      return;
    }
    for (const name of Object.keys(records)) {
      const pairs = records[name] as Json;
      if (!isArray(pairs)) {
        refuse(operation, `a poll returns [[offset, value], …] of ${name}, not ${JSON.stringify(pairs)}`);
        continue;
      }
      if (pairs.length === 0) continue;
      const key = this.#keyId(name);
      const run = this.runOperation.push(operation.index);
      this.runKey.push(key);
      this.runStart.push(this.readValue.length);
      for (const pair of pairs) this.#record(operation, key, run, pair);
    }
  }

  #record(operation: Operation, key: number, run: number, pair: Json): void {
    if (!isArray(pair) || pair.length !== 2) {
      refuse(operation, `a poll returns pairs [offset, value], not ${JSON.stringify(pair)}`);
      return;
    }
    const offset = offsetOf(operation, pair[0]);
    const value = this.#valueId(key, pair[1] as Json);
    if (this.valueFirstRun.at(value) === NONE) this.valueFirstRun.set(value, run);
    this.valueLastRun.set(value, run);
    this.readValue.push(value);
    this.readOffset.push(offset);
    this.#expose(key, offset, operation.index);
  }

  #rebalance(operation: Operation, keys: Json): void {
    if (!isArray(keys)) refuse(operation, `a rebalance lists partitions, not ${JSON.stringify(keys)}`);
    const rebalanced = this.rebalances.get(operation.index) ?? new Set();
    for (const key of keys) rebalanced.add(this.#keyId(partitionKey(operation, key)));
    this.rebalances.set(operation.index, rebalanced);
  }

  #expose(key: number, offset: number, operation: number): void {
    // Not so for NaN.
    if (offset > (this.#exposed[key] as number)) {
      this.#exposed[key] = offset;
      this.#exposedBy[key] = operation;
    }
  }

  #processId(process: Operation['process']): number {
    let id = this.#processes.get(process);
    if (id === undefined) this.#processes.set(process, (id = this.#processes.size));
    return id;
  }

  #keyId(key: PartitionKey): number {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    const name = String(key);
    let id = this.#keys.get(name);
    if (id === undefined) {
      id = this.keyNames.length;
      this.keyNames.push(name);
      this.lowWatermark.push(0);
      this.#valuesOf.push({ table: new ValueTable(), ids: new IntColumn(0) });
      this.#exposed.push(NONE);
      this.#exposedBy.push(NONE);
      this.#keys.set(name, id);
    }
    this.#keys.set(key, id);
    return id;
  }

  #valueId(key: number, value: Json): number {
    const { table, ids } = this.#valuesOf[key] as { readonly table: ValueTable; readonly ids: IntColumn };
    const known = table.idOf(value);
    if (known < ids.length) return ids.at(known);
    const id = this.values.length;
    ids.push(id);
    this.values.push(value);
    this.valueKey.push(key);
    this.valueSends.push(0);
    this.valueFailures.push(0);
    this.valueFirstSend.push(NONE);
    this.valueFirstRun.push(NONE);
    this.valueLastRun.push(NONE);
    return id;
  }
}
