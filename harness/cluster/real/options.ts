/** What a cluster in real time is made of. */
import type { Json } from '../../history/operation.ts';
import type { System } from '../../../systems/system.ts';
import type { Backend } from './backend.ts';

export interface RealClusterOptions {
  readonly system: System;
  readonly nodes: readonly string[];
  readonly seed: number;
  readonly options: { readonly [name: string]: Json };
  readonly bugs: readonly string[];
  readonly backend: Backend;
  /** One file for Node.js: the node host with the program, or the server's entry; null for a server that is an executable or image. */
  readonly bundle: string | null;
  readonly onLog?: (node: string, line: string) => void;
  /** Where log files of servers are collected, by node; null: they are not. */
  readonly logFolder?: (node: string) => string;
  /** How long all nodes together may take until they serve. */
  readonly readyTimeoutMs?: number;
}
