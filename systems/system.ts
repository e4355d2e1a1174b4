/**
 * What a system under test tells the harness of itself. One folder of `systems/` exports one of these.
 */
import type { Client } from '../harness/interpreter/client.ts';
import type { Address, Endpoint } from './runtime/runtime.ts';
import type { NodeProgram } from './runtime/node-program.ts';
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

export interface System {
  readonly name: string;
  readonly summary: string;
  readonly defaultNodes: number;
  /** Functions that its client serves: `read`, `write`, `cas`, … */
  readonly functions: readonly string[];
  readonly options: readonly SystemOption[];
  /** Throws HarnessError `usage` for values that no node would start with. */
  checkOptions?(options: { readonly [name: string]: Json }): void;
  readonly errors: readonly SystemError[];
  readonly bugs: readonly Bug[];
  readonly program: NodeProgram;
  /** The port on which a node serves clients in `sim`. */
  readonly clientPort: number;
  /** Connects a client to one node. Never rejects for what the network does: that is the answer of an operation. */
  openClient(endpoint: Endpoint, context: ClientContext): Promise<Client>;
}

export interface ClientContext {
  /** The node that this client talks to first. */
  readonly node: string;
  readonly address: Address;
  /** Addresses of all nodes by name: for redirects. */
  readonly addresses: ReadonlyMap<string, Address>;
  /** Unique to this client in the run. */
  readonly clientId: number;
  readonly options: { readonly [name: string]: Json };
}
