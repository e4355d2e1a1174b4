/**
 * A program of the machine as a client: what it printed, how it ended.
 *
 *     await runProgram('kcat', ['-b', bootstrap, '-L'], { input: '' }); // { code: 0, printed: 'Metadata for …' }
 *
 * Nothing here waits in the event loop of a server that runs in this process.
 */
import { execFileSync, spawn } from 'node:child_process';

const PROGRAM_MAX_MS = 30_000;

export interface ProgramEnd {
  /** −1: it was killed, for it did not end in 30 s. */
  readonly code: number;
  /** Standard output. */
  readonly printed: string;
  /** Standard error. */
  readonly complaints: string;
}

/** Whether a program is there: it runs with these parameters. */
export function canRun(program: string, ...parameters: readonly string[]): boolean {
  try {
    execFileSync(program, parameters, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function runProgram(
  program: string,
  parameters: readonly string[],
  { input = '' }: { readonly input?: string } = {},
): Promise<ProgramEnd> {
  const child = spawn(program, parameters, { stdio: 'pipe' });
  const timer = setTimeout(() => child.kill('SIGKILL'), PROGRAM_MAX_MS);
  let printed = '';
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  // One that ends early does not read its input to the end.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve) =>
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, printed, complaints });
    }),
  );
}
