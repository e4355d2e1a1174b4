/**
 * All that the harness may do to a cluster. Nemeses act through it alone, so that a nemesis written once runs
 * on simulated nodes, child processes and containers, as far as that cluster's `capabilities` go.
 *
 *     cluster.cut('n1', 'n2');            // n2 no longer hears n1; n1 still hears n2
 *     const effect = cluster.heal('n1', 'n2');
 *     effect.messagesDropped              // what the cut did: 0 means that it never took effect
 *
 * Every fault reports what came of it in counters of {@link Observed}, from its beginning to its end.
 */
import type { NodeStatus } from '../../systems/runtime/node-program.ts';
import type { LinkFault } from '../../systems/runtime/link-fault.ts';
import type { Timer } from '../../systems/runtime/runtime.ts';
import type { TraceRecord } from '../history/trace.ts';
import type { Client } from '../interpreter/client.ts';

/** A fault that a cluster can inject; which cluster can what is in `capabilities.ts`. */
export type Capability =
  | 'cut'
  | 'slow'
  | 'lose'
  | 'duplicate'
  | 'reorder'
  | 'kill'
  | 'terminate'
  | 'lose-unsynced'
  | 'remove'
  | 'wipe'
  | 'pause'
  | 'skew-clock'
  | 'drift-clock'
  | 'limit-cpu'
  | 'limit-memory';

/** Counters of what a fault did: `messagesDropped`, `messagesDelayed`, `eventsDeferred`, `unsyncedBytesLost`, … */
export type Observed = Readonly<Record<string, number>>;

/** The harness's time: virtual in `sim`. Nanoseconds since the run began. */
export interface Clock {
  now(): number;
  setTimer(delayNs: number, callback: () => void): Timer;
  sleep(delayNs: number): Promise<void>;
}

export type { LinkFault };

export interface KillOptions {
  /** Power loss: what was written and not synced is lost, the last write may tear, unsynced writes may survive out of order. */
  readonly loseUnsynced?: boolean;
  /**
   * Waits a little for a moment at which the node writes, and strikes then, since most moments are idle ones. A cluster that
   * cannot tell strikes at once.
   */
  readonly atWork?: boolean;
  /** Asks it to end (SIGTERM) and waits, instead of ending it; who does not end in time is ended. */
  readonly terminate?: boolean;
  /** The container goes, too; a restart makes a new one, on the same data. */
  readonly remove?: boolean;
  /** Its data goes as well: a restart finds an empty disk. */
  readonly wipe?: boolean;
}

/** What a node may use of its machine. */
export interface NodeLimits {
  /** Of one processor: 0.1 is a tenth. */
  readonly cpus?: number;
  readonly memoryBytes?: number;
}

/** Messages are what programs sent at once, a datagram or a write to a connection; bytes are theirs alone, without headers of the network. */
export interface TrafficCount {
  readonly messages: number;
  readonly bytes: number;
}

/** What was sent since the run began, whether or not it arrived. */
export interface Traffic {
  readonly betweenNodes: TrafficCount;
  readonly fromClients: TrafficCount;
  readonly toClients: TrafficCount;
}

export interface Cluster {
  readonly kind: 'sim' | 'process' | 'docker';
  readonly nodes: readonly string[];
  readonly capabilities: ReadonlySet<Capability>;
  readonly clock: Clock;

  /** Boots every node; resolves when all answer their status. */
  start(): Promise<void>;
  /** Stops everything, also after a failed start; idempotent. */
  stop(): Promise<void>;

  /** Undefined while the node is down or paused: as an operator would find it. */
  status(node: string): NodeStatus | undefined;
  isRunning(node: string): boolean;
  isPaused(node: string): boolean;

  kill(node: string, options?: KillOptions): Promise<Observed>;
  restart(node: string): Promise<Observed>;
  pause(node: string): Promise<Observed>;
  resume(node: string): Promise<Observed>;

  /** Refuses traffic from one node to another, one direction: new messages, and connections stall. Also between a client and a node. */
  cut(from: string, to: string): Promise<void>;
  heal(from: string, to: string): Promise<Observed>;
  /** Replaces the fault of this direction; the counters go on. */
  degrade(from: string, to: string, fault: LinkFault): Promise<void>;
  restore(from: string, to: string): Promise<Observed>;

  /** Jumps the node's clock by `offsetMs`: forward moves wall clock, monotonic clock and timers, back the wall clock only. */
  bumpClock(node: string, offsetMs: number): Promise<Observed>;
  /** Lets the node's clock run at `rate` (1 is true time) from now on. */
  driftClock(node: string, rate: number): Promise<void>;
  /** True rate and true offset again. */
  resetClock(node: string): Promise<Observed>;

  /** Takes away processor time or memory. */
  limit(node: string, limits: NodeLimits): Promise<void>;
  /** What the limits did: `periodsThrottled`, `memoryLimitHits`. */
  unlimit(node: string): Promise<Observed>;
  /** A client of the system, bound to a node; `clientId` is unique in the run. */
  openClient(node: string, clientId: number): Promise<Client>;

  /** Absent where nobody counts. */
  traffic?(): Traffic;

  /** Called for every trace record as it comes (in `sim`, at once), in the order in which its node wrote it. Set before start. */
  onTrace(callback: (record: TraceRecord) => void): void;
}
