/**
 * The names of a run as the user typed them, where a path may stand for a name:
 *
 *     await resolveNames({ system: './shake/kv-system.ts', workload: 'register', nemesis: 'kill,./shake/kill-two.ts' })
 *     // { system: 'kv', workload: 'register', nemesis: 'kill,kill-two',
 *     //   modules: { systemModule: 'shake/kv-system.ts', nemesisModules: ['shake/kill-two.ts'] } }
 *
 * `modules` goes into `test.json`, so that whoever judges or replays the run finds them again.
 */
import type { TestDefinition } from '../../run/test-definition.ts';
import type { Kind } from '../registries.ts';
import { loadedConfig } from './config-file.ts';
import { shortPath } from './short-path.ts';

interface Names {
  readonly system: string;
  readonly workload: string;
  /** With commas. */
  readonly nemesis: string;
}

export type OwnModules = Pick<
  TestDefinition,
  'systemModule' | 'workloadModule' | 'nemesisModules' | 'configFile'
>;

const MODULE = /[/\\]|\.[cm]?[jt]s$/;

/** Whether it is a path, and no name. */
export const isModulePath = (text: string): boolean => MODULE.test(text);

/** @throws HarnessError `usage` for a module that cannot be loaded, or is something else */
export async function resolveNames(typed: Names): Promise<Names & { readonly modules: OwnModules }> {
  const nemesisTexts = typed.nemesis.split(',').map((text) => text.trim());
  const nemesisModules = nemesisTexts.filter(isModulePath).map(shortPath);
  const configFile = loadedConfig();
  return {
    system: await nameOf('system', typed.system),
    workload: await nameOf('workload', typed.workload),
    nemesis: (await Promise.all(nemesisTexts.map((text) => nameOf('nemesis', text)))).join(','),
    modules: {
      ...(isModulePath(typed.system) ? { systemModule: shortPath(typed.system) } : {}),
      ...(isModulePath(typed.workload) ? { workloadModule: shortPath(typed.workload) } : {}),
      ...(nemesisModules.length > 0 ? { nemesisModules } : {}),
      ...(configFile === null ? {} : { configFile }),
    },
  };
}

async function nameOf(kind: Kind, text: string): Promise<string> {
  if (!isModulePath(text)) return text;
  const { loadDefinition } = await import('./definitions.ts');
  return loadDefinition(kind, text);
}
