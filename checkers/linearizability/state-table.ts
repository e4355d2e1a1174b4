/**
 * States of a model as small integers, and its transitions as a table: the search asks the model once for what it
 * then asks itself a thousand times.
 *
 *     const table = new StateTable(casRegister, calls, account);
 *     table.next(0, 2)      // the state after calls[2] in the initial state, or ILLEGAL
 *     table.valueOf(1)      // its JSON value
 *
 * The memory of transitions forgets: it has a bounded number of places, and a newer transition takes the place of
 * an older one. That costs time, never correctness, because a model's step is pure. Nor are the values kept, only the
 * parts they share (interner.ts), and some of the newest values beside them.
 */
import type { Json } from '../../harness/history/operation.ts';
import { Interner } from './interner.ts';
import type { MemoryAccount } from './memory.ts';
import type { Call, Model } from './model.ts';

export const ILLEGAL = -1;

const INITIAL_PLACES = 32;
/** 12 MB. More did not make the benchmarks faster. */
const MAX_PLACES = 1 << 20;
/** Words of a place: the state plus one (0 is an empty place), the call, the next state. */
const STRIDE = 3;
const BYTES_PER_WORD = 4;
/** What a state costs beside what the interner keeps of it. */
const BYTES_PER_STATE = 40;
/** Values that are kept whole, together. */
const MAX_RECENT_BYTES = 1 << 19;
/** Of such a value beside itself. */
const BYTES_PER_RECENT = 64;

export class StateTable {
  readonly #model: Model;
  readonly #calls: readonly Call[];
  readonly #account: MemoryAccount;
  readonly #interner = new Interner();
  /** By the interner's number: the state's, or ILLEGAL where it is only part of one. */
  readonly #stateOf: number[] = [];
  readonly #numbers: number[] = [];
  /** Values by state: what was computed last is asked for next. */
  readonly #recent = new Map<number, Json>();
  #recentBytes = 0;
  #mostRecentBytes = 0;
  #memo: Int32Array;
  #mask: number;
  /** Transitions that took another's place since the memory last grew. */
  #displaced = 0;
  /** The initial state is state 0. */
  constructor(model: Model, calls: readonly Call[], account: MemoryAccount) {
    this.#model = model;
    this.#calls = calls;
    this.#account = account;
    account.request(INITIAL_PLACES * STRIDE * BYTES_PER_WORD);
    this.#memo = new Int32Array(INITIAL_PLACES * STRIDE);
    this.#mask = INITIAL_PLACES - 1;
    this.numberOf(model.init);
  }

  /** Characters and parts of states that were computed: what steps cost beside themselves. */
  get work(): number {
    return this.#interner.work;
  }

  get count(): number {
    return this.#numbers.length;
  }

  valueOf(state: number): Json {
    const number = this.#numbers[state] as number;
    if (this.#interner.sizeOf(number) === 0) return this.#interner.valueOf(number);
    const recent = this.#recent.get(state);
    if (recent !== undefined) return recent;
    const value = this.#interner.valueOf(number);
    this.#keep(state, value);
    return value;
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
    const before = this.valueOf(state);
    const value = this.#model.step(before, this.#calls[call] as Call);
    const next = value === undefined ? ILLEGAL : value === before ? state : this.numberOf(value);
    const memo = this.#memo;
    if (memo[place] !== 0) this.#displaced++;
    memo[place] = state + 1;
    memo[place + 1] = call;
    memo[place + 2] = next;
    if (this.#displaced > this.#mask >>> 1 && this.#mask + 1 < MAX_PLACES) this.#grow();
    return next;
  }

  /**
   * The state of that value.
   *
   * @throws MemoryExhausted
   */
  numberOf(value: Json): number {
    const bytes = this.#interner.bytes;
    const number = this.#interner.numberOf(value);
    const known = this.#stateOf[number];
    if (known !== undefined && known !== ILLEGAL) return known;
    while (this.#stateOf.length <= number) this.#stateOf.push(ILLEGAL);
    this.#account.request(BYTES_PER_STATE + this.#interner.bytes - bytes);
    const state = this.#numbers.push(number) - 1;
    this.#stateOf[number] = state;
    this.#keep(state, value);
    return state;
  }

  #keep(state: number, value: Json): void {
    const size = this.#interner.sizeOf(this.#numbers[state] as number);
    if (size === 0) return;
    if (this.#recentBytes + size > MAX_RECENT_BYTES) {
      this.#recent.clear();
      this.#recentBytes = 0;
    }
    this.#recentBytes += size + BYTES_PER_RECENT;
    if (this.#recentBytes > this.#mostRecentBytes) {
      this.#account.request(this.#recentBytes - this.#mostRecentBytes);
      this.#mostRecentBytes = this.#recentBytes;
    }
    this.#recent.set(state, value);
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
