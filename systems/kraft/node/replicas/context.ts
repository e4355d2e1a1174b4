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
import type { BrokerMetadata } from '../parts.ts';
import type { NodeSettings } from '../settings.ts';
import type { Deadlines } from './deadlines.ts';
import type { HostedPartition } from './hosted-partition.ts';
import type { Marker } from './pending-markers.ts';
import type { Turn } from './turn.ts';

/** Bytes that a log has not written yet; beyond it, answers to producers and further fetches wait. */
export const PENDING_BYTES_MAX = 8 * 1024 * 1024;

export interface ReplicaContext {
  readonly runtime: Runtime;
  readonly settings: NodeSettings;
  readonly metadata: BrokerMetadata;
  readonly turn: Turn;
  readonly deadlines: Deadlines;
  /** A replica that is here, or an error code. */
  find(topic: string, index: number): HostedPartition | number;
  /** It had an input: its invariants are to be checked. */
  touched(partition: HostedPartition): void;
  /** Something moved that a waiting fetch may wait for. */
  moved(partition: HostedPartition): void;
  /** To another broker; answered with `fetched`, `epochEnded` or `requestFailed`. */
  ask(partition: HostedPartition, to: number, correlationId: number, request: LeaderRequest): void;
  propose(partition: HostedPartition, correlationId: number, request: AlterPartition): void;
  leadershipChanged(partition: HostedPartition, leaderEpoch: number | null): void;
  markerCommitted(partition: HostedPartition, marker: Marker): void;
  /** A job on files, which nobody waits for: what it throws ends the node, and closing waits for it. */
  inBackground(what: string, job: () => Promise<void>): void;
  crash(what: string, error: unknown): void;
}

export const nowMsOf = (runtime: Runtime): number => nsToMs(runtime.monotonicNs());

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
