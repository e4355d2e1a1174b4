/**
 * Numbers for JSON values, and a map from pairs of numbers: what keeps a million transactions in typed arrays.
 *
 *     const codes = new ValueCodes();
 *     codes.encode(7);   // 7: small whole numbers are their own codes
 *     codes.encode('a'); // 2³⁰: anything else is counted
 *     codes.find('b');   // NONE: it has no code yet
 */
import { int32Column } from './columns.ts';
import type { Json } from '../../harness/history/operation.ts';
import { internKey } from '../linearizability/model.ts';

/** No code, no entry, no value. */
export const NONE = -1;

const FIRST_COUNTED = 2 ** 30;

/** Dense numbers from 0 for JSON values, in the order in which they come. Equal values, and only they, are one. */
export class Interned {
  readonly values: Json[] = [];
  readonly #numbers = new Map<null | boolean | number | string, number>();

  intern(value: Json): number {
    const key = internKey(value);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.values.length;
    this.values.push(value);
    this.#numbers.set(key, number);
    return number;
  }

  find(value: Json): number {
    return this.#numbers.get(internKey(value)) ?? NONE;
  }
}

/** As Interned, but small whole numbers, which most values are, are their own codes and are not remembered. */
export class ValueCodes {
  readonly #counted = new Interned();

  encode(value: Json): number {
    return isSmall(value) ? value | 0 : FIRST_COUNTED + this.#counted.intern(value);
  }

  /** NONE where the value was never encoded; a small whole number always has its code. */
  find(value: Json): number {
    if (isSmall(value)) return value | 0;
    const number = this.#counted.find(value);
    return number === NONE ? NONE : FIRST_COUNTED + number;
  }

  decode(code: number): Json {
    return code < FIRST_COUNTED ? code : (this.#counted.values[code - FIRST_COUNTED] as Json);
  }
}

function isSmall(value: Json): value is number {
  return typeof value === 'number' && (value | 0) === value && value >= 0 && value < FIRST_COUNTED;
}

/** Neighbouring seconds of one first lie together, since they are most often asked for together. */
const GROUP_BITS = 3;
const GROUP_MASK = (1 << GROUP_BITS) - 1;

/** From two numbers ≥ 0 to a third: open addressing in one array, 12 bytes a slot. */
export class PairMap {
  /** Triples (first, second, value); first is NONE where a slot is free. */
  #slots: Int32Array;
  #mask: number;
  #size = 0;

  constructor(expected = 16) {
    let capacity = 16;
    while (isFull(expected, capacity)) capacity *= 2;
    this.#slots = int32Column(capacity * 3).fill(NONE);
    this.#mask = capacity - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** NONE where there is none. */
  get(first: number, second: number): number {
    const slots = this.#slots;
    const at = locate(slots, this.#mask, first, second);
    return slots[at] === NONE ? NONE : (slots[at + 2] as number);
  }

  set(first: number, second: number, value: number): void {
    let at = locate(this.#slots, this.#mask, first, second);
    if (this.#slots[at] === NONE) {
      if (isFull(this.#size, this.#mask + 1)) {
        this.#grow();
        at = locate(this.#slots, this.#mask, first, second);
      }
      this.#size++;
      this.#slots[at] = first;
      this.#slots[at + 1] = second;
    }
    this.#slots[at + 2] = value;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = int32Column(old.length * 2).fill(NONE);
    const mask = this.#mask * 2 + 1;
    for (let at = 0; at < old.length; at += 3) {
      if (old[at] === NONE) continue;
      const to = locate(slots, mask, old[at] as number, old[at + 1] as number);
      slots[to] = old[at] as number;
      slots[to + 1] = old[at + 1] as number;
      slots[to + 2] = old[at + 2] as number;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

function isFull(size: number, capacity: number): boolean {
  return size * 8 > capacity * 5;
}

/** Where the pair is, or would be. */
function locate(slots: Int32Array, mask: number, first: number, second: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second >>> GROUP_BITS, 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 13;
  let slot = ((hash << GROUP_BITS) | (second & GROUP_MASK)) & mask;
  for (;;) {
    const at = slot * 3;
    const found = slots[at];
    if (found === NONE || (found === first && slots[at + 1] === second)) return at;
    slot = (slot + 1) & mask;
  }
}
