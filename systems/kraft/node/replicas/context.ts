/**
 * What the parts of the replica manager share.
 *
 *     const found = context.find('orders', 0);
 *     if (typeof found === 'number') return found; // an error code
 */
import { nsToMs } from '../../../../harness/units.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { AlterPartition } from '../../broker/partition/messages.ts';
import type { LeaderRequest } from '../../broker/partition/effects.ts';
import type { PeerRequest } from '../../quorum/messages.ts';
import type { BrokerMetadata } from '../parts.ts';
import type { PeerAnswer } from '../quorum/peer-links.ts';
import type { NodeSettings } from '../settings.ts';
import type { Deadlines } from './deadlines.ts';
import type { Marker } from './pending-markers.ts';
import type { Turn } from './turn.ts';

/** @typeParam P - the replica on this broker, see hosted-partition.ts */
export interface PartitionContext<P> {
  readonly runtime: Runtime;
  readonly settings: NodeSettings;
  readonly metadata: BrokerMetadata;
  readonly turn: Turn;
  readonly deadlines: Deadlines;
  /** A replica that is here, or an error code. */
  find(topic: string, index: number): P | number;
  /** It had an input: its invariants are to be checked. */
  touched(partition: P): void;
  /** Something moved that a waiting fetch may wait for. */
  moved(partition: P): void;
  /** To another broker; answered with `fetched`, `epochEnded` or `requestFailed`. */
  ask(partition: P, to: number, correlationId: number, request: LeaderRequest): void;
  /** To another member of a partition's Raft group, but for Fetch. */
  askMember(
    partition: P,
    to: number,
    request: PeerRequest,
    timeoutMs: number,
    onAnswer: (answer: PeerAnswer) => void,
  ): void;
  propose(partition: P, correlationId: number, request: AlterPartition): void;
  leadershipChanged(partition: P, leaderEpoch: number | null): void;
  markerCommitted(partition: P, marker: Marker): void;
  /** A job on files, which nobody waits for: what it throws ends the node, and closing waits for it. */
  inBackground(what: string, job: () => Promise<void>): void;
  crash(what: string, error: unknown): void;
}

export const nowMsOf = (runtime: Runtime): number => nsToMs(runtime.monotonicNs());
