import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bisected, bisection, type BisectionOptions, type StepVerdict } from './bisection.ts';
import { temporaryFolder } from './testing/command.ts';
import { gitIn } from './testing/git.ts';

const repository = temporaryFolder();
/** The user works in a folder of the repository. */
const folder = join(repository, 'deep');

const git = gitIn(repository);

/** A commit whose run would end so. */
function commit(subject: string, verdict: StepVerdict): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'verdict'), `${verdict}\n${subject}\n`);
  git('add', '.');
  git('commit', '--quiet', '--message', subject);
}

beforeAll(() => {
  git('init', '--quiet', '--initial-branch', 'main');
  writeFileSync(join(repository, '.gitignore'), 'node_modules\n');
  git('add', '.');
  git('commit', '--quiet', '--message', 'empty');
  const verdicts = ['good', 'good', 'skip', 'good', 'bad', 'bad', 'skip', 'bad'] as const;
  for (const [i, verdict] of verdicts.entries()) commit(`commit ${i}`, verdict);
  git('tag', 'first', 'main~7');
  for (const place of [repository, folder]) mkdirSync(join(place, 'node_modules', 'x'), { recursive: true });
});

async function bisect(
  given: Partial<BisectionOptions> = {},
): Promise<Bisected & { readonly steps: string[] }> {
  const steps: string[] = [];
  const found = await bisection({
    folder,
    good: 'first',
    bad: 'main',
    linksModules: true,
    onStep: () => undefined,
    test: (tree, { subject }) => {
      const [verdict = '', told] = readFileSync(join(tree, 'verdict'), 'utf8').split('\n');
      expect(told).toBe(subject);
      steps.push(`${subject}: ${verdict}`);
      return Promise.resolve(verdict as StepVerdict);
    },
    ...given,
  });
  return { ...found, steps };
}

/** The user's own: a branch, something not yet committed, and nothing left behind. */
const state = (): unknown => [
  git('status', '--porcelain', '--branch'),
  git('worktree', 'list'),
  git('for-each-ref'),
  readFileSync(join(folder, 'verdict'), 'utf8'),
];

describe('a bisection', () => {
  it('tries both ends first, and finds the commit between them, past those that cannot be judged', async () => {
    const { steps, ...found } = await bisect();
    expect(steps.slice(0, 2)).toEqual(['commit 7: bad', 'commit 0: good']);
    expect(found).toMatchObject({
      kind: 'found',
      commit: { subject: 'commit 4', hash: git('rev-parse', 'main~3'), author: 'Ada' },
      tested: steps.length,
    });
    expect(new Set(steps).size).toBe(steps.length);
  });

  it('leaves the user’s files, branch and own bisection as they are', async () => {
    writeFileSync(join(folder, 'verdict'), 'in the middle of something');
    git('bisect', 'start', '--no-checkout', 'main', 'first');
    const [before, log] = [state(), git('bisect', 'log')];
    await bisect();
    expect(state()).toEqual(before);
    expect(git('bisect', 'log')).toBe(log);
    git('bisect', 'reset');
    git('checkout', '--quiet', '--', '.');
  });

  it('has the modules of the user, in each folder from the user’s up, where it is told to', async () => {
    const seen: boolean[] = [];
    const test = (linksModules: boolean): Promise<unknown> =>
      bisect({
        linksModules,
        test: (tree) => {
          seen.push(
            existsSync(join(tree, 'node_modules', 'x')),
            existsSync(join(tree, '..', 'node_modules', 'x')),
          );
          expect(realpathSync(tree)).not.toBe(realpathSync(folder));
          return Promise.resolve('bad');
        },
      });
    await expect(test(true)).rejects.toThrow(
      /^first \([0-9a-f]{12}\) fails: name a commit that passes as GOOD$/,
    );
    await expect(test(false)).rejects.toThrow(/fails/);
    expect(seen).toEqual([true, true, true, true, false, false, false, false]);
  });

  it('names the candidates where only commits are left that cannot be judged', async () => {
    git('checkout', '--quiet', '-b', 'untested', 'first');
    commit('broken', 'skip');
    commit('lossy', 'bad');
    const found = await bisect({ bad: 'untested' });
    expect(found).toMatchObject({ kind: 'skipped', tested: 3 });
    const candidates = found.kind === 'skipped' ? found.candidates.map(({ subject }) => subject) : [];
    expect(candidates.sort()).toEqual(['broken', 'lossy']);
    git('checkout', '--quiet', 'main');
  });

  it('finds nothing where the user’s folder was not there yet', async () => {
    await expect(bisect({ good: 'main~8' })).rejects.toThrow(
      /^main~8 \(\S+\) could not be judged: name a commit/,
    );
  });

  it.each<[string, Partial<BisectionOptions>, RegExp]>([
    ['what is no commit', { good: '--force' }, /^--force is no commit of this repository$/],
    ['one commit twice', { good: 'HEAD' }, /^HEAD and main are the same commit, [0-9a-f]{12}$/],
    ['an end that passes', { bad: 'main~4' }, /^main~4 \([0-9a-f]{12}\) passes: name one that fails as BAD$/],
  ])('is refused: %s', async (_, given, message) => {
    const refused = bisect(given);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ code: 'usage' });
  });

  it('leaves no worktree when a test throws, and says where there is no repository', async () => {
    await expect(bisect({ test: () => Promise.reject(new Error('no more')) })).rejects.toThrow('no more');
    expect(git('worktree', 'list').split('\n')).toHaveLength(1);
    const elsewhere = temporaryFolder();
    await expect(bisect({ folder: elsewhere })).rejects.toThrow(/^git rev-parse: not a git repository/);
    rmSync(elsewhere, { recursive: true });
  });
});
