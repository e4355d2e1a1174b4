/**
 * A history: the operations of a run in order, validated, with every invocation paired to its completion.
 *
 *     const history = new History([
 *       { index: 0, time: 10, process: 0, type: 'invoke', f: 'read', value: null },
 *       { index: 1, time: 25, process: 0, type: 'ok', f: 'read', value: 3 },
 *     ]);
 *     history.completionOf(0)?.value // 3
 *     history.pairs()                // [{ invocation, completion }]
 *
 * It is immutable and holds the operations that it was given, not copies. It does not judge anything: that is
 * what checkers do. It does not read files: see json-lines.ts and import/.
 */
import { HarnessError } from '../errors.ts';
import { collectFaultWindows } from './fault-windows.ts';
import type { FaultWindow } from './fault-windows.ts';
import { jepsenFaultWindows } from './jepsen-faults.ts';
import type { Operation, ProcessId } from './operation.ts';

/** What a client asked, and the answer; undefined when the run ended, or was killed, before it came. */
export interface OperationPair {
  readonly invocation: Operation;
  readonly completion: Operation | undefined;
}

export interface HistoryOptions {
  /** Names the place of an operation in the source, for error messages: `line 14`. By default `operation 13`. */
  readonly locate?: (index: number) => string;
}

const NO_PARTNER = -1;

export class History {
  readonly operations: readonly Operation[];
  /** The partner's index of each operation, NO_PARTNER for an invocation that never completed. */
  readonly #partners: Int32Array;
  #faultWindows: readonly FaultWindow[] | undefined;

  /**
   * @throws HarnessError `bad-history` with the place and what is wrong in one line: a gap in the indexes, time
   * that goes back, an unknown type, two invocations of one process without a completion between, a completion
   * without an invocation, a completion of another function or key.
   */
  constructor(operations: readonly Operation[], options: HistoryOptions = {}) {
    this.operations = operations;
    this.#partners = pairOperations(operations, options.locate ?? ((index) => `operation ${index}`));
  }

  get length(): number {
    return this.operations.length;
  }

  /** The completion of the invocation at `index`; undefined when it never completed, or for a completion. */
  completionOf(index: number): Operation | undefined {
    const partner = this.#partners[index] ?? NO_PARTNER;
    return partner > index ? this.operations[partner] : undefined;
  }

  /** The invocation of the completion at `index`; undefined for an invocation. */
  invocationOf(index: number): Operation | undefined {
    const partner = this.#partners[index] ?? NO_PARTNER;
    return partner !== NO_PARTNER && partner < index ? this.operations[partner] : undefined;
  }

  /** All but the nemesis's. */
  clientOperations(): readonly Operation[] {
    return this.operations.filter((operation) => operation.process !== 'nemesis');
  }

  /** Every process with its operations, processes in the order of their first operation. */
  byProcess(): ReadonlyMap<ProcessId, readonly Operation[]> {
    return groupBy(this.operations, (operation) => operation.process);
  }

  /**
   * Client operations by key, keys in the order of their first operation. Operations without a key are under
   * `undefined`. The keys `1` and `"1"` differ.
   */
  byKey(): ReadonlyMap<string | number | undefined, readonly Operation[]> {
    return groupBy(
      this.clientOperations(),
      (operation) => operation.key ?? this.invocationOf(operation.index)?.key,
    );
  }

  /** Every invocation of a client, in order, with its completion. */
  pairs(): readonly OperationPair[] {
    const pairs: OperationPair[] = [];
    for (const invocation of this.operations) {
      if (invocation.type !== 'invoke' || invocation.process === 'nemesis') continue;
      pairs.push({ invocation, completion: this.completionOf(invocation.index) });
    }
    return pairs;
  }

  /**
   * When which fault was in force, in the order in which they began. Where no operation carries an effect, what Jepsen's
   * names of faults show.
   */
  faultWindows(): readonly FaultWindow[] {
    if (this.#faultWindows === undefined) {
      const invocationOf = (index: number): Operation | undefined => this.invocationOf(index);
      const windows = collectFaultWindows(this.operations, invocationOf);
      this.#faultWindows = windows.length > 0 ? windows : jepsenFaultWindows(this.operations, invocationOf);
    }
    return this.#faultWindows;
  }
}

function groupBy<K>(
  operations: readonly Operation[],
  keyOf: (operation: Operation) => K,
): Map<K, Operation[]> {
  const groups = new Map<K, Operation[]>();
  for (const operation of operations) {
    const key = keyOf(operation);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [operation]);
    else group.push(operation);
  }
  return groups;
}

function pairOperations(operations: readonly Operation[], locate: (index: number) => string): Int32Array {
  const partners = new Int32Array(operations.length).fill(NO_PARTNER);
  const pending = new Map<ProcessId, number>();
  let lastTime = 0;
  let index = 0;
  const refuse = (what: string): never => {
    throw new HarnessError('bad-history', `${locate(index)}: ${what}`);
  };
  for (; index < operations.length; index++) {
    const operation = operations[index] as Operation;
    if (operation.index !== index) {
      refuse(`index ${operation.index} where ${index} was expected (indexes count from 0 without gaps)`);
    }
    if (!(operation.time >= lastTime)) {
      refuse(`time goes back from ${lastTime} to ${operation.time} ns (operation ${index})`);
    }
    lastTime = operation.time;
    const invoked = pending.get(operation.process);
    switch (operation.type) {
      case 'invoke':
        if (invoked !== undefined) {
          refuse(
            `process ${operation.process} invokes ${operation.f} (operation ${index}) while its ` +
              `${(operations[invoked] as Operation).f} (operation ${invoked}) has not completed`,
          );
        }
        pending.set(operation.process, index);
        break;
      case 'ok':
      case 'fail':
      case 'info': {
        if (invoked === undefined) {
          refuse(
            `process ${operation.process} completes ${operation.f} with ${operation.type} (operation ${index}) ` +
              `but has invoked nothing`,
          );
          break;
        }
        const invocation = operations[invoked] as Operation;
        const mismatch = describeMismatch(invocation, operation);
        if (mismatch !== null) {
          refuse(
            `process ${operation.process} completes ${mismatch.completed} (operation ${index}) ` +
              `but had invoked ${mismatch.invoked} (operation ${invoked})`,
          );
        }
        partners[invoked] = index;
        partners[index] = invoked;
        pending.delete(operation.process);
        break;
      }
      default:
        refuse(`unknown type ${JSON.stringify(operation.type)} (must be invoke, ok, fail or info)`);
    }
  }
  return partners;
}

/** How a completion contradicts its invocation. A completion may leave out the key. */
function describeMismatch(
  invocation: Operation,
  completion: Operation,
): { readonly invoked: string; readonly completed: string } | null {
  if (completion.f !== invocation.f) return { invoked: invocation.f, completed: completion.f };
  if (completion.key !== undefined && completion.key !== invocation.key) {
    const name = (operation: Operation): string =>
      operation.key === undefined
        ? `${operation.f} without a key`
        : `${operation.f} of key ${JSON.stringify(operation.key)}`;
    return { invoked: name(invocation), completed: name(completion) };
  }
  return null;
}
