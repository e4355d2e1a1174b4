/**
 * Definitions in a user's modules: which export is meant, what else it is, and whether it is right.
 *
 *     await loadDefinition('system', 'shake/kv-system.ts')   // its name, known from now on
 *     // throws  shake/my-workload.ts exports a workload, and a system is wanted here
 */
import { resolve } from 'node:path';
import { describeValue } from '../../../api/definition-error.ts';
import {
  type Checker,
  type CheckerDefinition,
  defineChecker,
  defineSystem,
  defineWorkload,
  type NemesisDefinition,
  type System,
  type SystemDefinition,
  type Workload,
  type WorkloadDefinition,
} from '../../../api/index.ts';
import { HarnessError } from '../../errors.ts';
import { addOwn, type Kind, type Source } from '../registries.ts';
import { type Exports, importModule } from './import-module.ts';
import { shortPath } from './short-path.ts';

/** A field by which each kind is known, whatever else it lacks. */
const MARKS: readonly (readonly [what: string, field: string])[] = [
  ['system', 'openClient'],
  ['workload', 'prepare'],
  ['nemesis', 'bind'],
  ['model', 'step'],
  ['checker', 'check'],
  ['config', 'systems'],
  ['config', 'workloads'],
  ['config', 'nemeses'],
  ['config', 'checkers'],
  ['system', 'server'],
  ['system', 'program'],
];

/** `system`, `workload`, …, or null of what looks like none of them. */
export function kindOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  return MARKS.find(([, field]) => Object.hasOwn(value, field))?.[0] ?? null;
}

function describe(value: unknown): string {
  const kind = kindOf(value);
  return kind === null ? describeValue(value) : `a ${kind}`;
}

/** Loads a module and makes its definition known. Returns its name. */
export async function loadDefinition(kind: Kind, path: string): Promise<string> {
  const exports = await importModule(path);
  const { value, exportName } = pick(kind, exports, shortPath(path));
  return addDefinition(kind, value, { modulePath: resolve(path), exportName });
}

/** The default export, the only export, or the only one that looks right. */
function pick(
  kind: Kind,
  exports: Exports,
  path: string,
): { readonly value: unknown; readonly exportName: string } {
  const names = Object.keys(exports);
  const fitting = names.filter((name) => kindOf(exports[name]) === kind);
  const exportName = 'default' in exports ? 'default' : names.length === 1 ? names[0] : fitting[0];
  if (exportName === undefined || (exportName !== 'default' && fitting.length > 1)) {
    const has = names.map((name) => `${name} (${describe(exports[name])})`).join(', ');
    throw new HarnessError(
      'usage',
      `${path} exports ${names.length === 0 ? 'nothing' : has}: make the ${kind} its default export`,
    );
  }
  return { value: exports[exportName], exportName };
}

/** Makes a definition known, by its name, which is returned. */
export function addDefinition(kind: Kind, value: unknown, source: Source): string {
  const path = shortPath(source.modulePath);
  const actual = kindOf(value);
  if (typeof value !== 'object' || value === null || (actual !== null && actual !== kind)) {
    throw new HarnessError('usage', `${path} exports ${describe(value)}, and a ${kind} is wanted here`);
  }
  try {
    return add(kind, value, source);
  } catch (error) {
    const { code, message } = HarnessError.from(error);
    throw new HarnessError(code, message.includes(path) ? message : `${path}: ${message}`, { cause: error });
  }
}

function add(kind: Kind, value: object, source: Source): string {
  // Frozen is what one of the define functions made. Who called none has it called here: it says what is missing.
  const isDefined = Object.isFrozen(value);
  switch (kind) {
    case 'system':
      return addOwn(kind, isDefined ? (value as System) : defineSystem(value as SystemDefinition), source);
    case 'workload':
      return addOwn(
        kind,
        isDefined ? (value as Workload) : defineWorkload(value as WorkloadDefinition),
        source,
      );
    case 'checker':
      return addOwn(kind, isDefined ? (value as Checker) : defineChecker(value as CheckerDefinition), source);
    case 'nemesis': {
      if (isDefined) return addOwn(kind, value as NemesisDefinition, source);
      throw new HarnessError('usage', 'a nemesis is what defineNemesis({ … }) returns');
    }
  }
}
