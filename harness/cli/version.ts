/** What this is: the package's version, and the git revision of the code that is run. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Output } from './output.ts';

/** The folder that holds our package.json: the checkout, or the installed package. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

export function shaketableVersion(): string {
  const json = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return json.version;
}

/** What runs, sweeps and comparisons record of the code that made them. */
export const recordedCode = () => ({ shaketableVersion: shaketableVersion(), gitRevision: gitRevision() });

/** Of the code that is run: our checkout's where this is one, that of the user's project where this is installed. */
export const gitRevision = (): string | null => packageRevision() ?? projectRevision();

/** Null where this is no checkout. */
export function packageRevision(): string | null {
  const root = packageRoot();
  return existsSync(join(root, '.git')) ? revisionAt(root) : null;
}

/** Of the repository of the working directory; null where it is in none. */
export const projectRevision = (): string | null => revisionAt('.');

/** Whether changes go with it: two of one name may be different code. */
export const hasChanges = (revision: string | null): boolean => revision?.endsWith('+') === true;

/** Said where records of two processes come together. */
export function noteChanges(revision: string | null, output: Output): void {
  if (revision !== null && hasChanges(revision))
    output.note(`${revision} has changes that no revision tells: its parts may be of different code`);
}

/** A process runs the code that was there when it began. */
const revisions = new Map<string, string | null>();

/** A commit, with `+` when something tracked has changed; null without git. */
function revisionAt(folder: string): string | null {
  const known = revisions.get(folder);
  if (known !== undefined) return known;
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  let revision: string | null;
  try {
    revision = git('rev-parse', '--short=12', 'HEAD');
    // Without a lock on the index: the user may be at a commit.
    if (git('--no-optional-locks', 'status', '--porcelain', '--untracked-files=no') !== '') revision += '+';
  } catch {
    revision = null;
  }
  revisions.set(folder, revision);
  return revision;
}
