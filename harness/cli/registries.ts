/** Every name that the command line knows. */
import { models } from '../../checkers/linearizability/index.ts';
import { nemeses } from '../../nemeses/index.ts';
import { raft } from '../../systems/raft/index.ts';
import type { System } from '../../systems/system.ts';
import { workloads } from '../../workloads/index.ts';

export const systems: ReadonlyMap<string, System> = new Map([[raft.name, raft]]);

export { models, nemeses, workloads };
