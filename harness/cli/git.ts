/** git, as a command: what it said and how it ended. */
import { spawnSync } from 'node:child_process';
import { HarnessError } from '../errors.ts';

export interface GitEnded {
  readonly exitCode: number;
  /** Without the last newline. */
  readonly stdout: string;
  readonly stderr: string;
}

/** A baseline has some hundred bytes an entry, a log of commits no more. */
const MAX_OUTPUT_BYTES = 64 << 20;

/**
 * @param folder - where it is run; this one where absent
 * @throws HarnessError `usage` where there is no git
 */
export function runGit(args: readonly string[], folder = '.'): GitEnded {
  const { status, stdout, stderr, error } = spawnSync('git', args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error !== undefined) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? new HarnessError('usage', 'git is not there: install it, or see that PATH leads to it')
      : HarnessError.from(error, 'io', 'git could not be run');
  }
  return { exitCode: status ?? 128, stdout: stdout.replace(/\n$/, ''), stderr };
}

/**
 * Its output.
 *
 * @param fine - exit codes that are no failure
 * @throws HarnessError `usage` with the first line of what git says when it fails
 */
export function git(args: readonly string[], folder?: string, fine: readonly number[] = [0]): string {
  const { exitCode, stdout, stderr } = runGit(args, folder);
  if (fine.includes(exitCode)) return stdout;
  const [said = ''] = stderr.trim().split('\n');
  const command = args.find((word, i) => !word.startsWith('-') && args[i - 1] !== '-c') ?? '';
  throw new HarnessError('usage', `git ${command}: ${said.replace(/^(fatal|error): /, '')}`);
}
