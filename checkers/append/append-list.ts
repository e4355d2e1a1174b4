/**
 * Judges lists from appends of unique elements (`append`) and reads of whole lists (`read`; null is empty), key by key.
 *
 *     append 1 ok · append 2 ok · read → [1, 2] is fine
 *     read → [1]: lost or stale · read → [1, 2, 2]: doubled · read → [2, 1]: reordered · read → [1, 2, 7]: made up
 *
 * The longest read is taken for the order in which the elements were appended; every other read must be a
 * beginning of it. Real time is the order of the history. What passes is linearizable, since a list shows its
 * whole past, and it costs no search: one pass over the elements of all reads. Where nothing had been acknowledged before any read,
 * and every read is empty, nothing is proven.
 *
 * The statistics count as `unseen` the appends that were acknowledged, and that no read was there to see.
 *
 * Anomalies of reads: `duplicate-element`; `phantom-element` (never appended, or its append failed); `future-read`
 * (appended only later); `incompatible-order` (no beginning of the longest); `stale-read` (lacks what had been
 * acknowledged or read); `malformed-read`. Of appends: `lost-append` (acknowledged, and in no read that began later);
 * `reordered-append` (behind one that was invoked after it was acknowledged).
 */
import { findingChecker } from '../findings/finding-checker.ts';
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import type { Findings } from '../findings/findings.ts';
import { indexesOf, isArray, type Key, nameOf, show } from '../findings/findings.ts';
import type { Pace } from '../findings/pace.ts';
import { ValueTable } from '../findings/value-table.ts';

const NAME = 'append-list';
const NOWHERE = -1;

/** An element by its number: equal for equal JSON values. */
type ElementId = number;

interface Append {
  readonly id: ElementId;
  readonly invocation: Operation;
  readonly completion: Operation | undefined;
}

interface ListRead {
  readonly invocation: Operation;
  readonly completion: Operation;
  readonly elements: Int32Array;
}

interface List {
  readonly name: string;
  readonly table: ValueTable;
  /** In the order of their invocations; and by element, undefined where nobody appends it. */
  readonly appends: Append[];
  readonly appendOf: (Append | undefined)[];
  /** In the order of their completions. */
  readonly reads: ListRead[];
}

export function appendList(): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const lists = collectLists(history, findings, pace);
    for (const { reads } of lists) for (const { elements } of reads) pace.expect(2 * elements.length);
    for (const list of lists) {
      // Of a part of the history, what was appended or read later is not known.
      if (pace.isOverdue) break;
      judgeList(list, findings, pace);
    }
    const reads = lists.reduce((sum, list) => sum + list.reads.length, 0);
    const unseen = lists.reduce((sum, list) => sum + countUnseen(list), 0);
    return {
      statistics: { lists: lists.length, reads, unseen },
      unknownBecause: vacuity(lists, reads),
    };
  });
}

function vacuity(lists: readonly List[], reads: number): string | undefined {
  if (reads === 0) return 'no read completed, so nothing was judged: run longer, or with fewer faults';
  const isTold = lists.some((list) => {
    if (list.reads.some(({ elements }) => elements.length > 0)) return true;
    const last = lastInvoked(list.reads)?.invocation.index ?? -1;
    return list.appends.some((append) => acknowledgedAt(append) < last);
  });
  if (isTold) return undefined;
  return 'nothing had been appended and acknowledged before a read began, so nothing was judged: read later';
}

function collectLists(history: History, findings: Findings, pace: Pace): readonly List[] {
  const lists = new Map<Key, List>();
  const listOf = (key: Key): List => {
    let list = lists.get(key);
    if (list === undefined) {
      const name = nameOf(key, 'the list');
      list = { name, table: new ValueTable(), appends: [], appendOf: [], reads: [] };
      lists.set(key, list);
    }
    return list;
  };
  for (const operation of history.operations) {
    if (operation.process === 'nemesis') continue;
    if (pace.spend(1)) break;
    const { index, type, f } = operation;
    if (type === 'invoke') {
      const list = listOf(operation.key);
      if (f === 'append') addAppend(list, operation, history.completionOf(index));
      else if (f !== 'read') {
        throw new HarnessError('bad-history', `operation ${index}: a list has read and append, no ${f}`);
      }
    } else if (type === 'ok' && f === 'read') {
      const invocation = history.invocationOf(index);
      if (invocation === undefined) continue;
      const list = listOf(invocation.key);
      const value = operation.value ?? [];
      if (isArray(value)) {
        pace.spend(value.length);
        list.reads.push({ invocation, completion: operation, elements: idsOf(list, value) });
      } else {
        findings.add('malformed-read', () => ({
          explanation: `The read of ${list.name} in operation ${index} returned ${show(value)}, which is no list.`,
          operations: indexesOf(invocation, operation),
        }));
      }
    }
  }
  return [...lists.values()];
}

function addAppend(
  { name, table, appends, appendOf }: List,
  invocation: Operation,
  completion: Operation | undefined,
): void {
  const id = table.idOf(invocation.value);
  const earlier = appendOf[id];
  if (earlier !== undefined) {
    throw new HarnessError(
      'bad-history',
      `operations ${earlier.invocation.index} and ${invocation.index} both append ${show(invocation.value)} to ${name}: ` +
        `elements must be unique`,
    );
  }
  const append = { id, invocation, completion };
  appends.push(append);
  appendOf[id] = append;
}

function idsOf({ table, appendOf }: List, value: readonly Json[]): Int32Array {
  const elements = new Int32Array(value.length);
  for (let i = 0; i < value.length; i++) elements[i] = table.idOf(value[i] as Json);
  while (appendOf.length < table.size) appendOf.push(undefined);
  return elements;
}

/** Appends that were acknowledged when the last read had been invoked already. */
function countUnseen({ appends, reads }: List): number {
  const lastRead = lastInvoked(reads)?.invocation.index ?? -1;
  let unseen = 0;
  for (const append of appends) {
    const at = acknowledgedAt(append);
    if (at !== Infinity && at > lastRead) unseen++;
  }
  return unseen;
}

function judgeList(list: List, findings: Findings, pace: Pace): void {
  let longest: ListRead | undefined;
  for (const read of list.reads) {
    if (longest === undefined || read.elements.length > longest.elements.length) longest = read;
  }
  if (longest === undefined) return;
  /** By element: the last read that it was found in. */
  const foundIn = new Int32Array(list.table.size).fill(NOWHERE);
  for (const [place, read] of list.reads.entries()) {
    if (pace.spend(2 * read.elements.length)) return;
    judgeElements(list, read, place, foundIn, findings);
    judgePrefix(list, read, longest, findings);
  }
  judgeReadsInTime(list, longest, findings);
  judgeAppendsInTime(list, longest, foundIn, findings);
}

/** What a read may not contain, whatever the others say. */
function judgeElements(
  { name, table, appendOf }: List,
  { invocation, completion, elements }: ListRead,
  place: number,
  foundIn: Int32Array,
  findings: Findings,
): void {
  const where = (id: ElementId): string =>
    `The read of ${name} in operation ${completion.index} has the element ${show(table.valueOf(id))}`;
  for (const id of elements) {
    const append = appendOf[id];
    if (foundIn[id] === place) {
      findings.add('duplicate-element', () => ({
        explanation: `${where(id)} twice, ${append === undefined ? 'though elements are unique' : 'which was appended once'}.`,
        operations: indexesOf(append?.invocation, invocation, completion),
      }));
    }
    foundIn[id] = place;
    if (append === undefined) {
      findings.add('phantom-element', () => ({
        explanation: `${where(id)}, which nobody ever appended.`,
        operations: indexesOf(invocation, completion),
      }));
    } else if (append.completion?.type === 'fail') {
      findings.add('phantom-element', () => ({
        explanation: `${where(id)}, whose append failed in operation ${append.completion?.index ?? ''}.`,
        operations: indexesOf(append.invocation, append.completion, invocation, completion),
      }));
    } else if (append.invocation.index > completion.index) {
      findings.add('future-read', () => ({
        explanation: `${where(id)}, which was appended only later, in operation ${append.invocation.index}.`,
        operations: indexesOf(invocation, completion, append.invocation),
      }));
    }
  }
}

function judgePrefix({ name, table }: List, read: ListRead, longest: ListRead, findings: Findings): void {
  const { elements } = read;
  let place = 0;
  while (place < elements.length && elements[place] === longest.elements[place]) place++;
  if (place === elements.length) return;
  const elementOf = ({ elements }: ListRead): string => show(table.valueOf(elements[place] as ElementId));
  findings.add('incompatible-order', () => ({
    explanation:
      `Operations ${read.completion.index} and ${longest.completion.index} read ${name} in two orders: place ${place} has ` +
      `${elementOf(read)} in the one and ${elementOf(longest)} in the other.`,
    operations: indexesOf(read.invocation, read.completion, longest.invocation, longest.completion),
  }));
}

/** Why a read must have at least so many elements. */
interface Demand {
  readonly by: Append | ListRead;
  /** From this index on. */
  readonly index: number;
  readonly length: number;
}

/** Every read shows what was acknowledged, and what was read, before it began. */
function judgeReadsInTime(
  { name, table, appends, reads }: List,
  longest: ListRead,
  findings: Findings,
): void {
  const places = new Int32Array(table.size).fill(NOWHERE);
  for (let i = longest.elements.length - 1; i >= 0; i--) places[longest.elements[i] as ElementId] = i;
  const demands: Demand[] = [];
  for (const append of appends) {
    const place = places[append.id] as number;
    const index = acknowledgedAt(append);
    if (place !== NOWHERE && index !== Infinity) demands.push({ by: append, index, length: place + 1 });
  }
  for (const read of reads) {
    demands.push({ by: read, index: read.completion.index, length: read.elements.length });
  }
  demands.sort((a, b) => a.index - b.index);
  const inOrderOfInvocation = [...reads].sort((a, b) => a.invocation.index - b.invocation.index);
  let demand: Demand | undefined;
  let next = 0;
  for (const { invocation, completion, elements } of inOrderOfInvocation) {
    for (
      let made = demands[next];
      made !== undefined && made.index < invocation.index;
      made = demands[++next]
    ) {
      if (demand === undefined || made.length > demand.length) demand = made;
    }
    if (demand === undefined || elements.length >= demand.length) continue;
    const { by, index, length } = demand;
    findings.add('stale-read', () => {
      const why =
        'id' in by
          ? `the append of ${show(by.invocation.value)} had been acknowledged in operation ${index}`
          : `operation ${index} had already read ${length} elements`;
      return {
        explanation:
          `The read of ${name} in operation ${completion.index} returned ${elements.length} elements, but ${why} ` +
          `before it was invoked, so it should have returned at least ${length}.`,
        operations: indexesOf(by.invocation, by.completion, invocation, completion),
      };
    });
  }
}

/** An append that was acknowledged before another was invoked stands before it, and in every later read. */
function judgeAppendsInTime(
  { name, appends, appendOf, reads }: List,
  longest: ListRead,
  foundIn: Int32Array,
  findings: Findings,
): void {
  const lastRead = lastInvoked(reads);
  const inLongest: Append[] = [];
  const isPlaced = new Uint8Array(foundIn.length);
  for (const id of longest.elements) {
    const append = appendOf[id];
    if (append !== undefined && isPlaced[id] === 0) inLongest.push(append);
    isPlaced[id] = 1;
  }
  const lastAppend = lastInvoked(inLongest);
  for (const append of appends) {
    const { id, invocation, completion } = append;
    const at = acknowledgedAt(append);
    if (at === Infinity || foundIn[id] !== NOWHERE) continue;
    const what = () =>
      `The append of ${show(invocation.value)} to ${name} was acknowledged in operation ${at}`;
    if (lastRead !== undefined && lastRead.invocation.index > at) {
      findings.add('lost-append', () => ({
        explanation: `${what()}, but no read has it, not even operation ${lastRead.completion.index}, which was invoked later.`,
        operations: indexesOf(invocation, completion, lastRead.invocation, lastRead.completion),
      }));
    } else if (lastAppend !== undefined && lastAppend.invocation.index > at) {
      findings.add('lost-append', () => ({
        explanation:
          `${what()}, but operation ${longest.completion.index} does not have it, ` +
          `though it has ${show(lastAppend.invocation.value)}, which was appended later.`,
        operations: indexesOf(
          invocation,
          completion,
          lastAppend.invocation,
          longest.invocation,
          longest.completion,
        ),
      }));
    }
  }
  // From the end of the list: of all that stands behind, what was acknowledged first?
  let first: Append | undefined;
  for (let i = inLongest.length - 1; i >= 0; i--) {
    const append = inLongest[i] as Append;
    if (first !== undefined && acknowledgedAt(first) < append.invocation.index) {
      reportReorder(name, append, first, longest, findings);
    }
    if (acknowledgedAt(append) < (first === undefined ? Infinity : acknowledgedAt(first))) first = append;
  }
}

function reportReorder(
  name: string,
  before: Append,
  behind: Append,
  { invocation, completion }: ListRead,
  findings: Findings,
): void {
  findings.add('reordered-append', () => {
    const [early, late] = [show(behind.invocation.value), show(before.invocation.value)];
    return {
      explanation:
        `Operation ${completion.index} read ${name} with ${late} before ${early}, but ${early} was ` +
        `acknowledged in operation ${acknowledgedAt(behind)}, before ${late} was appended.`,
      operations: indexesOf(behind.invocation, behind.completion, before.invocation, invocation, completion),
    };
  });
}

/** Infinity while nobody acknowledged it. */
const acknowledgedAt = ({ completion }: Append): number =>
  completion?.type === 'ok' ? completion.index : Infinity;

function lastInvoked<T extends { readonly invocation: Operation }>(operations: readonly T[]): T | undefined {
  let last: T | undefined;
  for (const one of operations) {
    if (last === undefined || one.invocation.index > last.invocation.index) last = one;
  }
  return last;
}
