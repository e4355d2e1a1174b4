/**
 * From operations as other tools record them to operations of ours: what the importers share.
 *
 * - Missing indexes and times are filled in. Times that go back are raised to the time before: Jepsen takes the time
 *   before it takes the place in the history, and the order is what counts.
 * - `get` and `put` become `read` and `write`.
 * - Jepsen records the nemesis as `info` twice, for the beginning and the end: the first becomes the invocation. One
 *   that never ends before the next begins gets a completion of its own.
 * - A completion without a value, or with an error in its place, takes the invocation's: a value has one shape.
 * - Keys of `jepsen.independent`, which its histories write into the value as `[key value]`, become keys. That can
 *   be seen only in histories of reads, writes and compare-and-sets, where every value is then such a pair.
 *
 * Each of these is said in a note.
 */
import { HarnessError } from '../../errors.ts';
import { History } from '../history.ts';
import type { Json, Operation, OperationError, OperationType } from '../operation.ts';

/** An operation as it was found. */
export interface RecordedOperation {
  /** Where it stands in the file, from 1. */
  readonly line: number;
  readonly process: Json;
  readonly type: Json;
  readonly f: Json;
  readonly value: Json;
  readonly time?: Json;
  readonly key?: Json;
  readonly error?: OperationError;
  readonly node?: string;
}

export interface ImportedHistory {
  readonly history: History;
  /** What was changed or presumed, in sentences. */
  readonly notes: readonly string[];
}

const RENAMED: Readonly<Record<string, string>> = { get: 'read', put: 'write' };
const REGISTER_FUNCTIONS: ReadonlySet<string> = new Set(['read', 'write', 'cas']);

/** @throws HarnessError `bad-history` with the line and what is wrong */
export function importOperations(
  recorded: readonly RecordedOperation[],
  fileName: string | undefined,
): ImportedHistory {
  const where = (line: number): string => `${fileName === undefined ? '' : `${fileName}: `}line ${line}`;
  const operations: Operation[] = [];
  const lines: number[] = [];
  const pending = new Map<number | 'nemesis', Operation>();
  const notes = new Notes();
  const independent = hasIndependentKeys(recorded);
  if (independent) notes.add('every value is a pair [key value], as jepsen.independent writes them: split');
  let time = 0;
  const append = (operation: Omit<Operation, 'index'>, line: number): void => {
    const placed = { index: operations.length, ...operation };
    operations.push(placed);
    lines.push(line);
    if (placed.type === 'invoke') pending.set(placed.process, placed);
    else pending.delete(placed.process);
  };

  for (const found of recorded) {
    const { line } = found;
    const refuse = (what: string): never => {
      throw new HarnessError('bad-history', `${where(line)}: ${what}`);
    };
    if (!isType(found.type)) refuse(`unknown type ${show(found.type)} (must be invoke, ok, fail or info)`);
    if (!isProcess(found.process))
      refuse(`process ${show(found.process)} is neither an integer nor :nemesis`);
    if (typeof found.f !== 'string') refuse(`f ${show(found.f)} is no keyword`);
    const process = found.process as number | 'nemesis';
    const name = found.f as string;
    const f = process === 'nemesis' ? name : (RENAMED[name] ?? name);
    if (f !== name) notes.count(`${name} was read as ${f}`);

    if (found.time === undefined || found.time === null) {
      notes.count('no time given: one nanosecond after the operation before');
      if (operations.length > 0) time++;
    } else if (typeof found.time !== 'number') {
      refuse(`time ${show(found.time)} is no number of nanoseconds`);
    } else if (found.time < time) {
      notes.count('time before that of the operation before: raised to it');
    } else {
      time = found.time;
    }

    let type = found.type as OperationType;
    let invocation = pending.get(process);
    if (process === 'nemesis' && type === 'info') {
      if (invocation !== undefined && invocation.f !== f) {
        notes.count(
          'an operation of the nemesis did not end before the next: an unknown outcome was put between',
        );
        append({ time, process, type: 'info', f: invocation.f, value: null }, line);
        invocation = undefined;
      }
      if (invocation === undefined) type = 'invoke';
    }
    let { value } = found;
    let key = found.key;
    if (independent && process !== 'nemesis' && Array.isArray(value)) {
      [key, value] = value as unknown as readonly [Json, Json];
    }
    if (key !== undefined && key !== null && typeof key !== 'string' && typeof key !== 'number') {
      key = JSON.stringify(key);
    }
    if (type !== 'invoke' && value === null && invocation !== undefined && (type !== 'ok' || f !== 'read')) {
      value = invocation.value;
    }
    append(
      {
        time,
        process,
        type,
        f,
        ...(typeof key === 'string' || typeof key === 'number' ? { key } : {}),
        value,
        ...(found.error === undefined ? {} : { error: found.error }),
        ...(found.node === undefined ? {} : { node: found.node }),
      },
      line,
    );
  }
  return {
    history: new History(operations, { locate: (index) => where(lines[index] as number) }),
    notes: notes.sentences(),
  };
}

/** Sentences, and how many operations each is true of. */
class Notes {
  readonly #counts = new Map<string, number>();
  readonly #facts: string[] = [];

  add(fact: string): void {
    this.#facts.push(fact);
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  sentences(): readonly string[] {
    return [...this.#facts, ...[...this.#counts].map(([what, count]) => `${what} (${count} operations)`)];
  }
}

function isType(type: Json): type is OperationType {
  return type === 'invoke' || type === 'ok' || type === 'fail' || type === 'info';
}

function isProcess(process: Json): process is number | 'nemesis' {
  return process === 'nemesis' || (typeof process === 'number' && Number.isSafeInteger(process));
}

function hasIndependentKeys(recorded: readonly RecordedOperation[]): boolean {
  let reads = 0;
  for (const { process, type, f, value, key } of recorded) {
    if (process === 'nemesis') continue;
    if (key !== undefined || typeof f !== 'string' || !REGISTER_FUNCTIONS.has(f)) return false;
    if (value === null && type !== 'invoke') continue;
    if (!Array.isArray(value) || value.length !== 2) return false;
    const [first, second] = value as unknown as readonly [Json, Json];
    if (typeof first !== 'number' && typeof first !== 'string') return false;
    if (f === 'cas' && !Array.isArray(second)) return false;
    if (f === 'read' && type === 'invoke') reads++;
  }
  return reads > 0;
}

function show(value: Json | undefined): string {
  return value === undefined ? 'is missing and' : JSON.stringify(value);
}
