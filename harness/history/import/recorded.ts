/**
 * From operations as other tools record them to operations of ours, one by one: what the importers share.
 *
 *     const importer = new Importer('history.edn');
 *     importer.push({ line: 1, process: 0, type: 'invoke', f: 'put', value: 3 });
 *     importer.finish(undefined).history.operations // [{ index: 0, time: 0, process: 0, type: 'invoke', f: 'write', … }]
 *
 * - Missing indexes and times are filled in. Times that go back are raised to the time before: Jepsen takes the time
 *   before it takes the place in the history, and the order is what counts. Times beyond 2⁵³ count from the first.
 * - `get` and `put` become `read` and `write`, and `broadcast` (of Maelstrom) `add`.
 * - Jepsen records the nemesis as `info` twice, for the beginning and the end: the first becomes the invocation. One
 *   that never ends before the next begins gets a completion of its own.
 * - A completion without a value, or with an error in its place, takes the invocation's: a value has one shape.
 * - Keys of `jepsen.independent`, which its histories write into the value as `[key value]`, become keys. Where no tag
 *   says so, that shows when every client's value is such a pair, and some ask for what is behind a key: `[7 nil]`.
 *
 * Each of these is said in a note.
 */
import { HarnessError } from '../../errors.ts';
import { History } from '../history.ts';
import type { Json, Operation, OperationError, OperationType, Position } from '../operation.ts';
import type { TornLine } from '../versioned-lines.ts';

/** An operation as it was found. */
export interface RecordedOperation {
  /** Where it stands in the file, from 1. */
  readonly line: number;
  readonly process: Json;
  readonly type: Json;
  readonly f: Json;
  readonly value: Json;
  /** The value was marked as a pair of a key and a value. */
  readonly isTuple?: boolean;
  readonly time?: Json | undefined;
  readonly key?: Json | undefined;
  readonly error?: OperationError;
  readonly node?: string;
  readonly position?: Position;
  /** Of Jepsen's causal test: the position of the operation that it builds on. */
  readonly link?: Json;
  /** Maelstrom's `:final?`. */
  readonly isFinal?: boolean;
  /** Partitions that a consumer of a log lost or was given meanwhile: `:rebalance-log` of Jepsen's Kafka workload. */
  readonly rebalanced?: readonly Json[];
}

export interface ImportedHistory {
  readonly history: History;
  /** What was changed or presumed, in sentences. */
  readonly notes: readonly string[];
  /** The incomplete last record, when the writer was killed. */
  readonly torn: TornLine | undefined;
}

/** Until all is read, keys may still have to be taken out of values. */
interface Draft extends Omit<Operation, 'key' | 'value'> {
  key?: string | number;
  value: Json;
  readonly link?: Json;
}

const RENAMED: ReadonlyMap<string, string> = new Map([
  ['get', 'read'],
  ['put', 'write'],
  ['broadcast', 'add'],
]);

export class Importer {
  readonly #fileName: string | undefined;
  readonly #operations: Draft[] = [];
  readonly #lines: number[] = [];
  readonly #pending = new Map<number | 'nemesis', Draft>();
  readonly #notes = new Notes();
  readonly #pairs = new PairDetector();
  readonly #clock: Clock;

  constructor(fileName: string | undefined) {
    this.#fileName = fileName;
    this.#clock = new Clock(this.#notes);
  }

  /** @throws HarnessError, with the line */
  refuse(code: 'bad-format' | 'bad-history', line: number, what: string): never {
    throw new HarnessError(code, `${this.#place(line)}: ${what}`);
  }

  note(fact: string): void {
    this.#notes.add(fact);
  }

  /** @throws HarnessError `bad-history` with the line and what is wrong */
  push(found: RecordedOperation): void {
    const { line } = found;
    const type = plain(found.type);
    const process = plain(found.process);
    const name = plain(found.f);
    if (!isType(type)) {
      const wrong = type === null ? 'it has no type' : `unknown type ${JSON.stringify(type)}`;
      return this.refuse('bad-history', line, `${wrong} (must be invoke, ok, fail or info)`);
    }
    if (!isProcess(process)) {
      const wrong =
        process === null
          ? 'it has no process (an integer or :nemesis)'
          : `process ${JSON.stringify(process)} is neither an integer nor :nemesis`;
      return this.refuse('bad-history', line, wrong);
    }
    if (typeof name !== 'string') {
      const wrong = name === null ? 'it has no f' : `f ${JSON.stringify(name)} is no keyword`;
      return this.refuse('bad-history', line, `${wrong} (the function: read, write, …)`);
    }
    const isClient = process !== 'nemesis';
    const f = isClient ? (RENAMED.get(name) ?? name) : name;
    if (f !== name) this.#notes.count(`${name} was read as ${f}`);
    const time = this.#clock.timeOf(found.time, (what) => this.refuse('bad-history', line, what));

    const invocation = isClient ? this.#pending.get(process) : this.#endFault(type, f, time, line);
    const isBeginning = !isClient && type === 'info' && invocation === undefined;
    let { value } = found;
    let key = keyOf(found.key);
    if (isClient) {
      if (found.isTuple === true && key === undefined) {
        [key, value] = split(value);
        this.#notes.count('a tuple of jepsen.independent: split into key and value');
      }
      this.#pairs.observe(type, f, value, key);
    }
    if (type !== 'invoke' && value === null && invocation !== undefined && (type !== 'ok' || f !== 'read')) {
      value = invocation.value;
    }
    if (found.rebalanced !== undefined && isArray(value)) {
      value = [...value, ['rebalance', found.rebalanced]];
      this.#notes.count('the rebalance log was added to the micro-operations');
    }
    this.#append(
      {
        index: this.#operations.length,
        time,
        process,
        type: isBeginning ? 'invoke' : type,
        f,
        ...(key === undefined ? {} : { key }),
        value,
        ...(found.error === undefined ? {} : { error: found.error }),
        ...(found.node === undefined ? {} : { node: found.node }),
        ...(found.position === undefined ? {} : { position: found.position }),
        ...(found.isFinal === true ? { isFinal: true } : {}),
        ...(found.link === undefined ? {} : { link: found.link }),
      },
      line,
    );
  }

  /** @throws HarnessError `bad-history` with the line when the operations make no history */
  finish(torn: TornLine | undefined): ImportedHistory {
    if (this.#pairs.areKeyed()) {
      this.#notes.first('every value is a pair [key value], as jepsen.independent writes them: split');
      for (const operation of this.#operations) {
        if (operation.process === 'nemesis' || !isArray(operation.value)) continue;
        const [key, value] = split(operation.value);
        if (key !== undefined) operation.key = key;
        operation.value = value;
      }
    }
    const history = new History(this.#operations, {
      locate: (index) => this.#place(this.#lines[index] as number),
    });
    return { history, notes: this.#notes.sentences(), torn };
  }

  /** The fault that an operation of the nemesis ends; what was still open before another one is ended here. */
  #endFault(type: OperationType, f: string, time: number, line: number): Draft | undefined {
    const open = this.#pending.get('nemesis');
    if (type !== 'info' || open === undefined || open.f === f) return open;
    this.#notes.count(
      'an operation of the nemesis did not end before the next: an unknown outcome was put between',
    );
    const index = this.#operations.length;
    this.#append({ index, time, process: 'nemesis', type: 'info', f: open.f, value: null }, line);
    return undefined;
  }

  #append(operation: Draft, line: number): void {
    this.#operations.push(operation);
    this.#lines.push(line);
    if (operation.type === 'invoke') this.#pending.set(operation.process, operation);
    else this.#pending.delete(operation.process);
  }

  #place(line: number): string {
    return `${this.#fileName === undefined ? '' : `${this.#fileName}: `}line ${line}`;
  }
}

/** Times that never go back, in nanoseconds that a number can hold. */
class Clock {
  readonly #notes: Notes;
  /** What later times count from, when they are too large. */
  #origin: bigint | undefined;
  #time = -1;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  timeOf(found: Json | undefined, refuse: (what: string) => never): number {
    const time = this.#read(found, refuse);
    if (time === undefined) {
      this.#notes.count('no time given: one nanosecond after the operation before');
      return ++this.#time;
    }
    if (time < this.#time) {
      this.#notes.count('time before that of the operation before: raised to it');
    } else {
      this.#time = time;
    }
    this.#time = Math.max(this.#time, 0);
    return this.#time;
  }

  #read(found: Json | undefined, refuse: (what: string) => never): number | undefined {
    if (found === undefined || found === null) return undefined;
    if (typeof found === 'string' && /^-?\d+$/.test(found)) {
      if (this.#origin === undefined) {
        this.#origin = BigInt(found);
        this.#notes.add('times are beyond 2⁵³ nanoseconds: counted from the first');
      }
    } else if (typeof found !== 'number' || !Number.isFinite(found)) {
      refuse(`time ${JSON.stringify(found)} is no number of nanoseconds`);
    }
    if (this.#origin === undefined) return found as number;
    return Number(BigInt(typeof found === 'number' ? Math.trunc(found) : found) - this.#origin);
  }
}

/** Finds out whether all values are pairs `[key value]`. */
class PairDetector {
  #allPairs = true;
  /** Somebody asks for the value of a key, or does a transaction within one: values alone are not so. */
  #isEvident = false;

  observe(type: OperationType, f: string, value: Json, key: string | number | undefined): void {
    if (!this.#allPairs || (value === null && type !== 'invoke')) return;
    if (key !== undefined || !isArray(value) || value.length !== 2) {
      this.#allPairs = false;
      return;
    }
    const [first, second] = value as readonly [Json, Json];
    if ((typeof first !== 'number' && typeof first !== 'string') || (f === 'cas' && !isArray(second))) {
      this.#allPairs = false;
    } else if (type === 'invoke' && (second === null || (f === 'txn' && isArray(second)))) {
      this.#isEvident = true;
    }
  }

  areKeyed(): boolean {
    return this.#allPairs && this.#isEvident;
  }
}

/** Sentences, and how many operations each is true of. */
class Notes {
  readonly #counts = new Map<string, number>();
  readonly #facts: string[] = [];

  add(fact: string): void {
    this.#facts.push(fact);
  }

  first(fact: string): void {
    this.#facts.unshift(fact);
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  sentences(): readonly string[] {
    return [...this.#facts, ...[...this.#counts].map(([what, count]) => `${what} (${count} operations)`)];
  }
}

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

function split(value: Json): [string | number | undefined, Json] {
  const [key, inner = null] = value as readonly Json[];
  return [keyOf(key), inner];
}

function keyOf(key: Json | undefined): string | number | undefined {
  if (key === undefined || key === null) return undefined;
  return typeof key === 'string' || typeof key === 'number' ? key : JSON.stringify(key);
}

/** A keyword that was written as text keeps its colon. */
function plain(name: Json): Json {
  return typeof name === 'string' && name.startsWith(':') ? name.slice(1) : name;
}

function isType(type: Json): type is OperationType {
  return type === 'invoke' || type === 'ok' || type === 'fail' || type === 'info';
}

function isProcess(process: Json): process is number | 'nemesis' {
  return process === 'nemesis' || (typeof process === 'number' && Number.isSafeInteger(process));
}
