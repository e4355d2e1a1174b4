/**
 * Tests that refute a partition without a search, in O(n log n). Each is sound: what it finds is a violation, in
 * any history. None is complete: null says nothing.
 *
 * They matter where the search is hopeless, many concurrent operations and no order that works, and they give the
 * shortest explanations: two or three operations.
 */
import type { Json } from '../../harness/history/operation.ts';
import { describeJson, internKey } from './model.ts';
import type { Refutation } from './model.ts';
import { NEVER } from './problem.ts';
import type { JudgedOperation } from './problem.ts';

/** `(operation 57)`: the completion's index, or the invocation's while there is none. */
export function place(operation: JudgedOperation): string {
  const process = `process ${operation.invocation.process}`;
  return `by ${process} (operation ${(operation.completion ?? operation.invocation).index})`;
}

/** What an operation leaves in a register if it takes effect; undefined where it leaves what it found. */
function written({ call }: JudgedOperation): Json | undefined {
  if (call.outcome === 'refused') return undefined;
  if (call.f === 'write') return call.argument;
  if (call.f === 'delete') return null;
  if (call.f === 'cas') return (call.argument as readonly [Json, Json])[1];
  return undefined;
}

/** What an operation saw in the register; undefined where it says nothing. */
function observed({ call }: JudgedOperation): Json | undefined {
  if (call.outcome !== 'ok') return undefined;
  if (call.f === 'read') return call.result;
  if (call.f === 'cas') return (call.argument as readonly [Json, Json])[0];
  return undefined;
}

interface Writers {
  /** Null for the initial value. */
  readonly first: JudgedOperation | null;
  count: number;
  earliestCall: number;
}

/**
 * Of a register with the initial value null:
 *
 * - `unwritten-read`: it returned a value that nothing called before its return could have written;
 * - `stale-read`: one operation alone can have written the value; another that certainly took effect was called
 *   after that one returned, and returned before the read was called.
 */
export function refuteRegister(operations: readonly JudgedOperation[], name: string): Refutation | null {
  const writers = new Map<unknown, Writers>([[null, { first: null, count: 1, earliestCall: -1 }]]);
  for (const operation of operations) {
    const value = written(operation);
    if (value === undefined) continue;
    const key = internKey(value);
    const known = writers.get(key);
    if (known === undefined) {
      writers.set(key, { first: operation, count: 1, earliestCall: operation.calledAt });
    } else {
      known.count++;
    }
  }
  // Definite writes by call, each with the one of the earliest return among it and all later.
  const definite = operations.filter(
    (operation) => operation.call.outcome === 'ok' && written(operation) !== undefined,
  );
  const earliestFrom: JudgedOperation[] = [];
  for (let i = definite.length - 1; i >= 0; i--) {
    const own = definite[i] as JudgedOperation;
    const later = earliestFrom[i + 1];
    earliestFrom[i] = later !== undefined && later.returnedAt < own.returnedAt ? later : own;
  }
  for (const reader of operations) {
    const value = observed(reader);
    if (value === undefined) continue;
    const writer = writers.get(internKey(value));
    if (writer === undefined || writer.earliestCall > reader.returnedAt) {
      return {
        test: 'unwritten-read',
        explanation:
          `${saw(reader, name)} ${place(reader)}, but nothing that was called before it returned ` +
          `could have put ${describeJson(value)} there.`,
        operations: [reader],
      };
    }
    if (writer.count > 1) continue;
    const writtenBy = writer.first;
    const overwriter = earliestFrom[firstCalledAfter(definite, writtenBy?.returnedAt ?? -1)];
    if (overwriter === undefined || overwriter === reader || overwriter.returnedAt > reader.calledAt)
      continue;
    const origin =
      writtenBy === null
        ? `which is the initial value and was never written`
        : `which only the ${writtenBy.call.f} ${place(writtenBy)} could have put there`;
    return {
      test: 'stale-read',
      explanation:
        `${saw(reader, name)} ${place(reader)}, ${origin}; but the ${overwriter.call.f} of ` +
        `${describeJson(written(overwriter) as Json)} ${place(overwriter)} was called after that had completed, ` +
        `and completed before the ${reader.call.f} began.`,
      operations: writtenBy === null ? [reader, overwriter] : [reader, writtenBy, overwriter],
    };
  }
  return null;
}

function saw(reader: JudgedOperation, name: string): string {
  return reader.call.f === 'read'
    ? `read of ${name} returned ${describeJson(reader.call.result)}`
    : `cas of ${name} found ${describeJson(observed(reader) as Json)}`;
}

/** Index of the first operation called after `time`; operations are in the order of their calls. */
function firstCalledAfter(operations: readonly JudgedOperation[], time: number): number {
  let low = 0;
  let high = operations.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((operations[middle] as JudgedOperation).calledAt > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Of a string that is only appended to, empty at first, so that it only grows:
 *
 * - `incompatible-reads`: of two strings that were read neither begins with the other;
 * - `stale-read`: the string is shorter than one that another read had returned before this one was called;
 * - `lost-append`: an append that had completed before the read was called is not in the string, or stands, in a
 *   longer read, where this one has ended;
 * - `short-read`: the appends that had completed are longer together than the string;
 * - `unwritten-read`: the string is longer than all that was appended so far.
 */
export function refuteAppends(operations: readonly JudgedOperation[], name: string): Refutation | null {
  const appends: JudgedOperation[] = [];
  const reads: JudgedOperation[] = [];
  for (const operation of operations) {
    if (operation.call.f === 'append') appends.push(operation);
    else if (operation.call.f === 'read') reads.push(operation);
    else return null;
  }
  return refutePrefixes(reads, name) ?? refuteReadOrder(reads, name) ?? refuteContents(appends, reads, name);
}

const textOf = (read: JudgedOperation): string =>
  typeof read.call.result === 'string' ? read.call.result : '';
const appendedBy = (append: JudgedOperation): string => append.call.argument as string;

function refutePrefixes(reads: readonly JudgedOperation[], name: string): Refutation | null {
  const byLength = reads.toSorted((a, b) => textOf(a).length - textOf(b).length || a.calledAt - b.calledAt);
  for (let i = 1; i < byLength.length; i++) {
    const shorter = byLength[i - 1] as JudgedOperation;
    const longer = byLength[i] as JudgedOperation;
    if (textOf(longer).startsWith(textOf(shorter))) continue;
    return {
      test: 'incompatible-reads',
      explanation:
        `read of ${name} returned ${describeJson(textOf(longer))} ${place(longer)}, and another returned ` +
        `${describeJson(textOf(shorter))} ${place(shorter)}; but ${name} is only appended to, ` +
        `so one must begin with the other.`,
      operations: [longer, shorter],
    };
  }
  return null;
}

/** Reads by call, and by return: what had been returned when one was called. */
function refuteReadOrder(reads: readonly JudgedOperation[], name: string): Refutation | null {
  const byReturn = reads.toSorted((a, b) => a.returnedAt - b.returnedAt);
  let returned = 0;
  let longest: JudgedOperation | undefined;
  for (const read of reads) {
    for (; returned < byReturn.length; returned++) {
      const earlier = byReturn[returned] as JudgedOperation;
      if (earlier.returnedAt > read.calledAt) break;
      if (longest === undefined || textOf(earlier).length > textOf(longest).length) longest = earlier;
    }
    if (longest === undefined || textOf(read).length >= textOf(longest).length) continue;
    return {
      test: 'stale-read',
      explanation:
        `read of ${name} returned ${describeJson(textOf(read))} ${place(read)}, which is shorter than ` +
        `${describeJson(textOf(longest))}, that a read ${place(longest)} had returned before it began; ` +
        `but ${name} is only appended to.`,
      operations: [read, longest],
    };
  }
  return null;
}

function refuteContents(
  appends: readonly JudgedOperation[],
  reads: readonly JudgedOperation[],
  name: string,
): Refutation | null {
  const byReturn = appends
    .filter((append) => append.returnedAt !== NEVER)
    .toSorted((a, b) => a.returnedAt - b.returnedAt);
  const readsByReturn = reads.toSorted((a, b) => a.returnedAt - b.returnedAt);
  const refute = (
    test: string,
    read: JudgedOperation,
    but: string,
    others: readonly JudgedOperation[],
  ): Refutation => ({
    test,
    explanation: `read of ${name} returned ${describeJson(textOf(read))} ${place(read)}, but ${but}.`,
    operations: [read, ...others],
  });
  let called = 0;
  let calledLength = 0;
  for (const read of readsByReturn) {
    for (
      ;
      called < appends.length && (appends[called] as JudgedOperation).calledAt < read.returnedAt;
      called++
    ) {
      calledLength += appendedBy(appends[called] as JudgedOperation).length;
    }
    if (textOf(read).length > calledLength) {
      return refute(
        'unwritten-read',
        read,
        'that is longer than all that had been appended when it returned',
        [],
      );
    }
  }
  // The reads are beginnings of one growing string by now. An append ends in it no earlier than where its text
  // first occurs; one that does not occur comes after the longest read.
  const longest = reads.reduce((text, read) => (textOf(read).length > text.length ? textOf(read) : text), '');
  const endOf = (append: JudgedOperation): number => {
    const start = longest.indexOf(appendedBy(append));
    return start < 0 ? longest.length + 1 : start + appendedBy(append).length;
  };
  let completed = 0;
  let completedLength = 0;
  let furthestEnd = 0;
  let furthest: JudgedOperation | undefined;
  for (const read of reads) {
    for (; completed < byReturn.length; completed++) {
      const append = byReturn[completed] as JudgedOperation;
      if (append.returnedAt > read.calledAt) break;
      completedLength += appendedBy(append).length;
      const end = endOf(append);
      if (end > furthestEnd) {
        furthestEnd = end;
        furthest = append;
      }
    }
    if (furthest !== undefined && textOf(read).length < furthestEnd) {
      const lost = `the append of ${describeJson(appendedBy(furthest))} ${place(furthest)} had completed before it began`;
      return refute('lost-append', read, lost, [furthest]);
    }
    if (textOf(read).length < completedLength) {
      const lost = 'the appends that had completed before it began are longer together';
      return refute('short-read', read, lost, byReturn.slice(0, completed));
    }
  }
  return null;
}
