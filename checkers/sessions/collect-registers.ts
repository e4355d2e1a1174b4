/**
 * Registers as sessions see them: the versions of each key, which are the values written to it, and what each session did
 * in its order. A version is known by its value, so a key to which a value is written twice cannot be judged.
 */
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { type Findings, indexesOf, isArray, type Key, nameOf, show } from '../findings/findings.ts';
import type { Pace } from '../findings/pace.ts';
import { ValueTable } from '../findings/value-table.ts';

/** The version that a register has before the first write. */
export const INITIAL = 0;
const NO_RANK = -1;

/** What a session did to a register; a compare-and-set is both. */
export interface Step {
  readonly session: number;
  readonly invocation: Operation;
  /** The version that was seen; -1 for none. */
  readonly seen: number;
  /** The version that was, or may have been, written; -1 for none. */
  readonly written: number;
  readonly isAcknowledged: boolean;
}

export interface Register {
  readonly name: string;
  readonly versions: ValueTable;
  /** By version: the invocation of the write; of the initial one none. */
  readonly writes: (Operation | undefined)[];
  readonly failed: Set<number>;
  /** By version: its place in the order of versions, from what the system says or the values; NO_RANK. */
  readonly ranks: number[];
  /** In the order of the history, and so of every session. */
  readonly steps: Step[];
  /** A value that was written twice, after which nothing can be said of this register. */
  ambiguous: Json | undefined;
}

export const isRanked = ({ ranks }: Register, version: number): boolean =>
  version === INITIAL || (ranks[version] as number) !== NO_RANK;

/**
 * When time is up, of a part of the history.
 *
 * @throws HarnessError `bad-history` at what no register does
 */
export function collectRegisters(
  history: History,
  initial: Json,
  sessionOf: (operation: Operation) => number,
  findings: Findings,
  pace: Pace,
): ReadonlyMap<Key, Register> {
  const registers = new Map<Key, Register>();
  const invocations: Operation[] = [];
  for (const operation of history.operations) {
    if (operation.type !== 'invoke' || operation.process === 'nemesis') continue;
    if (pace.spend(1)) return registers;
    let register = registers.get(operation.key);
    if (register === undefined) {
      register = newRegister(operation.key, initial);
      registers.set(operation.key, register);
    }
    invocations.push(operation);
    if (operation.f !== 'read') addVersion(history, register, operation);
  }
  for (const invocation of invocations) {
    if (pace.spend(1)) return registers;
    const register = registers.get(invocation.key) as Register;
    if (register.ambiguous !== undefined) continue;
    const step = stepOf(history, register, invocation, sessionOf(invocation), findings);
    if (step !== undefined) register.steps.push(step);
  }
  return registers;
}

function newRegister(key: Key, initial: Json): Register {
  const versions = new ValueTable();
  versions.idOf(initial);
  return {
    name: nameOf(key, 'the register'),
    versions,
    writes: [undefined],
    failed: new Set(),
    ranks: [NO_RANK],
    steps: [],
    ambiguous: undefined,
  };
}

function addVersion(history: History, register: Register, invocation: Operation): void {
  const value = writtenBy(invocation);
  const completion = history.completionOf(invocation.index);
  const version = register.versions.idOf(value);
  if (version === register.writes.length) {
    register.writes.push(invocation);
    register.ranks.push(NO_RANK);
    if (completion?.type === 'fail') register.failed.add(version);
  } else if (completion?.type === 'fail') {
    return;
  } else if (register.failed.has(version)) {
    register.failed.delete(version);
    register.writes[version] = invocation;
  } else {
    register.ambiguous = value;
  }
  if (completion?.type === 'ok' && completion.position !== undefined) {
    register.ranks[version] = completion.position.index;
  }
}

function writtenBy({ index, f, value }: Operation): Json {
  if (f === 'write') return value;
  if (f === 'cas' && isArray(value) && value.length === 2) return value[1] as Json;
  const what = f === 'cas' ? `a cas wants [expected, new], not ${show(value)}` : `no ${f}`;
  throw new HarnessError(
    'bad-history',
    `operation ${index}: sessions have read, write and cas, or read and append: ${what}`,
  );
}

function stepOf(
  history: History,
  register: Register,
  invocation: Operation,
  session: number,
  findings: Findings,
): Step | undefined {
  const completion = history.completionOf(invocation.index);
  const isAcknowledged = completion?.type === 'ok';
  if (completion?.type === 'fail' || (invocation.f === 'read' && !isAcknowledged)) return undefined;
  const written = invocation.f === 'read' ? -1 : register.versions.find(writtenBy(invocation));
  let seen = -1;
  if (isAcknowledged && invocation.f === 'read') {
    seen = seenVersion(register, completion.value, invocation, completion, findings);
  } else if (isAcknowledged && invocation.f === 'cas') {
    const [expected = null] = invocation.value as readonly Json[];
    seen = seenVersion(register, expected, invocation, completion, findings);
  }
  return seen === -1 && written === -1 ? undefined : { session, invocation, seen, written, isAcknowledged };
}

/** -1 where it cannot be, which is an anomaly of its own. */
function seenVersion(
  { name, versions, writes, failed }: Register,
  value: Json,
  invocation: Operation,
  completion: Operation,
  findings: Findings,
): number {
  const version = versions.find(value);
  const write = writes[version];
  const where = `Operation ${completion.index} found ${show(value)} in ${name}`;
  if (version === -1) {
    findings.add('garbage-read', () => ({
      explanation: `${where}, which nobody ever wrote (if registers begin with it, say so: the option is initial).`,
      operations: indexesOf(invocation, completion),
    }));
    return -1;
  }
  if (failed.has(version)) {
    findings.add('aborted-read', () => ({
      explanation: `${where}, though its write failed (operation ${write?.index ?? ''}).`,
      operations: indexesOf(write, invocation, completion),
    }));
    return -1;
  }
  if (write !== undefined && write.index > completion.index) {
    findings.add('future-read', () => ({
      explanation: `${where}, which was written only later, in operation ${write.index}.`,
      operations: indexesOf(invocation, completion, write),
    }));
    return -1;
  }
  return version;
}

/** Positions order the versions of a register if no two of them are at the same. */
export function trustPositions({ ranks }: Register): void {
  const known = ranks.filter((rank) => rank !== NO_RANK);
  if (new Set(known).size !== known.length) ranks.fill(NO_RANK);
}

/**
 * Ranks the versions by their values, if these are numbers that were written in increasing order, one write
 * acknowledged before the next was invoked.
 *
 * @returns whether it is so
 */
export function rankByValue(history: History, { versions, writes, failed, ranks }: Register): boolean {
  let last: { readonly value: number; readonly acknowledgedAt: number } = {
    value: -Infinity,
    acknowledgedAt: -1,
  };
  for (let version = 1; version < writes.length; version++) {
    if (failed.has(version)) continue;
    const write = writes[version] as Operation;
    const value = versions.valueOf(version);
    const completion = history.completionOf(write.index);
    if (typeof value !== 'number' || value <= last.value || write.index < last.acknowledgedAt) {
      ranks.fill(NO_RANK);
      return false;
    }
    last = { value, acknowledgedAt: completion?.type === 'ok' ? completion.index : Infinity };
    ranks[version] = version;
  }
  return true;
}

/** As if the system had reported no positions. */
export function forgetRanks({ ranks }: Register): void {
  ranks.fill(NO_RANK);
}
