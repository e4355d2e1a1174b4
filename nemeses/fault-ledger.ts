/**
 * Who holds what on a cluster: keeps the faults of several nemeses from treading on each other.
 *
 *     ledger.take('process of n1', fault3)   // true: fault 3 may kill n1, and it alone restarts it
 *     ledger.take('process of n1', fault4)   // false: fault 4 leaves n1 alone, and says so
 *
 * A fault owns each thing that it changed: a node's process, its pause, its clock, one direction of a link. Nobody
 * else changes it back, and what is owned is left out of later faults. Two things differ. A kill ends a pause:
 * it makes the pause's owner give it up first, with its counters. The misbehaviours of a link (slow, lossy, …) add up: see
 * link-layers.ts.
 *
 * It also hands out fault ids, and lets one change at a time through.
 */
import { LinkLayers } from './link-layers.ts';

interface Owner {
  readonly faultId: number;
  changeBack(): Promise<void>;
}

export class FaultLedger {
  readonly links = new LinkLayers();
  readonly #owners = new Map<string, Owner>();
  #lastFaultId = 0;
  #tail: Promise<unknown> = Promise.resolve();

  /** The next id; `wanted` is taken as it stands (a replay), and later ids follow it. */
  issueFaultId(wanted?: number): number {
    const faultId = wanted ?? this.#lastFaultId + 1;
    this.#lastFaultId = Math.max(this.#lastFaultId, faultId);
    return faultId;
  }

  /** False when another fault has it. */
  take(resource: string, owner: Owner): boolean {
    if (this.#owners.has(resource)) return false;
    this.#owners.set(resource, owner);
    return true;
  }

  ownerOf(resource: string): number | undefined {
    return this.#owners.get(resource)?.faultId;
  }

  /** Changes it back, and frees it, whoever has it. When that fails, the owner keeps it. */
  async giveBack(resource: string): Promise<void> {
    await this.#owners.get(resource)?.changeBack();
    this.#owners.delete(resource);
  }

  /** Runs one change of faults after another. */
  exclusively<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(change);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
