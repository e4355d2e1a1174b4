/**
 * Lists of unique elements as sessions see them: what was appended, by whom, and what each session read and appended in its
 * order.
 */
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { type Findings, indexesOf, isArray, type Key, nameOf, show } from '../findings/findings.ts';
import { ValueTable } from '../findings/value-table.ts';

/** At no place. */
export const NONE = -1;

export interface ListRead {
  readonly invocation: Operation;
  readonly completion: Operation;
  /** Numbers of elements, without those that cannot be there. */
  readonly elements: Int32Array;
}

/** Elements in the order in which a session came to know them, and which of the first n is the last in the trunk. */
export class Known {
  readonly elements: number[] = [];
  /** By place: the operation that told it, and the element up to there that is last in the trunk. */
  readonly invocations: Operation[] = [];
  readonly #latest: number[] = [];

  add(element: number, invocation: Operation, trunkPlaces: Float64Array): void {
    const latest = this.#latest.at(-1);
    const isLater =
      latest === undefined ||
      (trunkPlaces[element] as number) > (trunkPlaces[this.elements[latest] as number] as number);
    this.#latest.push(isLater ? this.elements.length : latest);
    this.elements.push(element);
    this.invocations.push(invocation);
  }

  /** The place, among the first `count`, of the one that is last in the trunk, or not in it. */
  latestOf(count: number): number {
    return count === 0 ? NONE : (this.#latest[count - 1] as number);
  }
}

export class Session {
  readonly id: number;
  readonly own = new Known();
  readonly seen = new Known();
  readonly isSeen = new Set<number>();

  constructor(id: number) {
    this.id = id;
  }
}

export interface List {
  readonly name: string;
  readonly elements: ValueTable;
  /** By element: its append, who made it, and how much the session had appended and read by then. */
  readonly appends: Operation[];
  readonly failed: boolean[];
  readonly ownBefore: number[];
  readonly seenBefore: number[];
  readonly sessions: Session[];
  readonly steps: { readonly session: Session; readonly invocation: Operation }[];
  readonly reads: Map<number, ListRead>;
}

export function collectLists(
  history: History,
  sessionOf: (operation: Operation) => number,
  findings: Findings,
): ReadonlyMap<Key, List> {
  const lists = new Map<Key, List>();
  const sessionsOf = new Map<List, Map<number, Session>>();
  const invocations: Operation[] = [];
  for (const operation of history.operations) {
    const { process, type, index, f, key, value } = operation;
    if (process === 'nemesis' || type !== 'invoke') continue;
    if (f !== 'append' && f !== 'read') {
      throw new HarnessError(
        'bad-history',
        `operation ${index}: sessions of lists have read and append, no ${f}`,
      );
    }
    let list = lists.get(key);
    if (list === undefined) {
      list = {
        ...{ name: nameOf(key, 'the list'), elements: new ValueTable(), appends: [], failed: [] },
        ...{ ownBefore: [], seenBefore: [], sessions: [], steps: [], reads: new Map() },
      };
      lists.set(key, list);
      sessionsOf.set(list, new Map());
    }
    invocations.push(operation);
    if (f === 'append') addAppend(list, operation, value, history.completionOf(index)?.type === 'fail');
  }
  for (const invocation of invocations) {
    const list = lists.get(invocation.key) as List;
    const sessions = sessionsOf.get(list) as Map<number, Session>;
    const id = sessionOf(invocation);
    let session = sessions.get(id);
    if (session === undefined) sessions.set(id, (session = new Session(id)));
    list.steps.push({ session, invocation });
    const completion = history.completionOf(invocation.index);
    if (invocation.f !== 'read' || completion?.type !== 'ok') continue;
    const elements = elementsOf(history, list, invocation, completion, findings);
    if (elements !== undefined) list.reads.set(invocation.index, { invocation, completion, elements });
  }
  return lists;
}

function addAppend(
  { name, elements, appends, failed, ownBefore, seenBefore, sessions }: List,
  append: Operation,
  value: Json,
  hasFailed: boolean,
): void {
  const id = elements.idOf(value);
  if (id === appends.length) {
    appends.push(append);
    failed.push(hasFailed);
    ownBefore.push(0);
    seenBefore.push(0);
    sessions.push(new Session(NONE));
  } else if (failed[id] === true) {
    appends[id] = append;
    failed[id] = hasFailed;
  } else if (!hasFailed) {
    throw new HarnessError(
      'bad-history',
      `operations ${appends[id]?.index ?? ''} and ${append.index} both append ${show(value)} to ${name}: elements must be unique`,
    );
  }
}

function elementsOf(
  history: History,
  { name, elements, appends, failed }: List,
  invocation: Operation,
  completion: Operation,
  findings: Findings,
): Int32Array | undefined {
  const value = completion.value ?? [];
  const operations = () => indexesOf(invocation, completion);
  if (!isArray(value)) {
    findings.add('malformed-read', () => ({
      explanation: `The read of ${name} in operation ${completion.index} returned ${show(value)}, which is no list.`,
      operations: operations(),
    }));
    return undefined;
  }
  const ids: number[] = [];
  for (const element of value) {
    const id = elements.find(element);
    const append = appends[id];
    const where = `Operation ${completion.index} found ${show(element)} in ${name}`;
    if (append === undefined) {
      findings.add('garbage-read', () => ({
        explanation: `${where}, which nobody ever appended.`,
        operations: operations(),
      }));
    } else if (failed[id] === true) {
      findings.add('aborted-read', () => ({
        explanation: `${where}, though its append failed (operation ${append.index}).`,
        operations: indexesOf(append, history.completionOf(append.index), invocation, completion),
      }));
    } else if (append.index > completion.index) {
      findings.add('future-read', () => ({
        explanation: `${where}, which was appended only later, in operation ${append.index}.`,
        operations: indexesOf(invocation, completion, append),
      }));
    } else {
      ids.push(id);
    }
  }
  return Int32Array.from(ids);
}
