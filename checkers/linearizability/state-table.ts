/**
 * States of a model as small integers, and its transitions as a table: the search asks the model once for what it
 * then asks itself a thousand times.
 *
 *     const table = new StateTable(casRegister, calls, account);
 *     table.next(0, 2)      // the state after calls[2] in the initial state, or ILLEGAL
 *     table.valueOf(1)      // its JSON value
 *
 * The memory of transitions forgets: it has a bounded number of places, and a newer transition takes the place of
 * an older one. That costs time, never correctness, because a model's step is pure.
 */
import type { Json } from '../../harness/history/operation.ts';
import type { MemoryAccount } from './memory.ts';
import { internKey } from './model.ts';
import type { Call, Model } from './model.ts';

export const ILLEGAL = -1;

const INITIAL_PLACES = 256;
/** 12 MB. More did not make the benchmarks faster. */
const MAX_PLACES = 1 << 20;
/** Words of a place: the state plus one (0 is an empty place), the call, the next state. */
const STRIDE = 3;
const BYTES_PER_WORD = 4;
/** What a state costs beside its text: an entry of a Map and an array, a string header. */
const BYTES_PER_STATE = 120;

/** Of a longer string V8 hashes only the length (kMaxHashCalcLength). */
const MAX_HASHED_CHARACTERS = 16_383;

export class StateTable {
  readonly #model: Model;
  readonly #calls: readonly Call[];
  readonly #account: MemoryAccount;
  readonly #ids = new Map<ReturnType<typeof internKey>, number>();
  readonly #values: Json[] = [];
  #memo: Int32Array;
  #mask: number;
  /** Transitions that took another's place since the memory last grew. */
  #displaced = 0;
  /** Long states: ids by fingerprint, which several may share. */
  readonly #longIds = new Map<string, { readonly key: string; readonly id: number }[]>();
  /** Of the texts of states that were computed: what a step costs beside itself. */
  characters = 0;

  /** The initial state is state 0. */
  constructor(model: Model, calls: readonly Call[], account: MemoryAccount) {
    this.#model = model;
    this.#calls = calls;
    this.#account = account;
    account.request(INITIAL_PLACES * STRIDE * BYTES_PER_WORD);
    this.#memo = new Int32Array(INITIAL_PLACES * STRIDE);
    this.#mask = INITIAL_PLACES - 1;
    this.#intern(model.init);
  }

  get count(): number {
    return this.#values.length;
  }

  valueOf(state: number): Json {
    return this.#values[state] as Json;
  }

  /**
   * The state after a call, or ILLEGAL.
   *
   * @throws MemoryExhausted
   */
  next(state: number, call: number): number {
    const place = ((Math.imul(state, this.#calls.length) + call) & this.#mask) * STRIDE;
    const memo = this.#memo;
    if (memo[place] === state + 1 && memo[place + 1] === call) return memo[place + 2] as number;
    return this.#compute(state, call, place);
  }

  #compute(state: number, call: number, place: number): number {
    const before = this.#values[state] as Json;
    if (typeof before === 'string') this.characters += before.length;
    const value = this.#model.step(before, this.#calls[call] as Call);
    const next = value === undefined ? ILLEGAL : this.#intern(value);
    const memo = this.#memo;
    if (memo[place] !== 0) this.#displaced++;
    memo[place] = state + 1;
    memo[place + 1] = call;
    memo[place + 2] = next;
    if (this.#displaced > this.#mask >>> 1 && this.#mask + 1 < MAX_PLACES) this.#grow();
    return next;
  }

  #intern(value: Json): number {
    const key = internKey(value);
    if (typeof key === 'string' && key.length > MAX_HASHED_CHARACTERS) return this.#internLong(key, value);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#add(value, typeof key === 'string' ? key.length : 0);
    this.#ids.set(key, id);
    return id;
  }

  /** The engine hashes long strings by their length, so a Map of them compares all that are equally long. */
  #internLong(key: string, value: Json): number {
    this.characters += key.length;
    const fingerprint = `${key.length}/${hashText(key)}`;
    const others = this.#longIds.get(fingerprint) ?? [];
    const known = others.find((other) => other.key === key);
    if (known !== undefined) return known.id;
    const id = this.#add(value, key.length);
    this.#longIds.set(fingerprint, [...others, { key, id }]);
    return id;
  }

  #add(value: Json, characters: number): number {
    this.#account.request(BYTES_PER_STATE + 2 * characters);
    return this.#values.push(value) - 1;
  }

  #grow(): void {
    const old = this.#memo;
    const places = (this.#mask + 1) * 4;
    this.#account.request(places * STRIDE * BYTES_PER_WORD);
    const memo = new Int32Array(places * STRIDE);
    for (let from = 0; from < old.length; from += STRIDE) {
      if (old[from] === 0) continue;
      const state = (old[from] as number) - 1;
      const call = old[from + 1] as number;
      const place = ((Math.imul(state, this.#calls.length) + call) & (places - 1)) * STRIDE;
      for (let i = 0; i < STRIDE; i++) memo[place + i] = old[from + i] as number;
    }
    this.#memo = memo;
    this.#mask = places - 1;
    this.#displaced = 0;
    this.#account.release(old.length * BYTES_PER_WORD);
  }
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
