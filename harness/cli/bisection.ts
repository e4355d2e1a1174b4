/**
 * The first commit at which something fails, by `git bisect` in a worktree of its own: the user's files, branch and index are not
 * touched, and a bisection of the user's own goes on undisturbed.
 *
 *     const found = await bisection({ folder: '.', good: 'v1.2', bad: 'HEAD', test: async (tree) => 'good', … });
 *     found.kind === 'found' && found.commit.subject
 */
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { HarnessError } from '../errors.ts';
import { git, runGit } from './git.ts';

/** `skip`: nothing can be said of this commit. */
export type StepVerdict = 'good' | 'bad' | 'skip';

export interface Commit {
  readonly hash: string;
  readonly subject: string;
  readonly author: string;
  /** ISO 8601. */
  readonly date: string;
}

export interface Step {
  readonly commit: Commit;
  /** How many more tests git expects after this one, at most; null where it does not say. */
  readonly stepsLeft: number | null;
}

export interface BisectionOptions {
  /** In the user's repository. */
  readonly folder: string;
  readonly good: string;
  readonly bad: string;
  /** Whether the worktree has the user's `node_modules`: a link to them. */
  readonly linksModules: boolean;
  /** Runs in the folder of the worktree that is this one. */
  readonly test: (folder: string, commit: Commit) => Promise<StepVerdict>;
  readonly onStep: (step: Step) => void;
}

export type Bisected =
  | { readonly kind: 'found'; readonly commit: Commit; readonly tested: number }
  /** One of these it is; the others could not be tested. */
  | { readonly kind: 'skipped'; readonly candidates: readonly Commit[]; readonly tested: number };

/** Hooks of the user's are about the user's checkouts. */
const WITHOUT_HOOKS = ['-c', 'core.hooksPath=/dev/null', '-c', 'advice.detachedHead=false'] as const;
/** What `git bisect` ends with then. */
const ONLY_SKIPPED_LEFT = 2;
/** A bisection halves: no history has so many commits. */
const MAX_STEPS = 10_000;

/**
 * @throws HarnessError `usage` where there is no repository, where a revision is none, and where the first does not pass or the last does
 *   not fail; whatever `test` throws
 */
export async function bisection(options: BisectionOptions): Promise<Bisected> {
  const { folder } = options;
  const root = git(['rev-parse', '--show-toplevel'], folder);
  const prefix = git(['rev-parse', '--show-prefix'], folder);
  const [good, bad] = [options.good, options.bad].map((revision) => commitOf(revision, folder)) as [
    Commit,
    Commit,
  ];
  if (good.hash === bad.hash) {
    throw new HarnessError('usage', `${options.good} and ${options.bad} are the same commit, ${short(good)}`);
  }
  const parent = mkdtempSync(join(tmpdir(), 'shaketable-bisect-'));
  const tree = join(parent, 'tree');
  try {
    git([...WITHOUT_HOOKS, 'worktree', 'add', '--detach', '--quiet', tree, bad.hash], root);
    return await new Bisection(options, { root, tree, prefix }).run(good, bad);
  } finally {
    runGit(['worktree', 'remove', '--force', tree], root);
    rmSync(parent, { recursive: true, force: true });
    runGit(['worktree', 'prune'], root);
  }
}

/** @throws HarnessError `usage` */
function commitOf(revision: string, folder: string): Commit {
  const found = runGit(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
    folder,
  );
  if (found.exitCode !== 0) throw new HarnessError('usage', `${revision} is no commit of this repository`);
  return describeCommit(found.stdout, folder);
}

function describeCommit(hash: string, folder: string): Commit {
  const [whole = '', subject = '', author = '', date = ''] = git(
    ['show', '--no-patch', '--format=%H%x00%s%x00%an%x00%cI', hash],
    folder,
  ).split('\u0000');
  return { hash: whole, subject, author, date };
}

const short = ({ hash }: Commit): string => hash.slice(0, 12);

class Bisection {
  readonly #options: BisectionOptions;
  readonly #places: { readonly root: string; readonly tree: string; readonly prefix: string };
  #tested = 0;

  constructor(
    options: BisectionOptions,
    places: { readonly root: string; readonly tree: string; readonly prefix: string },
  ) {
    this.#options = options;
    this.#places = places;
  }

  async run(good: Commit, bad: Commit): Promise<Bisected> {
    await this.#require(bad, 'bad', this.#options.bad);
    this.#git('checkout', '--quiet', '--force', good.hash);
    await this.#require(good, 'good', this.#options.good);
    let told = this.#git('bisect', 'start', '--no-checkout', bad.hash, good.hash);
    for (let step = 0; step < MAX_STEPS; step++) {
      const end = this.#endOf(told);
      if (end !== null) return end;
      const commit = describeCommit('BISECT_HEAD', this.#places.tree);
      this.#git('checkout', '--quiet', '--force', commit.hash);
      const verdict = await this.#test(commit, stepsLeft(told));
      told = this.#tell(verdict, commit);
    }
    throw new HarnessError('internal', `git bisect did not end within ${MAX_STEPS} steps`);
  }

  #tell(verdict: StepVerdict, { hash }: Commit): string {
    return git([...WITHOUT_HOOKS, 'bisect', verdict, hash], this.#places.tree, [0, ONLY_SKIPPED_LEFT]);
  }

  /** What `git bisect` says when it is done; null when it is not. */
  #endOf(told: string): Bisected | null {
    const found = /^([0-9a-f]{40,64}) is the first bad commit/m.exec(told)?.[1];
    if (found !== undefined) {
      return { kind: 'found', commit: describeCommit(found, this.#places.tree), tested: this.#tested };
    }
    if (!told.includes("only 'skip'ped commits left")) return null;
    const candidates = told.match(/^[0-9a-f]{40,64}$/gm) ?? [];
    return {
      kind: 'skipped',
      candidates: candidates.map((hash) => describeCommit(hash, this.#places.tree)),
      tested: this.#tested,
    };
  }

  /** Without it the bisection would end at a commit that has nothing to do with the failure. */
  async #require(commit: Commit, wanted: 'good' | 'bad', revision: string): Promise<void> {
    const verdict = await this.#test(commit, null);
    if (verdict === wanted) return;
    const what = { good: 'passes', bad: 'fails', skip: 'could not be judged' }[verdict];
    const need = wanted === 'good' ? 'name a commit that passes as GOOD' : 'name one that fails as BAD';
    throw new HarnessError('usage', `${revision} (${short(commit)}) ${what}: ${need}`);
  }

  async #test(commit: Commit, left: number | null): Promise<StepVerdict> {
    const { tree, prefix } = this.#places;
    this.#options.onStep({ commit, stepsLeft: left });
    this.#tested++;
    const folder = join(tree, prefix);
    // Before the user's folder was there, so was nothing in it.
    if (!existsSync(folder)) return 'skip';
    const links = this.#options.linksModules ? this.#linkModules() : [];
    try {
      return await this.#options.test(folder, commit);
    } finally {
      // What git did not put there would keep folders of one commit in the next.
      for (const link of links) rmSync(link);
    }
  }

  /** From the folder of the user up to the root, as Node.js looks for them. */
  #linkModules(): readonly string[] {
    const { root, tree, prefix } = this.#places;
    const links: string[] = [];
    for (let folder = join('.', prefix); ; folder = dirname(folder)) {
      const [theirs, ours] = [join(root, folder, 'node_modules'), join(tree, folder, 'node_modules')];
      if (existsSync(theirs) && !existsSync(ours)) {
        symlinkSync(theirs, ours);
        links.push(ours);
      }
      if (folder === '.' || folder === './') return links;
    }
  }

  #git(...args: readonly string[]): string {
    return git([...WITHOUT_HOOKS, ...args], this.#places.tree);
  }
}

/** `Bisecting: 3 revisions left to test after this (roughly 2 steps)`. */
function stepsLeft(told: string): number | null {
  const steps = /\(roughly (\d+) steps?\)/.exec(told)?.[1];
  return steps === undefined ? null : Number(steps);
}
