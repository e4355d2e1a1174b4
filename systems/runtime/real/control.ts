/**
 * What the harness and a node of ours say to each other: lines of JSON on the node's standard input and output.
 *
 *     harness → node   {"id":1,"do":"start","node":{…}}\n          the first, and the only one that starts it
 *     harness → node   {"id":2,"do":"cut","from":"n1","to":"n2"}\n
 *     node → harness   \x1e{"kind":"reply","id":2,"observed":{}}\n  when it is in force
 *     node → harness   \x1e{"kind":"trace","event":{…}}\n           written at once: a SIGKILL loses none of it
 *
 * As in RFC 7464 a record separator (RS) begins what is said here: any other line on standard output is the node's own print,
 * and goes to its log, as standard error does. When its standard input ends, the harness is gone, and the node ends, too.
 */
import type { TraceEvent } from '../../../harness/history/trace.ts';
import type { NodeConfig, NodeStatus } from '../node-program.ts';
import type { LogLevel } from '../runtime.ts';
import type { RealPeer } from './real-peer.ts';
import type { LinkFault } from '../link-fault.ts';

/** Begins every line of a node that is for the harness. */
export const RECORD_SEPARATOR = '\u001e';

export interface NodeStart {
  readonly config: NodeConfig;
  /** All members, as this node reaches them, itself included. */
  readonly peers: Readonly<Record<string, RealPeer>>;
  /** What it binds to; where absent, the host of its own entry in `peers`. */
  readonly listenHost?: string;
  readonly dataDirectory: string;
  /** Of the node's random numbers, and of what its gates draw. */
  readonly seed: number;
  /** Starts of this node before this one. */
  readonly incarnation: number;
  readonly logLevel?: LogLevel;
  /**
   * Whether it keeps its data in memory once more, so that a strike can take back what was not synced. Where absent it does;
   * where false, such a strike is answered with an error, and still strikes.
   */
  readonly mirrorsDisk?: boolean;
  /** In force already when it starts. */
  readonly faults: {
    readonly cuts: readonly Link[];
    readonly degraded: readonly (Link & { readonly fault: LinkFault })[];
    readonly clock: { readonly wallOffsetMs: number; readonly rate: number };
  };
}

/** One direction between two nodes. */
export interface Link {
  readonly from: string;
  readonly to: string;
}

export type NodeCommand =
  | { readonly do: 'start'; readonly node: NodeStart }
  | ({ readonly do: 'cut' | 'heal' | 'restore' } & Link)
  | ({ readonly do: 'degrade'; readonly fault: LinkFault } & Link)
  | { readonly do: 'bump-clock'; readonly offsetMs: number }
  | { readonly do: 'drift-clock'; readonly rate: number }
  | { readonly do: 'reset-clock' }
  /**
   * Stands still for good, to be killed then: at once, or at the next write (`atWork`, waiting at most `waitMs`). With
   * `loseUnsynced` what was not synced is taken back from the disk before it replies. Nothing leaves the node after the moment.
   */
  | {
      readonly do: 'strike';
      readonly atWork: boolean;
      readonly waitMs: number;
      readonly loseUnsynced: boolean;
    };

export type NodeRequest = NodeCommand & { readonly id: number };

export type NodeEvent =
  | { readonly kind: 'trace'; readonly event: TraceEvent }
  | { readonly kind: 'log'; readonly line: string }
  /** When it changed; several times a second at most. */
  | { readonly kind: 'status'; readonly status: NodeStatus }
  /** What gates counted since the last of these, by fault: `cut n1 n2`, `link n1 n2`, `clock`, `pause`. */
  | {
      readonly kind: 'counters';
      readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>;
    }
  | {
      readonly kind: 'reply';
      readonly id: number;
      readonly observed: Readonly<Record<string, number>>;
      /** It could not be done. */
      readonly error?: string;
    };

/** Under which a fault's counters are kept. */
export const counterKey = {
  cut: ({ from, to }: Link): string => `cut ${from} ${to}`,
  link: ({ from, to }: Link): string => `link ${from} ${to}`,
  clock: 'clock',
  pause: 'pause',
} as const;
