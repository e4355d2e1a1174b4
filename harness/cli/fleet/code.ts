/**
 * What code a sweep runs: a fleet judges it by no other.
 *
 *     queueOf(codeHere(cells), 'sim')      // 'shaketable-0.1.0-1996473abcde-sim'
 *
 * Jobs of different code wait in different queues, so that a worker of another release or revision never sees them.
 */
import type { SweepHeader } from '../../sweep/ledger.ts';
import { loadedConfig } from '../own/config-file.ts';
import { isModulePath } from '../own/test-names.ts';
import { hasChanges, packageRevision, projectRevision, shaketableVersion } from '../version.ts';

export interface Code {
  readonly shaketableVersion: string;
  /** Of Shaketable's checkout; null for a package. */
  readonly gitRevision: string | null;
  /** Of the user's own modules: their revision; null where a sweep has none. */
  readonly project: string | null;
}

export type JobKind = 'sim' | 'real';

/** Of this process, for a sweep of these cells. */
export function codeHere(cells: SweepHeader['cells']): Code {
  return { ...ownCode(), project: usesOwnModules(cells) ? ownProject() : null };
}

/** Of this process: for sweeps without modules of the user's, and for those with them. */
export function codesHere(): readonly Code[] {
  return [null, ownProject()].map((project) => ({ ...ownCode(), project }));
}

/** BullMQ's name of the queue: without colons. */
export function queueOf(
  { shaketableVersion: version, gitRevision: revision, project }: Code,
  kind: JobKind,
): string {
  return ['shaketable', version, revision ?? 'package', ...(project === null ? [] : [project]), kind].join(
    '-',
  );
}

/** `Shaketable 0.1.0 (1996473abcde), own modules at 5f0c…`. */
export function codeText({ shaketableVersion: version, gitRevision: revision, project }: Code): string {
  const own = project === null ? '' : `, own modules ${project}`;
  return `Shaketable ${version}${revision === null ? '' : ` (${revision})`}${own}`;
}

/** Changes that no revision names: two machines may have different ones. */
export const isChanged = ({ gitRevision: revision, project }: Code): boolean =>
  hasChanges(revision) || hasChanges(project);

const ownCode = (): Omit<Code, 'project'> => ({
  shaketableVersion: shaketableVersion(),
  gitRevision: packageRevision(),
});

function usesOwnModules(cells: SweepHeader['cells']): boolean {
  if (loadedConfig() !== null) return true;
  return cells.some(({ system, workload, options }) =>
    [
      system,
      workload,
      ...options.filter(([name]) => name === 'nemesis').flatMap(([, value]) => value.split(',')),
    ].some((name) => isModulePath(name.trim())),
  );
}

const ownProject = (): string => projectRevision() ?? 'unversioned';
