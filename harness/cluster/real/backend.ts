/**
 * What differs between child processes and containers. `RealCluster` does the rest: the control channel, status, faults that go
 * through the gates of our nodes, clients, trace, logs.
 *
 * A backend knows nothing of Raft, of programs and of gates: it is told which command line to run where, and runs, ends, stops and
 * cuts it. Everything that goes wrong with the machine rejects with a HarnessError of one line that says what to do.
 */
import type { Address } from '../../../systems/runtime/runtime.ts';
import type { RealPeer } from '../../../systems/runtime/real/real-runtime.ts';
import type { Capability, LinkFault, NodeLimits, Observed } from '../cluster.ts';

/** A started node. */
export interface NodeProcess {
  /** To its standard input; ignored once it is gone. */
  write(text: string): void;
  /** Resolves when it is gone and all that it had written was handed to the callbacks of {@link Launch}. */
  readonly exited: Promise<NodeExit>;
  /** SIGKILL, also of what it started. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM. Does not wait. */
  terminate(): Promise<void>;
  /** SIGSTOP or the freezer. Resolves when the kernel says that it stands. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

export interface NodeExit {
  /** `exited with code 1`, `killed by SIGKILL`, `ran out of memory`: for people. */
  readonly description: string;
}

/** How to start a node. */
export interface Launch {
  readonly node: string;
  /** Program and arguments. In a container whose image is another's it may be empty: the image's own command. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** To be written before it starts, by name, into the node's files directory. */
  readonly files: Readonly<Record<string, string>>;
  /** The image to run; null: our own. Ignored by `process`. */
  readonly image: string | null;
  onOutput(bytes: Uint8Array): void;
  onError(bytes: Uint8Array): void;
}

/** Where things are, as a node itself sees them. */
export interface NodePlace {
  readonly dataDirectory: string;
  readonly filesDirectory: string;
  readonly listenHost: string;
  /** How to run Node.js there. */
  readonly nodeExecutable: string;
}

export interface Backend {
  readonly kind: 'process' | 'docker';
  /** Beyond `capabilitiesOf`: what was found out about the machine. Complete from `prepare` on. */
  readonly extraCapabilities: readonly Capability[];
  /** Ports, networks, folders: all that outlives a node's process. Once, before the first start. */
  prepare(): Promise<void>;
  place(node: string): NodePlace;
  /** All nodes as this one reaches them, itself included. */
  peers(node: string): Readonly<Record<string, RealPeer>>;
  /** Where a declared port of a node is for the harness, at this moment. */
  locate(node: string, port: number): Address;
  start(launch: Launch): Promise<NodeProcess>;
  /** Takes away what is left of a dead node beside its data: its container. A no-op for processes. */
  remove(node: string): Promise<Observed>;
  /** Empties the dead node's data folder. `{disksWiped: 1}` */
  wipe(node: string): Promise<Observed>;
  /** Faults of the network below the nodes. Absent: the gates of our nodes have to do it. */
  readonly network?: BackendNetwork;
  /** Clocks of servers that others wrote. Absent: cannot. */
  readonly clocks?: BackendClocks;
  /** Absent: cannot. */
  limit?(node: string, limits: NodeLimits): Promise<void>;
  unlimit?(node: string): Promise<Observed>;
  /** Copies the node's `logFiles` (relative to its data folder) to the run's folder. Missing ones are left out. */
  collect(node: string, logFiles: readonly string[], target: string): Promise<void>;
  /** Copies the node's data folder to `data` in the target, where it is not there already. Rejects when it is too large to be kept. */
  collectData?(node: string, target: string): Promise<void>;
  /** Ends everything that is left and removes it, also after a failed `prepare`. Idempotent. */
  close(): Promise<void>;
}

/** Firewall rules and queueing, by direction. Counters are packets: `messagesDropped`, `messagesDelayed`, … */
export interface BackendNetwork {
  cut(from: string, to: string): Promise<void>;
  heal(from: string, to: string): Promise<Observed>;
  /** The fields of a LinkFault that it can do to our nodes and to others'; the gates do the rest where there are gates. */
  readonly degradable: readonly (keyof LinkFault)[];
  degrade(from: string, to: string, fault: LinkFault): Promise<void>;
  restore(from: string, to: string): Promise<Observed>;
}

export interface BackendClocks {
  /** The offset of the wall clock, which grows at `rate - 1` from now on. */
  set(node: string, clock: { readonly offsetMs: number; readonly rate: number }): Promise<void>;
  /** Its true clock again. */
  reset(node: string): Promise<Observed>;
}
