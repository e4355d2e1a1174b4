/**
 * The transactions of a history, in columns: a number a micro-operation, no object.
 *
 *     {process: 3, type: 'invoke', f: 'txn', value: [['append', 'x', 5], ['r', 'y', null]]}
 *     {process: 3, type: 'ok',     f: 'txn', value: [['append', 'x', 5], ['r', 'y', [1, 2]]]}
 *
 * A transaction is an invocation with its completion; transactions are numbered in the order of their invocations,
 * micro-operations in the order of their transactions. What was written is known from the invocation; what was read,
 * only from an `ok` completion. Any `f` will do, as long as the value is a list of micro-operations.
 *
 * Two data types are known: lists (`['append', key, element]`, reads return arrays, null being the empty one) and
 * registers (`['w', key, value]`, reads return values, null being the initial one).
 */
import { int32Column, uint8Column } from './columns.ts';
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { describeJson, isArray, sameJson } from '../linearizability/model.ts';
import { Interned, NONE, ValueCodes } from './value-codes.ts';

/** `outcome` of a transaction. */
export const OK = 0;
export const FAILED = 1;
/** It may have committed, or may yet, or never. */
export const UNKNOWN = 2;

/** `kind` of a micro-operation. */
export const READ = 0;
export const WRITE = 1;

/** `value` of a read: nothing is known of it. */
export const UNREAD = -1;
/** `value` of a register's read that returned null; of a list's read, see `malformed`. */
export const INITIAL = -2;

export type DataType = 'list' | 'register';

/** Columns by transaction. */
export interface Transactions {
  readonly history: History;
  readonly dataType: DataType;
  readonly count: number;
  /** Index of the operation. */
  readonly invocation: Int32Array;
  /** Index of the operation; NONE where it never completed. */
  readonly completion: Int32Array;
  readonly outcome: Uint8Array;
  /** Dense numbers of processes. */
  readonly process: Int32Array;
  readonly processCount: number;
  /** Its first micro-operation; one entry more than there are transactions. */
  readonly first: Int32Array;
  readonly micro: MicroOperations;
  readonly keys: readonly Json[];
  /** Of the values written, and of what registers returned. */
  readonly values: ValueCodes;
}

/** Columns by micro-operation. */
export interface MicroOperations {
  readonly count: number;
  readonly transaction: Int32Array;
  readonly kind: Uint8Array;
  /** Place in `keys`. */
  readonly key: Int32Array;
  /** The one before on the same key in the same transaction, or NONE. */
  readonly previous: Int32Array;
  /** 1: a write that the same transaction overwrites, or appends behind, later. */
  readonly isIntermediate: Uint8Array;
  /**
   * Of a write: the code of what it wrote. Of an ok read of a register: the code of what it returned, or INITIAL.
   * Of an ok read of a list: its length. Of any other read, and of one whose answer is no list: UNREAD.
   */
  readonly value: Int32Array;
  /** What ok reads of lists returned; empty where registers are read. */
  readonly lists: readonly (readonly Json[] | undefined)[];
  /** Ok reads of lists that returned something else. */
  readonly malformed: readonly number[];
}

/**
 * @throws HarnessError `bad-history` with the operation: a micro-operation that is none of the data type's, or a
 * completion that does not fit its invocation
 */
export function parseTransactions(history: History, dataType: DataType): Transactions {
  const count = countTransactions(history);
  const microCount = count.micro;
  const invocation = int32Column(count.transactions);
  const completion = int32Column(count.transactions);
  const outcome = uint8Column(count.transactions);
  const process = int32Column(count.transactions);
  const first = int32Column(count.transactions + 1);
  const transaction = int32Column(microCount);
  const kind = uint8Column(microCount);
  const key = int32Column(microCount);
  const previous = int32Column(microCount);
  const isIntermediate = uint8Column(microCount);
  const value = int32Column(microCount);
  const lists: (readonly Json[] | undefined)[] = dataType === 'list' ? new Array<undefined>(microCount) : [];
  const malformed: number[] = [];
  const keys = new Interned();
  const processes = new Interned();
  const values = new ValueCodes();
  /** By key: its last micro-operation, and its last write. Those of earlier transactions are below `start`. */
  const lastOf: number[] = [];
  const lastWriteOf: number[] = [];
  const writeName = dataType === 'list' ? 'append' : 'w';
  let t = 0;
  let m = 0;
  for (const operation of history.operations) {
    if (!isTransaction(operation)) continue;
    const invoked = operation.value as readonly Json[];
    const answer = history.completionOf(operation.index);
    const isOk = answer?.type === 'ok';
    const answered = isOk ? answeredBy(answer, invoked) : undefined;
    const start = m;
    invocation[t] = operation.index;
    completion[t] = answer?.index ?? NONE;
    outcome[t] = isOk ? OK : answer?.type === 'fail' ? FAILED : UNKNOWN;
    process[t] = processes.intern(operation.process);
    first[t] = start;
    for (let i = 0; i < invoked.length; i++, m++) {
      const asked = microOperation(operation, invoked[i] as Json, writeName);
      const isRead = asked[0] === 'r';
      const k = keys.intern(asked[1]);
      transaction[m] = t;
      key[m] = k;
      const before = lastOf[k];
      previous[m] = before !== undefined && before >= start ? before : NONE;
      lastOf[k] = m;
      let result: Json = null;
      if (answered !== undefined) {
        const got = microOperation(answer as Operation, answered[i] as Json, writeName);
        if (got[0] !== asked[0] || !sameJson(got[1], asked[1]) || (!isRead && !sameJson(got[2], asked[2]))) {
          throw new HarnessError(
            'bad-history',
            `operation ${completion[t] as number}: micro-operation ${i} is ${describeJson(answered[i] as Json)}, ` +
              `but operation ${operation.index} had asked for ${describeJson(invoked[i] as Json)}`,
          );
        }
        result = got[2];
      }
      if (!isRead) {
        kind[m] = WRITE;
        value[m] = values.encode(asked[2]);
        const write = lastWriteOf[k];
        if (write !== undefined && write >= start) isIntermediate[write] = 1;
        lastWriteOf[k] = m;
      } else if (!isOk) {
        value[m] = UNREAD;
      } else if (dataType === 'register') {
        value[m] = result === null ? INITIAL : values.encode(result);
      } else if (result === null || isArray(result)) {
        const list = result ?? EMPTY;
        value[m] = list.length;
        lists[m] = list;
      } else {
        value[m] = UNREAD;
        malformed.push(m);
      }
    }
    t++;
  }
  first[t] = m;
  const micro: MicroOperations = {
    count: microCount,
    transaction,
    kind,
    key,
    previous,
    isIntermediate,
    value,
    lists,
    malformed,
  };
  return {
    history,
    dataType,
    count: t,
    invocation,
    completion,
    outcome,
    process,
    processCount: processes.values.length,
    first,
    micro,
    keys: keys.values,
    values,
  };
}

const EMPTY: readonly Json[] = [];

type MicroOperation = readonly [f: string, key: Json, value: Json];

/** An operation of a client with a list of micro-operations; other functions (that create a table) are passed over. */
function isTransaction(operation: Operation): boolean {
  if (operation.type !== 'invoke' || operation.process === 'nemesis') return false;
  if (isArray(operation.value)) return true;
  if (operation.f !== 'txn') return false;
  throw new HarnessError(
    'bad-history',
    `operation ${operation.index}: a transaction is a list of micro-operations, not ${describeJson(operation.value)}`,
  );
}

function countTransactions(history: History): { transactions: number; micro: number } {
  let transactions = 0;
  let micro = 0;
  for (const operation of history.operations) {
    if (!isTransaction(operation)) continue;
    transactions++;
    micro += (operation.value as readonly Json[]).length;
  }
  return { transactions, micro };
}

function answeredBy(completion: Operation, invoked: readonly Json[]): readonly Json[] {
  const value = completion.value;
  if (isArray(value) && value.length === invoked.length) return value;
  throw new HarnessError(
    'bad-history',
    `operation ${completion.index}: a transaction of ${invoked.length} micro-operations completes with ` +
      describeJson(value),
  );
}

function microOperation(operation: Operation, value: Json, writeName: string): MicroOperation {
  if (isArray(value) && value.length >= 2 && value.length <= 3) {
    const f = value[0];
    if (f === 'r' || (f === writeName && value.length === 3)) return value as unknown as MicroOperation;
  }
  throw new HarnessError(
    'bad-history',
    `operation ${operation.index}: ${describeJson(value)} is neither ["r", key, value] nor ["${writeName}", key, value]`,
  );
}

/** A key in a sentence: as it is if it is a plain word, and otherwise as JSON, so that `1` and `"1"` are two. */
export function keyName(transactions: Transactions, key: number): string {
  const name = transactions.keys[key] as Json;
  return typeof name === 'string' && PLAIN_WORD.test(name) ? name : describeJson(name);
}

const PLAIN_WORD = /^(?!(?:null|true|false)$)[\p{L}_:][^\s"]{0,60}$/u;
