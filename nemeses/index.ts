/** The nemeses by name, and their composition. */
import { clockFaults } from './clock.ts';
import { composeNemeses } from './compose.ts';
import { limitFaults } from './limit.ts';
import { linkFaults } from './link.ts';
import type { NemesisDefinition } from './nemesis.ts';
import { partitions } from './partition.ts';
import { processFaults } from './process.ts';

export { type ClusterCapabilities, composeNemeses, requireCapabilities } from './compose.ts';
export type { HealedFault, Nemesis, NemesisDefinition, NemesisOptions } from './nemesis.ts';

/** No faults at all. */
const none = composeNemeses([]);

/** By name: the arguments of `--nemesis`. */
export const nemeses: ReadonlyMap<string, NemesisDefinition> = new Map(
  [none, ...partitions, ...processFaults, ...clockFaults, ...linkFaults, ...limitFaults].map((definition) => [
    definition.name,
    definition,
  ]),
);
