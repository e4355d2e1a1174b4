/**
 * Judges lists from appends of unique elements (`append`) and reads of whole lists (`read`; null is empty), key by key.
 *
 *     append 1 ok · append 2 ok · read → [1, 2] is fine
 *     read → [1]: lost or stale · read → [1, 2, 2]: doubled · read → [2, 1]: reordered · read → [1, 2, 7]: made up
 *
 * The longest read is taken for the order in which the elements were appended; every other read must be a
 * beginning of it. Real time is the order of the history. What passes is linearizable, since a list shows its
 * whole past, and it costs no search: one pass over the elements of all reads.
 *
 * The statistics count as `unseen` the appends that were acknowledged, and that no read was there to see.
 *
 * Anomalies of reads: `duplicate-element`; `phantom-element` (never appended, or its append failed); `future-read`
 * (appended only later); `incompatible-order` (no beginning of the longest); `stale-read` (lacks what had been
 * acknowledged or read); `malformed-read`. Of appends: `lost-append` (acknowledged, and in no read that began later);
 * `reordered-append` (behind one that was invoked after it was acknowledged).
 */
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Anomaly, Checker } from '../checker.ts';
import { canonicalJson } from '../linearizability/model.ts';

const NAME = 'append-list';

type ListKey = Operation['key'];
/** An element that is equal for equal JSON values. */
type ElementId = string;

interface Append {
  readonly id: ElementId;
  readonly invocation: Operation;
  readonly completion: Operation | undefined;
}

interface ListRead {
  readonly invocation: Operation;
  readonly completion: Operation;
  readonly elements: readonly ElementId[];
}

interface List {
  readonly name: string;
  readonly appends: Map<ElementId, Append>;
  /** In the order of their completions. */
  readonly reads: ListRead[];
  readonly malformed: Operation[];
}

export function appendList(): Checker {
  return {
    name: NAME,
    check: ({ history }) => {
      const lists = collectLists(history);
      const anomalies = lists.flatMap(judgeList);
      const reads = lists.reduce((sum, list) => sum + list.reads.length, 0);
      const unseen = lists.reduce((sum, list) => sum + countUnseen(list), 0);
      const statistics = { lists: lists.length, reads, unseen };
      if (anomalies.length > 0) return { checker: NAME, valid: false, anomalies, statistics };
      if (reads === 0) {
        const reason = 'no read completed, so nothing was judged: run longer, or with fewer faults';
        return { checker: NAME, valid: 'unknown', reason, anomalies, statistics };
      }
      return { checker: NAME, valid: true, anomalies, statistics };
    },
  };
}

function collectLists(history: History): readonly List[] {
  const lists = new Map<ListKey, List>();
  const listOf = (key: ListKey): List => {
    let list = lists.get(key);
    if (list === undefined) {
      const name = key === undefined ? 'the list' : String(key);
      list = { name, appends: new Map(), reads: [], malformed: [] };
      lists.set(key, list);
    }
    return list;
  };
  for (const operation of history.operations) {
    if (operation.process === 'nemesis') continue;
    const { index, type, f } = operation;
    if (type === 'invoke') {
      const list = listOf(operation.key);
      if (f === 'read') continue;
      if (f !== 'append')
        throw new HarnessError('bad-history', `operation ${index}: a list has read and append, no ${f}`);
      const id = idOf(operation.value);
      const earlier = list.appends.get(id);
      if (earlier !== undefined) {
        throw new HarnessError(
          'bad-history',
          `operations ${earlier.invocation.index} and ${index} both append ${id} to ${list.name}: elements must be unique`,
        );
      }
      list.appends.set(id, { id, invocation: operation, completion: history.completionOf(index) });
    } else if (type === 'ok' && f === 'read') {
      const invocation = history.invocationOf(index);
      if (invocation === undefined) continue;
      const list = listOf(invocation.key);
      const value = operation.value ?? [];
      if (!isArray(value)) list.malformed.push(operation);
      else list.reads.push({ invocation, completion: operation, elements: value.map(idOf) });
    }
  }
  return [...lists.values()];
}

// Array.isArray does not narrow readonly arrays.
const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);
const idOf = (value: Json): ElementId => canonicalJson(value);

/** Collects anomalies of one list: the first of each name, with how many more there are. */
class Findings {
  readonly #found = new Map<string, { anomaly: Anomaly; count: number }>();

  add(name: string, explanation: string, operations: readonly (Operation | undefined)[]): void {
    const earlier = this.#found.get(name);
    if (earlier !== undefined) {
      earlier.count++;
      return;
    }
    const indexes = operations.flatMap((operation) => (operation === undefined ? [] : [operation.index]));
    const anomaly = { name, explanation, operations: [...new Set(indexes)].sort((a, b) => a - b) };
    this.#found.set(name, { anomaly, count: 1 });
  }

  get anomalies(): Anomaly[] {
    return [...this.#found.values()].map(({ anomaly, count }) =>
      count === 1
        ? anomaly
        : {
            ...anomaly,
            explanation: `${anomaly.explanation} It happens ${count - 1} more times on this list.`,
          },
    );
  }
}

/** Appends that were acknowledged when the last read had been invoked already. */
function countUnseen({ appends, reads }: List): number {
  const lastRead = lastInvoked(reads)?.invocation.index ?? -1;
  return [...appends.values()].filter((append) => {
    const at = acknowledgedAt(append);
    return at !== Infinity && at > lastRead;
  }).length;
}

function judgeList(list: List): Anomaly[] {
  const findings = new Findings();
  for (const completion of list.malformed) {
    const text = `The read of ${list.name} in operation ${completion.index} returned ${JSON.stringify(completion.value)}, which is no list.`;
    findings.add('malformed-read', text, [completion]);
  }
  const longest = list.reads.reduce<ListRead | null>(
    (best, read) => (best === null || read.elements.length > best.elements.length ? read : best),
    null,
  );
  for (const read of list.reads) judgeElements(list, read, findings);
  if (longest !== null) {
    judgePrefixes(list, longest, findings);
    judgeReadsInTime(list, longest, findings);
    judgeAppendsInTime(list, longest, findings);
  }
  return findings.anomalies;
}

/** What a read may not contain, whatever the others say. */
function judgeElements(
  { name, appends }: List,
  { invocation, completion, elements }: ListRead,
  findings: Findings,
): void {
  const where = `The read of ${name} in operation ${completion.index}`;
  const seen = new Set<ElementId>();
  for (const id of elements) {
    const append = appends.get(id);
    if (seen.has(id)) {
      const text = `${where} has the element ${id} twice, which was appended once.`;
      findings.add('duplicate-element', text, [append?.invocation, invocation, completion]);
    }
    seen.add(id);
    if (append === undefined) {
      const text = `${where} has the element ${id}, which nobody ever appended.`;
      findings.add('phantom-element', text, [invocation, completion]);
    } else if (append.completion?.type === 'fail') {
      const text = `${where} has the element ${id}, whose append failed in operation ${append.completion.index}.`;
      findings.add('phantom-element', text, [append.invocation, append.completion, invocation, completion]);
    } else if (append.invocation.index > completion.index) {
      const text = `${where} has the element ${id}, which was appended only later, in operation ${append.invocation.index}.`;
      findings.add('future-read', text, [invocation, completion, append.invocation]);
    }
  }
}

function judgePrefixes({ name, reads }: List, longest: ListRead, findings: Findings): void {
  for (const read of reads) {
    const place = read.elements.findIndex((id, i) => id !== longest.elements[i]);
    if (place === -1) continue;
    findings.add(
      'incompatible-order',
      `Operations ${read.completion.index} and ${longest.completion.index} read ${name} in two orders: place ${place} has ` +
        `${read.elements[place] ?? 'nothing'} in the one and ${longest.elements[place] ?? 'nothing'} in the other.`,
      [read.invocation, read.completion, longest.invocation, longest.completion],
    );
  }
}

/** Why a read must have at least so many elements. */
interface Demand {
  readonly length: number;
  readonly text: string;
  readonly operations: readonly (Operation | undefined)[];
}

/** Every read shows what was acknowledged, and what was read, before it began. */
function judgeReadsInTime({ name, appends, reads }: List, longest: ListRead, findings: Findings): void {
  const places = placesIn(longest);
  const acknowledged = [...appends.values()].flatMap(({ id, invocation, completion }) => {
    const place = places.get(id);
    if (place === undefined || completion?.type !== 'ok') return [];
    const text = `the append of ${id} had been acknowledged in operation ${completion.index}`;
    return [{ index: completion.index, length: place + 1, text, operations: [invocation, completion] }];
  });
  const seen = reads.map(({ invocation, completion, elements }) => {
    const text = `operation ${completion.index} had already read ${elements.length} elements`;
    return { index: completion.index, length: elements.length, text, operations: [invocation, completion] };
  });
  const demands = [...acknowledged, ...seen].sort((a, b) => a.index - b.index);
  const inOrderOfInvocation = [...reads].sort((a, b) => a.invocation.index - b.invocation.index);
  let demand: Demand | null = null;
  let next = 0;
  for (const { invocation, completion, elements } of inOrderOfInvocation) {
    for (
      let made = demands[next];
      made !== undefined && made.index < invocation.index;
      made = demands[++next]
    ) {
      if (demand === null || made.length > demand.length) demand = made;
    }
    if (demand === null || elements.length >= demand.length) continue;
    findings.add(
      'stale-read',
      `The read of ${name} in operation ${completion.index} returned ${elements.length} elements, but ${demand.text} ` +
        `before it was invoked, so it should have returned at least ${demand.length}.`,
      [...demand.operations, invocation, completion],
    );
  }
}

/** An append that was acknowledged before another was invoked stands before it, and in every later read. */
function judgeAppendsInTime({ name, appends, reads }: List, longest: ListRead, findings: Findings): void {
  const read = new Set(reads.flatMap(({ elements }) => elements));
  const lastRead = lastInvoked(reads);
  const lastAppend = lastInvoked(longest.elements.flatMap((id) => appends.get(id) ?? []));
  for (const { id, invocation, completion } of appends.values()) {
    if (completion?.type !== 'ok' || read.has(id)) continue;
    const what = `The append of ${id} to ${name} was acknowledged in operation ${completion.index}`;
    if (lastRead !== undefined && lastRead.invocation.index > completion.index) {
      const text = `${what}, but no read has it, not even operation ${lastRead.completion?.index}, which was invoked later.`;
      findings.add('lost-append', text, [invocation, completion, lastRead.invocation, lastRead.completion]);
    } else if (lastAppend !== undefined && lastAppend.invocation.index > completion.index) {
      const text =
        `${what}, but operation ${longest.completion.index} does not have it, ` +
        `though it has ${JSON.stringify(lastAppend.invocation.value)}, which was appended later.`;
      const operations = [
        invocation,
        completion,
        lastAppend.invocation,
        longest.invocation,
        longest.completion,
      ];
      findings.add('lost-append', text, operations);
    }
  }
  // From the end of the list: of all that stands behind, what was acknowledged first?
  let first: Append | null = null;
  for (const id of [...new Set(longest.elements)].reverse()) {
    const append = appends.get(id);
    if (append === undefined) continue;
    if (first !== null && acknowledgedAt(first) < append.invocation.index) {
      findings.add(
        'reordered-append',
        `Operation ${longest.completion.index} read ${name} with ${append.id} before ${first.id}, but ${first.id} was ` +
          `acknowledged in operation ${acknowledgedAt(first)}, before ${append.id} was appended.`,
        [first.invocation, first.completion, append.invocation, longest.invocation, longest.completion],
      );
    }
    if (acknowledgedAt(append) < (first === null ? Infinity : acknowledgedAt(first))) first = append;
  }
}

/** Infinity while nobody acknowledged it. */
const acknowledgedAt = ({ completion }: Append): number =>
  completion?.type === 'ok' ? completion.index : Infinity;

function lastInvoked<
  T extends { readonly invocation: Operation; readonly completion: Operation | undefined },
>(operations: readonly T[]): T | undefined {
  return operations.reduce<T | undefined>(
    (last, operation) =>
      last === undefined || operation.invocation.index > last.invocation.index ? operation : last,
    undefined,
  );
}

/** The first place of every element. */
function placesIn({ elements }: ListRead): ReadonlyMap<ElementId, number> {
  const places = new Map<ElementId, number>();
  elements.forEach((id, i) => {
    if (!places.has(id)) places.set(id, i);
  });
  return places;
}
