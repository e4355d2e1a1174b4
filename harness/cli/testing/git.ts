/**
 * A repository of git for tests.
 *
 *     const git = gitIn(temporaryFolder());
 *     git('init', '--quiet', '--initial-branch', 'main');
 */
import { execFileSync } from 'node:child_process';

/** Each command gives what it printed, trimmed. @throws Error where git refuses */
export const gitIn =
  (repository: string) =>
  (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], {
      cwd: repository,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
