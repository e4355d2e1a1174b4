/**
 * What a system under test tells the harness of itself. One folder of `systems/` exports one of these, and so does a
 * user's own module (`defineSystem`, docs/your-own-system.md).
 *
 * A system's nodes are a `program` of ours, written against the Runtime, which runs in every cluster; or a `server` that
 * somebody else wrote, which runs as a child process or in a container.
 */
import type { Client } from '../harness/interpreter/client.ts';
import type { Address, Endpoint } from './runtime/runtime.ts';
import type { DescribeMessage } from './runtime/message-text.ts';
import type { NodeProgram, NodeStatus } from './runtime/node-program.ts';
import type { Json } from '../harness/history/operation.ts';

/** One named way to be wrong: a replacement of one rule, or a broken disk discipline. */
export interface Bug {
  /** kebab-case: the argument of `--bug`. */
  readonly name: string;
  /** One sentence: what the node does wrong. */
  readonly summary: string;
  /** The paper's section, KIP or public issue that it comes from. */
  readonly source: string;
  /** Which checkers catch it, and the arguments of `shaketable run` that provoke it. */
  readonly foundBy: { readonly checkers: readonly string[]; readonly command: string };
}

/** One row of a system's error table: what an answer means for the operation. */
export interface SystemError {
  readonly code: number;
  readonly name: string;
  /** True: the operation certainly did not happen (`fail`). False or unknown code: `info`. */
  readonly definite: boolean;
  readonly meaning: string;
}

export interface SystemOption {
  readonly name: string;
  readonly default: number | boolean | string;
  readonly meaning: string;
}

/** One of the ways in which a system can be set up: what `shaketable compare` compares. */
export interface Variant {
  /** kebab-case: an argument of `compare`. */
  readonly name: string;
  /** One line: what is special about it. */
  readonly description: string;
  /** Of the system, and of workloads that have options of the same names. */
  readonly options: { readonly [option: string]: number | boolean | string };
}

export interface System {
  readonly name: string;
  readonly summary: string;
  readonly defaultNodes: number;
  /** Functions that its client serves: `read`, `write`, `cas`, … */
  readonly functions: readonly string[];
  readonly options: readonly SystemOption[];
  readonly variants?: readonly Variant[];
  /** Throws HarnessError `usage` for values that no node would start with. @param nodes - their names */
  checkOptions?(options: { readonly [name: string]: Json }, nodes: readonly string[]): void;
  readonly errors: readonly SystemError[];
  readonly bugs: readonly Bug[];
  /** A node of ours. Exactly one of `program` and `server` is there. */
  readonly program?: NodeProgram;
  /** A server that somebody else wrote. */
  readonly server?: Server;
  /** The port on which a node serves clients: in `sim` and in containers; child processes get another, see `locate`. */
  readonly clientPort: number;
  /** Others on which its nodes listen. */
  readonly otherPorts?: readonly number[];
  /** What its nodes say in their trace is held against these invariants, and so are acknowledged writes. */
  readonly invariants?: 'raft' | 'kraft';
  /** For the diagrams of small simulated runs: asked once a run. Where absent: the text of a message, or its size. */
  describeMessages?(): DescribeMessage;
  /** Connects a client to one node. Never rejects for what the network does: that is the answer of an operation. */
  openClient(endpoint: Endpoint, context: ClientContext): Promise<Client>;
}

export interface ClientContext {
  /** The node that this client talks to first. */
  readonly node: string;
  /** For `endpoint.connect`, which finds where it really is. */
  readonly address: Address;
  /** Addresses of all nodes by name: for redirects. As `address`. */
  readonly addresses: ReadonlyMap<string, Address>;
  /**
   * Where a node's port really is at this moment, for clients that open sockets by themselves (an HTTP client, a driver).
   *
   * @param port - as the system declares it; its `clientPort` where absent
   */
  locate(node: string, port?: number): Address;
  /** Unique to this client in the run. */
  readonly clientId: number;
  readonly options: { readonly [name: string]: Json };
  /** For drivers that were written for Node.js and know of no Endpoint; absent in a context that a test made. */
  readonly loadPackage?: LoadPackage;
}

/**
 * Loads a package of npm anew (CommonJS), so that its modules see what they are given instead of Node's own.
 *
 * @returns what its main module exports
 * @throws HarnessError `client` for a package that is not installed, or that requires what it was not given
 */
export type LoadPackage = (name: string, sandbox: PackageSandbox) => unknown;

export interface PackageSandbox {
  /** By name, instead of the globals: `setTimeout`, `Date`, `Math`, `process`, … */
  readonly globals: { readonly [name: string]: unknown };
  /** By name, instead of Node's modules: `net`, `zlib`, … */
  readonly modules: { readonly [name: string]: unknown };
}

/** How to run a server that is no program of ours. Every function is asked again at each start of a node. */
export interface Server {
  /** The command to run, as a shell would find it; in a container the first word of its command. */
  readonly executable?: string;
  /** Instead: a JavaScript or TypeScript file that Node.js runs, an absolute path (`import.meta.dirname`); imports are bundled with it. */
  readonly entry?: string;
  /** The image to run in containers; with `entry` our own image serves. Without both, the system runs in `process` only. */
  readonly image?: string;
  /** What follows the executable or entry. */
  arguments?(node: ServerNode): readonly string[];
  environment?(node: ServerNode): Readonly<Record<string, string>>;
  /** Configuration, by file name: written into `filesDirectory` before the node starts. */
  files?(node: ServerNode): Readonly<Record<string, string>>;
  /** Beside what it prints: files below `dataDirectory` that are collected when the run is over. */
  readonly logFiles?: readonly string[];
  /** Where `dataDirectory` is in containers; `/data` where absent. */
  readonly containerDataDirectory?: string;
  /** Whether it serves. Asked again and again while it starts; a rejection, or two seconds without an answer, means not yet. Where absent: its client port accepts connections. */
  isReady?(probe: NodeProbe): Promise<boolean>;
  /** Who leads, as the node itself sees it. Asked several times a second; a rejection means unknown. */
  status?(probe: NodeProbe): Promise<NodeStatus>;
  /** Where libfaketime is in the image: with it clocks of containers can be skewed. */
  readonly faketimeLibrary?: string;
}

/** One node, as its server sees it. */
export interface ServerNode {
  readonly name: string;
  /** From 1 on, in the order of `nodes`. */
  readonly number: number;
  /** All members. */
  readonly nodes: readonly string[];
  readonly cluster: 'process' | 'docker';
  /** Its own folder, absolute; outlives kills. */
  readonly dataDirectory: string;
  /** Where its `files` are, absolute. */
  readonly filesDirectory: string;
  /** What to bind to: a loopback address as a child process, `0.0.0.0` in a container. */
  readonly listenHost: string;
  /**
   * Where nodes reach a port of a node, and where this one has to listen.
   *
   * @param port - as the system declares it
   * @param node - this one where absent
   */
  address(port: number, node?: string): Address;
  readonly options: { readonly [name: string]: Json };
  readonly bugs: readonly string[];
}

/** A node as the harness reaches it. */
export interface NodeProbe {
  readonly node: ServerNode;
  /** Where a port of it is for the harness. */
  locate(port?: number): Address;
}
