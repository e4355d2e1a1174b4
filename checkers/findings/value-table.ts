/**
 * Numbers for values: equal JSON values have the same number, from 0 in the order in which they came.
 *
 *     const table = new ValueTable();
 *     table.idOf('a'); // 0
 *     table.idOf([1]); // 1
 *     table.find([1]); // 1
 *     table.find(7);   // -1
 *
 * Whole numbers that lie close together, the usual case, are looked up in an array.
 */
import type { Json } from '../../harness/history/operation.ts';
import { canonicalJson } from '../linearizability/model.ts';
import { int32Column } from '../transactions/columns.ts';

const ABSENT = -1;
/** The array may have so many places for each value in it. */
const PLACES_PER_VALUE = 16;
const PLACES_MIN = 64;

export class ValueTable {
  readonly #values: Json[] = [];
  /** Id + 1 of small whole numbers; 0 where there is none. */
  #dense: Int32Array = new Int32Array(PLACES_MIN);
  /** Of all that have no place in the array: strings, numbers and truth values as they are. */
  readonly #plain = new Map<Json, number>();
  /** Of lists and maps, by their canonical text. */
  readonly #compound = new Map<string, number>();

  get size(): number {
    return this.#values.length;
  }

  valueOf(id: number): Json {
    return this.#values[id] as Json;
  }

  /** -1 when it never came. */
  find(value: Json): number {
    if (typeof value === 'number' && value >= 0 && value < this.#dense.length && Number.isInteger(value)) {
      const id = (this.#dense[value] as number) - 1;
      if (id !== ABSENT || this.#plain.size === 0) return id;
    }
    if (typeof value === 'object' && value !== null) {
      return this.#compound.get(canonicalJson(value)) ?? ABSENT;
    }
    return this.#plain.get(value) ?? ABSENT;
  }

  idOf(value: Json): number {
    const known = this.find(value);
    if (known !== ABSENT) return known;
    const id = this.#values.length;
    this.#values.push(value);
    if (typeof value === 'object' && value !== null) this.#compound.set(canonicalJson(value), id);
    else if (this.#hasPlace(value)) this.#dense[value] = id + 1;
    else this.#plain.set(value, id);
    return id;
  }

  #hasPlace(value: Json): value is number {
    if (typeof value !== 'number' || value < 0 || !Number.isInteger(value)) return false;
    if (value < this.#dense.length) return true;
    if (value >= PLACES_MIN + PLACES_PER_VALUE * this.#values.length) return false;
    const grown = int32Column(2 ** Math.ceil(Math.log2(value + 1)));
    grown.set(this.#dense);
    this.#dense = grown;
    return true;
  }
}
