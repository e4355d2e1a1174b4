/**
 * Runs the command as a user does: a child process in a folder of its own, with its own registry of servers.
 *
 *     const folder = new CommandFolder();
 *     const { status, stdout, stderr } = await folder.kraft(['topics', '--list'], { input: '' });
 *     folder.remove();      // ends servers that are left
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../runtime/real/testing/free-port.ts';
import { runCommandLine } from '../program.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const EXAMPLES = join(import.meta.dirname, '../../../../examples/kraft');
const TIMEOUT_MS = 60_000;

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The same without a process: for what ends before anything begins. */
export async function inProcess(args: readonly string[]): Promise<CommandResult> {
  let stdout = '';
  let stderr = '';
  const status = await runCommandLine(args, {
    print: (text) => (stdout += `${text}\n`),
    write: (bytes) => (stdout += new TextDecoder().decode(bytes)),
    note: (text) => (stderr += `${text}\n`),
    isBroken: false,
  });
  return { status, stdout, stderr };
}

export class CommandFolder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'kraft-cli-')));

  /** @param options.interruptAt - Ctrl-C is pressed once this was said, on either stream */
  kraft(
    args: readonly string[],
    {
      input = '',
      interruptAt = null,
    }: { readonly input?: string; readonly interruptAt?: RegExp | null } = {},
  ): Promise<CommandResult> {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: this.path,
      env: this.environment(),
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    let stdout = '';
    let stderr = '';
    let isInterrupted = false;
    const interrupt = (said: string): void => {
      if (isInterrupted || interruptAt?.test(said) !== true) return;
      isInterrupted = true;
      child.kill('SIGINT');
    };
    child.stdout.on('data', (bytes: Buffer) => interrupt((stdout += bytes.toString())));
    child.stderr.on('data', (bytes: Buffer) => interrupt((stderr += bytes.toString())));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    return new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.file(name), text);
  }

  read(name: string): string {
    return readFileSync(this.file(name), 'utf8');
  }

  /**
   * One of our example configurations, with ports that are free and directories in this folder.
   * @param ports - by the port of the example
   */
  example(
    name: string,
    ports: ReadonlyMap<number, number>,
    changes: Readonly<Record<string, string>> = {},
  ): void {
    let text = readFileSync(join(EXAMPLES, `${name}.properties`), 'utf8').replaceAll(
      '/tmp/',
      `${this.path}/`,
    );
    text = text.replace(/localhost:(\d+)/g, (whole, port: string) => {
      const free = ports.get(Number(port));
      return free === undefined ? whole : `127.0.0.1:${free}`;
    });
    for (const [key, value] of Object.entries(changes)) text += `${key}=${value}\n`;
    this.write(`${name}.properties`, text);
  }

  /** One server, of the example `single`, in the background. @returns the options by which commands find it */
  async startSingle(changes: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
    const ports = await portsFor([9092, 9093]);
    this.example('single', ports, changes);
    const uuid = (await this.kraft(['storage', 'random-uuid'])).stdout.trim();
    await this.kraft(['storage', 'format', '-t', uuid, '-c', 'single.properties']);
    await this.kraft(['server-start', '-daemon', 'single.properties']);
    return ['--bootstrap-server', `127.0.0.1:${ports.get(9092) ?? 0}`];
  }

  /** The servers that run, by `.lock` in the directories of this folder. */
  pids(): number[] {
    return readdirSync(this.path).flatMap((name) => {
      try {
        return [Number(this.read(join(name, '.lock')).split(' ')[0])];
      } catch {
        return [];
      }
    });
  }

  pid(directory: string): number {
    return Number(this.read(join(directory, '.lock')).split(' ')[0]);
  }

  remove(): void {
    for (const pid of this.pids()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
  }

  private environment(): NodeJS.ProcessEnv {
    const environment = { ...process.env, KRAFT_RUN_DIR: this.path };
    for (const name of ['LOG_DIR', 'FORCE_COLOR', 'NODE_OPTIONS']) Reflect.deleteProperty(environment, name);
    return environment;
  }
}

/** For each port of the examples one that is free. */
export async function portsFor(examples: readonly number[]): Promise<Map<number, number>> {
  const ports = await freePorts(examples.length);
  return new Map(examples.map((example, i) => [example, ports[i] as number]));
}

/** Of a transcript: what is another each time becomes a word. */
export function withoutChance(
  text: string,
  folder: CommandFolder,
  ports: ReadonlyMap<number, number>,
): string {
  let plain = text.replaceAll(folder.path, 'FOLDER');
  for (const [example, port] of ports) plain = plain.replaceAll(`127.0.0.1:${port}`, `localhost:${example}`);
  return plain
    .replace(/pid \d+/g, 'pid PID')
    .replace(/\b[A-Za-z0-9_-]{22}\b/g, (id) => (id === 'A'.repeat(22) ? id : 'UUID'))
    .replace(/\b1[78]\d{11}\b/g, 'TIMESTAMP');
}
