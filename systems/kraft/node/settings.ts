/** What a node is told when it starts, and what its parts share. */
import type { PropertyValues } from './property-table.ts';
import type { NodeRules } from './rules.ts';

export interface NodeSettings {
  readonly nodeId: number;
  readonly clusterId: string;
  /** Of its log directory, from `meta.properties`. */
  readonly directoryId: string;
  readonly properties: PropertyValues;
  readonly rules: NodeRules;
  /** What the trace calls a node. */
  readonly nameOf: (nodeId: number) => string;
}
