/** Whether a transaction wrote a key, and where; made when it is first asked. */
import { NONE, PairMap } from '../value-codes.ts';
import { isFinalWrite } from './view.ts';
import type { View } from './view.ts';

export class FinalWrites {
  readonly #view: View;
  #writes: PairMap | undefined;

  constructor(view: View) {
    this.#view = view;
  }

  has(transaction: number, key: number): boolean {
    this.#writes ??= this.#collect();
    return this.#writes.get(transaction, key) !== NONE;
  }

  #collect(): PairMap {
    const { transactions, isCommitted } = this.#view;
    const { micro } = transactions;
    const writes = new PairMap(micro.count >> 1);
    for (let m = 0; m < micro.count; m++) {
      const t = micro.transaction[m] as number;
      if (isCommitted[t] === 1 && isFinalWrite(transactions, m)) writes.set(t, micro.key[m] as number, m);
    }
    return writes;
  }
}
