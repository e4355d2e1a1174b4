/**
 * A shell that stays: commands go to its standard input one after the other, so that each costs the time of the command, and not
 * that of starting a process in a container (50 ms and more).
 *
 *     const shell = await containerShell(container);   // or namespaceShell(pid): root on the same Linux, without Docker between
 *     await shell.run('iptables -w 5 -A INPUT -s 10.0.0.2 -j DROP');
 *
 * A command runs in a subshell with `set -e`, its standard error beside its output; where it fails, the error has its words.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { StringDecoder } from 'node:string_decoder';
import type { Container } from 'dockerode';
import { HarnessError } from '../../errors.ts';
import { execute, type Outputs, type Pipe } from './pipe.ts';

/** A firewall rule takes milliseconds; who needs this long hangs. */
const COMMAND_MS = 20_000;
/** Of words that quote an error. */
const QUOTE_LENGTH_MAX = 300;

interface Waiting {
  readonly resolve: (output: string) => void;
  readonly reject: (error: HarnessError) => void;
  readonly timer: NodeJS.Timeout;
}

export class Shell {
  readonly #marker = `shaketable-${randomUUID()}`;
  readonly #decoder = new StringDecoder('utf8');
  readonly #waiting: Waiting[] = [];
  #text = '';
  #pipe: Pipe | null = null;
  #isClosed = false;
  /** What it belongs to, for people. */
  readonly #label: string;

  private constructor(label: string) {
    this.#label = label;
  }

  /** Nothing can be run in it any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  static async open(label: string, opener: (outputs: Outputs) => Promise<Pipe>): Promise<Shell> {
    const shell = new Shell(label);
    const onBytes = (bytes: Uint8Array): void => shell.#receive(bytes);
    shell.#pipe = await opener({ onOutput: onBytes, onError: onBytes });
    void shell.#pipe.ended.then(() => shell.#fail('its shell is gone'));
    return shell;
  }

  /**
   * In the order of calls.
   *
   * @returns what it wrote
   * @throws HarnessError `io` with what it wrote, when it fails
   */
  run(script: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(this.#error('its shell is gone'));
      const timer = setTimeout(
        () => this.#fail(`no answer in ${COMMAND_MS / 1000} s to: ${script}`),
        COMMAND_MS,
      );
      this.#waiting.push({ resolve, reject, timer });
      this.#pipe?.write(`( set -e\n${script}\n) </dev/null 2>&1\nprintf '\\n%s %s\\n' ${this.#marker} $?\n`);
    });
  }

  close(): void {
    this.#fail('its shell was closed');
    this.#pipe?.close();
  }

  #receive(bytes: Uint8Array): void {
    this.#text += this.#decoder.write(bytes);
    for (;;) {
      const start = this.#text.indexOf(`\n${this.#marker} `);
      const end = start === -1 ? -1 : this.#text.indexOf('\n', start + 1);
      if (end === -1) return;
      const output = this.#text.slice(0, start).trim();
      const status = this.#text.slice(start + this.#marker.length + 2, end);
      this.#text = this.#text.slice(end + 1);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) continue;
      clearTimeout(waiting.timer);
      if (status === '0') waiting.resolve(output);
      else
        waiting.reject(this.#error(output === '' ? `a command failed with code ${status}` : quote(output)));
    }
  }

  #fail(reason: string): void {
    this.#isClosed = true;
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(this.#error(reason));
    }
  }

  #error(reason: string): HarnessError {
    return new HarnessError('io', `${this.#label}: ${reason}`);
  }
}

function quote(output: string): string {
  // Not an error: iptables says so on every call where both kinds of tables are in use.
  const lines = output.split('\n').filter((line) => !line.startsWith('# Warning: iptables-legacy'));
  const text = lines.join(' ').trim();
  return text.length > QUOTE_LENGTH_MAX ? `${text.slice(0, QUOTE_LENGTH_MAX)}…` : text;
}

/** In the container: works with every engine. */
export function containerShell(label: string, container: Container): Promise<Shell> {
  return Shell.open(label, (outputs) => execute(container, ['sh'], outputs));
}

/** In the network of a process of this machine, with this machine's programs. Needs root. */
export function namespaceShell(label: string, pid: number): Promise<Shell> {
  return Shell.open(label, async (outputs) => {
    const child = spawn('nsenter', ['-t', String(pid), '-n', 'sh'], {
      stdio: 'pipe',
      // In a group of its own: Ctrl-C is for the harness, which still has to heal what it cut.
      detached: true,
    });
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => resolve());
      child.once('error', () => resolve());
    });
    child.stdin.on('error', () => child.kill('SIGKILL'));
    child.stdout.on('data', (bytes: Buffer) => outputs.onOutput(bytes));
    child.stderr.on('data', (bytes: Buffer) => outputs.onError(bytes));
    return { ended, write: (text) => void child.stdin.write(text), close: () => void child.kill('SIGKILL') };
  });
}

/**
 * Whether the process is that container's, seen from here, and its network may be entered: the harness is root, on the same
 * Linux, and shares the engine's process ids.
 */
export function mayEnter(pid: number, containerId: string): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || pid <= 0) return false;
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(containerId);
  } catch {
    return false;
  }
}
