/**
 * A nemesis from its kinds of faults and the ways in which its schedule begins them.
 *
 *     defineNemesis({
 *       name: 'kill-leader', summary: 'kills the leader and restarts it', layer: 'process', needs: ['kill'],
 *       kinds: [killKind], begins: [{ f: 'kill', target: 'leader' }],
 *     })
 */
import type { Capability } from '../harness/cluster/cluster.ts';
import { type FaultKind, FaultNemesis } from './fault.ts';
import type { Layer, NemesisDefinition } from './nemesis.ts';
import { type Beginning, faultSchedule } from './schedule.ts';

export interface NemesisSpec {
  readonly name: string;
  readonly summary: string;
  readonly layer: Layer;
  readonly needs: readonly Capability[];
  readonly kinds: readonly FaultKind[];
  /** The schedule picks one of these at random each time. */
  readonly begins: readonly Beginning[];
}

export function defineNemesis({
  name,
  summary,
  layer,
  needs,
  kinds,
  begins,
}: NemesisSpec): NemesisDefinition {
  const endOf = new Map(kinds.map((kind) => [kind.begin, kind.end]));
  return {
    name,
    summary,
    layer,
    needs,
    functions: [...new Set(kinds.flatMap((kind) => [kind.begin, kind.end]))],
    bind: (cluster, options) => new FaultNemesis(name, kinds, cluster, options),
    generator: (_nodes, { intervalMs }) => faultSchedule(name, begins, endOf, intervalMs),
  };
}
