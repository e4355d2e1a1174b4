/**
 * Where the replicas of new partitions go: on as many racks as there are, evenly over the brokers, each leading as often as the next.
 *
 *     placeReplicas(random, brokers, 6, 3)   // [[2, 0, 1], [0, 1, 2], …]
 *
 * Greedy: each replica goes to the rack that has fewest of this partition, and there to the broker that has fewest of this request;
 * ties go to who has fewest in all, then by lot. Fenced brokers are taken only when the others do not suffice, and never first.
 */
import type { Random } from '../../../harness/random.ts';

export interface UsableBroker {
  readonly id: number;
  readonly rack: string | null;
  readonly fenced: boolean;
  /** Replicas that it has already. */
  readonly load: number;
  /** Partitions that it leads already. */
  readonly leaderships: number;
}

interface Candidate extends UsableBroker {
  replicas: number;
  leaders: number;
}

/** @throws RangeError with a sentence when there are not enough brokers */
export function placeReplicas(
  random: Random,
  brokers: readonly UsableBroker[],
  partitions: number,
  factor: number,
): number[][] {
  if (factor > brokers.length) {
    throw new RangeError(`there are only ${brokers.length} brokers registered`);
  }
  if (brokers.every((broker) => broker.fenced)) throw new RangeError('all brokers are fenced');
  // The order of the lot decides ties: the sort is stable.
  const candidates: Candidate[] = random
    .shuffle(brokers)
    .map((broker) => ({ ...broker, replicas: 0, leaders: 0 }))
    .sort((a, b) => a.load - b.load);
  return Array.from({ length: partitions }, () => placeOne(candidates, factor));
}

function placeOne(candidates: readonly Candidate[], factor: number): number[] {
  const chosen: Candidate[] = [];
  const onRack = new Map<string | null, number>();
  while (chosen.length < factor) {
    let best: Candidate | null = null;
    for (const candidate of candidates) {
      if (chosen.includes(candidate)) continue;
      if (best === null || isBetter(candidate, best, onRack)) best = candidate;
    }
    const next = best as Candidate;
    chosen.push(next);
    next.replicas++;
    onRack.set(next.rack, (onRack.get(next.rack) ?? 0) + 1);
  }
  const leader = chosen.reduce((best, candidate) => (leadsLess(candidate, best) ? candidate : best));
  leader.leaders++;
  const followers = chosen.filter((candidate) => candidate !== leader);
  return [leader, ...followers.filter((f) => !f.fenced), ...followers.filter((f) => f.fenced)].map(
    (c) => c.id,
  );
}

function leadsLess(a: Candidate, b: Candidate): boolean {
  const difference =
    Number(a.fenced) - Number(b.fenced) || a.leaders - b.leaders || a.leaderships - b.leaderships;
  return difference < 0;
}

function isBetter(a: Candidate, b: Candidate, onRack: ReadonlyMap<string | null, number>): boolean {
  const difference =
    Number(a.fenced) - Number(b.fenced) ||
    (onRack.get(a.rack) ?? 0) - (onRack.get(b.rack) ?? 0) ||
    a.replicas - b.replicas;
  return difference < 0;
}
