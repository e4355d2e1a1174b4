/**
 * Who holds what on a cluster: keeps the faults of several nemeses from treading on each other.
 *
 *     ledger.take('process n1', 3)   // fault 3 may kill n1, and it alone restarts it
 *     ledger.take('process n1', 4)   // false: fault 4 leaves n1 alone, and says so
 *
 * A fault owns each thing that it changed: a node's process, its pause, its clock, one direction of a link. Nobody
 * else changes it back, and what is owned is left out of later faults. Two things differ. A kill ends a pause,
 * so it takes the pause away from its owner. The misbehaviours of a link (slow, lossy, …) add up: see
 * link-layers.ts.
 *
 * It also hands out fault ids, and lets one change at a time through.
 */
import { LinkLayers } from './link-layers.ts';

export class FaultLedger {
  readonly links = new LinkLayers();
  readonly #owners = new Map<string, number>();
  #lastFaultId = 0;
  #tail: Promise<unknown> = Promise.resolve();

  /** The next id; `wanted` is taken as it stands (a replay), and later ids follow it. */
  issueFaultId(wanted?: number): number {
    const faultId = wanted ?? this.#lastFaultId + 1;
    this.#lastFaultId = Math.max(this.#lastFaultId, faultId);
    return faultId;
  }

  /** False when another fault has it. */
  take(resource: string, faultId: number): boolean {
    const owner = this.#owners.get(resource);
    if (owner !== undefined && owner !== faultId) return false;
    this.#owners.set(resource, faultId);
    return true;
  }

  ownerOf(resource: string): number | undefined {
    return this.#owners.get(resource);
  }

  /** Frees it, whoever has it. */
  free(resource: string): void {
    this.#owners.delete(resource);
  }

  /** Runs one change of faults after another. */
  exclusively<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(change);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
