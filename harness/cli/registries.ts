/**
 * Every name that the command line knows: ours, and those of the user's own modules (own/), which join them.
 *
 *     lookUp('system', systems, 'raft')
 *     sourceOf('raft')     // { modulePath: '…/systems/raft/index.ts', exportName: 'raft' }
 */
import { fileURLToPath } from 'node:url';
import type { Checker } from '../../checkers/checker.ts';
import { models } from '../../checkers/linearizability/index.ts';
import { nemeses as ourNemeses } from '../../nemeses/index.ts';
import type { NemesisDefinition } from '../../nemeses/nemesis.ts';
import { kraft } from '../../systems/kraft/index.ts';
import { raft } from '../../systems/raft/index.ts';
import type { System } from '../../systems/system.ts';
import { workloads as ourWorkloads } from '../../workloads/index.ts';
import type { Workload } from '../../workloads/workload.ts';
import { HarnessError } from '../errors.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { lookUp } from './names.ts';
import { shortPath } from './own/short-path.ts';

/** Where a definition is: a node's process imports it from there. */
export interface Source {
  /** Absolute. */
  readonly modulePath: string;
  /** Of a configuration that defines it inside: `default`, and the definition is among its `systems`. */
  readonly exportName: string;
}

interface Definitions {
  readonly system: System;
  readonly workload: Workload;
  readonly nemesis: NemesisDefinition;
  /** Of the user's own alone: they judge every run. */
  readonly checker: Checker;
}

export type Kind = keyof Definitions;

type Tables = { readonly [K in Kind]: Map<string, Definitions[K]> };

const tables: Tables = {
  system: new Map<string, System>([
    [raft.name, raft],
    [kraft.name, kraft],
  ]),
  workload: new Map(ourWorkloads),
  nemesis: new Map(ourNemeses),
  checker: new Map(),
};

export const systems: ReadonlyMap<string, System> = tables.system;
export const workloads: ReadonlyMap<string, Workload> = tables.workload;
export const nemeses: ReadonlyMap<string, NemesisDefinition> = tables.nemesis;
export const ownCheckers: ReadonlyMap<string, Checker> = tables.checker;
export { models };

/** In a checkout and in the built package, where names end otherwise. */
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
/** Of a module of ours, named from the root without its ending. */
export const ownPath = (module: string): string =>
  fileURLToPath(new URL(`../../${module}${EXTENSION}`, import.meta.url));

/** Of the user's own, by kind and name; of what is not here we are the source. */
const sources = new Map<string, Source>();
const keyOf = (kind: Kind, name: string): string => `${kind} ${name}`;

/**
 * Makes a definition of the user's known by its name. One that is known already, from the same module, is left as it is.
 *
 * @returns its name
 * @throws HarnessError `usage` when the name is another's
 */
export function addOwn<K extends Kind>(kind: K, definition: Definitions[K], source: Source): string {
  const { name } = definition;
  const table = tables[kind] as Map<string, Definitions[K]>;
  const before = sources.get(keyOf(kind, name));
  if (table.has(name) && before?.modulePath !== source.modulePath) {
    const other =
      before === undefined ? `a built-in ${kind}` : `the ${kind} of ${shortPath(before.modulePath)}`;
    throw new HarnessError(
      'usage',
      `${kind} "${name}" of ${shortPath(source.modulePath)} has the name of ${other}: call one of them otherwise`,
    );
  }
  table.set(name, definition);
  sources.set(keyOf(kind, name), source);
  return name;
}

/** Where a system is defined. */
export function sourceOf(systemName: string): Source {
  const system = lookUp('system', systems, systemName);
  const own = sources.get(keyOf('system', system.name));
  return own ?? { modulePath: ownPath(`systems/${system.name}/index`), exportName: system.name };
}

/** The user's own module that a name comes from; undefined of ours. */
export function ownSourceOf(kind: Kind, name: string): Source | undefined {
  return sources.get(keyOf(kind, name));
}

/** What `import … from 'shaketable'` means in a user's module: ours, whichever copy is installed beside it. */
export const API_PATH = ownPath('api/index');

/** Throws HarnessError `unknown-name` for the first name of a test that nothing is called by. */
export function requireNames(test: Pick<TestDefinition, 'system' | 'workload' | 'nemeses' | 'bugs'>): void {
  const system = lookUp('system', systems, test.system);
  lookUp('workload', workloads, test.workload);
  for (const name of test.nemeses) lookUp('nemesis', nemeses, name);
  const bugs = new Map(system.bugs.map((bug) => [bug.name, bug]));
  for (const name of test.bugs) lookUp(`bug of ${system.name}`, bugs, name);
}
