/**
 * Sets as a history tells of them: additions (`add`, one element) and reads (`read` of all elements; null is the empty
 * set), key by key. What the checkers of this folder share.
 */
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { type Findings, indexesOf, isArray, type Key, nameOf, show } from '../findings/findings.ts';
import type { Pace } from '../findings/pace.ts';
import { ValueTable } from '../findings/value-table.ts';

/** No such operation in the history. */
export const NEVER = Infinity;

export interface SetRead {
  readonly invocation: Operation;
  readonly completion: Operation;
}

/** One set. The arrays are by the element's number in `elements`. */
export interface AddedSet {
  readonly name: string;
  readonly elements: ValueTable;
  /** Index of the first invocation of an addition. */
  readonly invokedAt: number[];
  /** Index of the first acknowledgement; NEVER without one. */
  readonly acknowledgedAt: number[];
  /** Index of the first invocation of an addition that did not fail; NEVER where all did. */
  readonly possibleAt: number[];
  /** In the order of their completions. */
  readonly reads: SetRead[];
}

/** @throws HarnessError `bad-history` at a function that no set has */
export function collectSets(history: History, findings: Findings, pace: Pace): readonly AddedSet[] {
  const sets = new Map<Key, AddedSet>();
  for (const operation of history.operations) {
    if (operation.process === 'nemesis') continue;
    if (pace.spend(1)) break;
    const { index, type, f } = operation;
    if (type === 'invoke') {
      const set = setOf(sets, operation.key);
      if (f === 'add') addInvoked(set, operation, history.completionOf(index));
      else if (f !== 'read') {
        throw new HarnessError('bad-history', `operation ${index}: a set has add and read, no ${f}`);
      }
    } else if (type === 'ok') {
      const invocation = history.invocationOf(index);
      if (invocation === undefined) continue;
      const set = setOf(sets, invocation.key);
      if (f === 'add') {
        const id = set.elements.find(invocation.value);
        if (set.acknowledgedAt[id] === NEVER) set.acknowledgedAt[id] = index;
      } else if (operation.value === null || isArray(operation.value)) {
        set.reads.push({ invocation, completion: operation });
      } else {
        findings.add('malformed-read', () => ({
          explanation: `The read of ${set.name} in operation ${index} returned ${show(operation.value)}, which is no set.`,
          operations: indexesOf(invocation, operation),
        }));
      }
    }
  }
  return [...sets.values()];
}

function setOf(sets: Map<Key, AddedSet>, key: Key): AddedSet {
  let set = sets.get(key);
  if (set === undefined) {
    const elements = new ValueTable();
    const name = nameOf(key, 'the set');
    set = { name, elements, invokedAt: [], acknowledgedAt: [], possibleAt: [], reads: [] };
    sets.set(key, set);
  }
  return set;
}

function addInvoked(set: AddedSet, invocation: Operation, completion: Operation | undefined): void {
  const id = set.elements.idOf(invocation.value);
  if (id === set.invokedAt.length) {
    set.invokedAt.push(invocation.index);
    set.acknowledgedAt.push(NEVER);
    set.possibleAt.push(NEVER);
  }
  if (completion?.type !== 'fail' && set.possibleAt[id] === NEVER) set.possibleAt[id] = invocation.index;
}

/** None where there is no read. */
export const elementsOf = (read: SetRead | undefined): readonly Json[] =>
  (read?.completion.value ?? []) as readonly Json[];

/** The operations of an element's first addition, and of its acknowledgement. */
export function additionOf(history: History, set: AddedSet, id: number): readonly Operation[] {
  const invocation = history.operations[set.invokedAt[id] as number] as Operation;
  const acknowledgement = history.operations[set.acknowledgedAt[id] as number];
  const answered = acknowledgement ?? history.completionOf(invocation.index);
  const asked = answered === undefined ? undefined : history.invocationOf(answered.index);
  return [invocation, asked, answered].flatMap((operation) => operation ?? []);
}

const describeEnd = (added: readonly Operation[]): string =>
  added.length < 2 ? '' : ` in operation ${added.at(-1)?.index ?? ''}`;

/** A read has an element that nothing can have put there: never added, added only later, or its addition failed. */
export function reportImpossible(
  findings: Findings,
  history: History,
  set: AddedSet,
  value: Json,
  { invocation, completion }: SetRead,
): void {
  const id = set.elements.find(value);
  const where = `The read of ${set.name} in operation ${completion.index} has the element ${show(value)}`;
  if (id === -1) {
    findings.add('unexpected-element', () => ({
      explanation: `${where}, which nobody ever added.`,
      operations: indexesOf(invocation, completion),
    }));
    return;
  }
  const added = additionOf(history, set, id);
  const again = set.possibleAt[id] as number;
  if ((set.invokedAt[id] as number) < completion.index) {
    const later = again === NEVER ? '' : `, and was tried again only later, in operation ${again}`;
    findings.add('revived-element', () => ({
      explanation: `${where}, though its addition failed${later === '' ? describeEnd(added) : later}.`,
      operations: indexesOf(...added, invocation, completion),
    }));
  } else {
    findings.add('future-read', () => ({
      explanation: `${where}, which was added only later, in operation ${set.invokedAt[id] ?? ''}.`,
      operations: indexesOf(...added, invocation, completion),
    }));
  }
}
