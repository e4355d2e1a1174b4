/**
 * How the parts of a node see each other: small interfaces, so that each is built and tested alone.
 *
 *     quorum ──committed──▶ controller            (on controllers)
 *        └─────committed──▶ metadata ──changes──▶ replicas, coordinators     (on brokers)
 *     controller link ──▶ the active controller, over the network, also where that is this very node
 *
 * Callbacks run in the order of what they tell. Nobody calls back inside the call that asked, but for `onOutcome`, which may.
 */
import type { MetadataImage } from '../controller/metadata-image.ts';
import type { MetadataRecord } from '../controller/metadata-records.ts';
import type { ReplicaLog } from '../log/replica-log.ts';
import type { QuorumStatus } from '../quorum/core.ts';
import type { ApiName, RequestInputBody } from '../wire/apis.ts';
import type { ErrorName } from '../wire/error-codes.ts';
import type { Exchange, Handlers } from './network/exchange.ts';
import type { NodeOutcome } from './network/node-client.ts';

// The quorum

/** Follows the metadata log: on controllers and on brokers. */
export interface MetadataListener {
  /** Committed, in order and once each; a batch's control records are left out, so offsets may have gaps between calls. */
  committed(baseOffset: number, records: readonly MetadataRecord[]): void;
  /** Replaces all that was told before. @param lastOffset - the last that it contains */
  loadSnapshot(records: readonly MetadataRecord[], lastOffset: number): void;
  /** What makes the state anew that all told so far has made: for the quorum's own snapshots. Asked between two calls, answered at once. */
  snapshotRecords(): readonly MetadataRecord[];
  /** Who leads the quorum, as far as this node knows; null: nobody known. */
  leader(leaderId: number | null, epoch: number): void;
  /** This node leads, and all that is in its log was committed and told. Followed by `lost`, or by nothing. */
  mayAct(epoch: number, nextOffset: number): void;
  /** It leads no more. */
  lost(): void;
}

export interface Quorum {
  readonly handlers: Handlers;
  /** Set by the active controller: the records go into the log as one batch. Null where this node does not lead any more. */
  append(records: readonly MetadataRecord[]): { readonly baseOffset: number } | null;
  /** Null until the disk is read. */
  status(): QuorumStatus | null;
  /** Where the controller listener of a node of the quorum is reached; null where unknown. */
  controllerAddress(nodeId: number): { readonly host: string; readonly port: number } | null;
  invariants(): void;
  /** Stops in good order: a leader hands over first. */
  close(): Promise<void>;
}

// Brokers

/** The active controller, wherever it is. */
export interface ControllerLink {
  /** Finds the active controller and tries again until the time is up; fails where nobody was found, or where an answer stayed out. */
  request<N extends ApiName>(
    name: N,
    version: number,
    body: RequestInputBody<N>,
    timeoutMs: number,
    onOutcome: (outcome: NodeOutcome<N>) => void,
  ): void;
  /** Passes a client's request on, in an Envelope, and its answer back. */
  forward(exchange: Exchange): void;
}

/** What changed in the metadata since the last call. */
export interface MetadataChanges {
  readonly image: MetadataImage;
  /** Of the last record that the image contains. */
  readonly offset: number;
  /** The broker set, or a broker's state. */
  readonly brokersChanged: boolean;
  /** By topic id: partitions that are new or changed. */
  readonly partitions: ReadonlyMap<string, ReadonlySet<number>>;
  readonly deletedTopics: readonly { readonly id: string; readonly name: string }[];
  /** Names of topics whose configuration changed; a broker's own configuration counts for all (null). */
  readonly configs: ReadonlySet<string> | null;
}

export interface BrokerMetadata extends MetadataListener {
  readonly image: MetadataImage;
  /** This broker's epoch; -1 before it is registered. */
  readonly brokerEpoch: number;
  /**
   * Told first when this broker's own registration was replayed (everything counts as changed then), and with every change after
   * it: who acted on older metadata would lead what it once led.
   */
  subscribe(onChange: (changes: MetadataChanges) => void): void;
}

export interface AppendRequest {
  readonly topic: string;
  readonly partition: number;
  /** Whole batches, of one producer; they are the callee's from here on. */
  readonly batches: Uint8Array;
  readonly acks: 0 | 1 | -1;
  readonly timeoutMs: number;
}

export interface Replicas {
  readonly handlers: Handlers;
  /** As a produce request would, from inside the broker: coordinators and markers. */
  append(
    request: AppendRequest,
    onOutcome: (outcome: { readonly error: ErrorName; readonly baseOffset: number }) => void,
  ): void;
  /** Of a partition that this broker leads, with the leader epoch; null where it does not. */
  leads(topic: string, partition: number): { readonly log: ReplicaLog; readonly leaderEpoch: number } | null;
  /** Told when this broker begins (a leader epoch) or ends (null) to lead a partition. */
  onLeadership(callback: (topic: string, partition: number, leaderEpoch: number | null) => void): void;
  /** Told when a transaction's marker is in a partition that this broker leads and below its high watermark: in order, with its offset. */
  onMarker(
    callback: (
      topic: string,
      partition: number,
      producerId: number,
      marker: 'commit' | 'abort',
      offset: number,
    ) => void,
  ): void;
  invariants(): void;
  close(): Promise<void>;
}
