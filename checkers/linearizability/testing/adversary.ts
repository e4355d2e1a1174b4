/**
 * Histories that are meant to mislead: keys that look alike, values that are nearly equal, retired processes that come
 * back, operations that time out and take effect late, never, or twice as fast as their answer, lies in reads and in
 * refusals, and records that end in the middle.
 */
import { History } from '../../../harness/history/history.ts';
import type { Json, Operation } from '../../../harness/history/operation.ts';
import { randomStream } from '../../../harness/random.ts';
import type { Random } from '../../../harness/random.ts';

const KEYS: readonly (readonly Operation['key'][])[] = [
  [undefined],
  ['x'],
  [1, '1'],
  ['a', 'b', undefined],
  ['', '__proto__'],
];
const VALUES: readonly (readonly Json[])[] = [
  [0, 1],
  [0, 1, 2, null],
  [1, '1', null, true, false],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, [1], '[1]', '\u0000[1]'],
];
const TEXTS: readonly (readonly string[])[] = [
  ['a', 'b'],
  ['a', 'ab', 'b', ''],
  ['a', 'b', 'c', 'ba'],
];
const FUNCTIONS: Readonly<Record<string, readonly string[]>> = {
  register: ['read', 'read', 'write', 'delete'],
  'cas-register': ['read', 'read', 'write', 'cas', 'cas', 'delete'],
  kv: ['read', 'read', 'append', 'append', 'write', 'delete'],
};
/** Turns in which a thread may do something, for each operation. */
const TURNS = 8;
const CUT_SHARE = 0.05;

interface Running {
  readonly f: string;
  readonly key: Operation['key'];
  readonly value: Json;
  readonly fate: 'ok' | 'fail' | 'applied' | 'lost';
  answer: Json;
  isDone: boolean;
  isRefused: boolean;
}

/** The same history for the same model and seed. */
export function adversarialHistory(model: string, seed: number, maxOperations: number): History {
  return new Adversary(model, randomStream(seed, 'adversary', model)).history(maxOperations);
}

class Adversary {
  readonly #random: Random;
  readonly #isKv: boolean;
  readonly #functions: readonly string[];
  readonly #keys: readonly Operation['key'][];
  readonly #values: readonly Json[];
  readonly #init: Json;
  readonly #isUnique: boolean;
  readonly #lieShare: number;
  readonly #unknownShare: number;
  readonly #reusesProcesses: boolean;
  /** By key: what it held, the latest last. */
  readonly #held = new Map<Operation['key'], Json[]>();
  readonly #operations: Operation[] = [];
  #written = 0;

  constructor(model: string, random: Random) {
    this.#random = random;
    this.#isKv = model === 'kv';
    this.#functions = FUNCTIONS[model] as readonly string[];
    this.#keys = random.pick(KEYS);
    this.#values = random.pick<readonly Json[]>(this.#isKv ? TEXTS : VALUES);
    this.#init = this.#isKv ? '' : null;
    this.#isUnique = random.chance(0.4);
    this.#lieShare = random.pick([0, 0.5, 1]);
    this.#unknownShare = random.pick([0, 0.1, 0.3, 0.6]);
    this.#reusesProcesses = random.chance(0.2);
  }

  history(maxOperations: number): History {
    const random = this.#random;
    const threads = random.integer(1, 5);
    const operations = random.integer(1, maxOperations);
    const processOf = Array.from({ length: threads }, (_, thread) => thread);
    const running: (Running | null)[] = processOf.map(() => null);
    let started = 0;
    for (let turn = 0; turn < operations * TURNS; turn++) {
      const thread = random.integer(0, threads - 1);
      const process = processOf[thread] as number;
      const current = running[thread] ?? null;
      if (current === null) {
        if (started++ < operations) running[thread] = this.#invoke(process);
      } else if (!current.isDone) {
        this.#takeEffect(current);
      } else {
        running[thread] = null;
        const isKnown = this.#complete(process, current);
        if (!isKnown && !this.#reusesProcesses) processOf[thread] = process + threads;
      }
    }
    return new History(this.#operations);
  }

  #record(fields: Omit<Operation, 'index' | 'time'>): void {
    const index = this.#operations.length;
    this.#operations.push({ index, time: index, ...fields });
  }

  #invoke(process: number): Running {
    const random = this.#random;
    const f = random.pick(this.#functions);
    const key = random.pick(this.#keys);
    const value = this.#argument(f, key);
    this.#record({ process, type: 'invoke', f, ...(key === undefined ? {} : { key }), value });
    const unknown = random.chance(this.#unknownShare);
    const fate = unknown ? random.pick(['applied', 'lost'] as const) : random.chance(0.05) ? 'fail' : 'ok';
    return { f, key, value, fate, answer: value, isDone: false, isRefused: false };
  }

  #argument(f: string, key: Operation['key']): Json {
    const fresh = (): Json => {
      if (!this.#isUnique) return this.#random.pick(this.#values);
      return this.#isKv ? `${this.#written++};` : this.#written++;
    };
    if (f === 'read' || f === 'delete') return null;
    if (f !== 'cas') return fresh();
    const expected = this.#random.chance(0.7) ? this.#now(key) : this.#random.pick(this.#values);
    return [expected, fresh()];
  }

  #takeEffect(current: Running): void {
    const { f, key, value, fate } = current;
    current.isDone = true;
    if (fate === 'fail' || fate === 'lost') return;
    const now = this.#now(key);
    if (f === 'read') current.answer = now;
    else if (f === 'write') this.#hold(key, value);
    else if (f === 'delete') this.#hold(key, this.#init);
    else if (f === 'append') this.#hold(key, (now as string) + (value as string));
    else {
      const [expected, next] = value as readonly [Json, Json];
      current.isRefused = JSON.stringify(now) !== JSON.stringify(expected);
      if (!current.isRefused) this.#hold(key, next);
    }
    if (!this.#random.chance(this.#lieShare)) return;
    if (f === 'read') current.answer = this.#random.pick(this.#held.get(key) ?? [this.#init]);
    else if (f === 'cas') current.isRefused = !current.isRefused;
  }

  /** False when nobody knows how it went. */
  #complete(process: number, { f, value, fate, answer, isRefused }: Running): boolean {
    if (this.#random.chance(CUT_SHARE))
      return this.#reusesProcesses ? this.#timeOut(process, f, value) : false;
    if (fate === 'applied' || fate === 'lost') return this.#timeOut(process, f, value);
    if (fate === 'fail') this.#record({ process, type: 'fail', f, value, error: { code: 'unreachable' } });
    else if (isRefused)
      this.#record({ process, type: 'fail', f, value, error: { code: 'precondition-failed' } });
    else this.#record({ process, type: 'ok', f, value: this.#isKv && answer === '' ? null : answer });
    return true;
  }

  #timeOut(process: number, f: string, value: Json): false {
    this.#record({ process, type: 'info', f, value, error: { code: 'timeout' } });
    return false;
  }

  #now(key: Operation['key']): Json {
    return this.#held.get(key)?.at(-1) ?? this.#init;
  }

  #hold(key: Operation['key'], value: Json): void {
    const held = this.#held.get(key) ?? [this.#init];
    held.push(value);
    this.#held.set(key, held);
  }
}
