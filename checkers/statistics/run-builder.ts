/** Small histories for the tests of this folder: `run().ok('write', 1, 2).fault({…}).history()`, times in seconds. */
import { History } from '../../harness/history/history.ts';
import type {
  FaultEffect,
  Json,
  Operation,
  OperationError,
  OperationType,
} from '../../harness/history/operation.ts';
import { sToNs } from '../../harness/units.ts';

type Draft = Omit<Operation, 'index'>;

export class RunBuilder {
  readonly #drafts: Draft[] = [];
  #process = 0;
  #faultId = 0;

  /** One process for each operation; without `toS` it stays pending. */
  op(
    f: string,
    fromS: number,
    type?: Exclude<OperationType, 'invoke'>,
    toS?: number,
    error?: OperationError,
  ): this {
    const process = this.#process++;
    this.#drafts.push({ time: sToNs(fromS), process, type: 'invoke', f, value: null });
    if (type !== undefined && toS !== undefined) {
      const failed = error === undefined ? {} : { error };
      this.#drafts.push({ time: sToNs(toS), process, type, f, value: null, ...failed });
    }
    return this;
  }

  ok(f: string, fromS: number, toS = fromS): this {
    return this.op(f, fromS, 'ok', toS);
  }

  /** In force from one time to the other; to the end of the run without `toS`. */
  fault(fault: string, fromS: number, toS?: number, tookEffect = true): this {
    const shared = {
      faultId: ++this.#faultId,
      fault,
      nodes: ['n1'],
      description: `${fault} ${this.#faultId}`,
      parameters: null,
    };
    this.#effect(fromS, 'begin', { ...shared, edge: 'begin' });
    if (toS !== undefined) this.#effect(toS, 'end', { ...shared, edge: 'end', observed: {}, tookEffect });
    return this;
  }

  #effect(atS: number, f: string, effect: FaultEffect): void {
    const time = sToNs(atS);
    this.#drafts.push({ time, process: 'nemesis', type: 'invoke', f, value: null });
    this.#drafts.push({ time, process: 'nemesis', type: 'ok', f, value: effect as unknown as Json });
  }

  history(): History {
    const sorted = [...this.#drafts].sort((a, b) => a.time - b.time);
    return new History(sorted.map((draft, index) => ({ index, ...draft })));
  }
}
