/**
 * The harness's side of the control channel, as far as the tests of the node host need it.
 *
 *     const node = new HostedNode();
 *     await node.request({ do: 'start', node: { … } });
 *     await node.until(() => node.statuses.length > 0);
 *     await node.end();
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { TraceEvent } from '../../../../harness/history/trace.ts';
import type { NodeStatus } from '../../node-program.ts';
import { RECORD_SEPARATOR, type NodeCommand, type NodeEvent } from '../control.ts';

const MAIN = join(import.meta.dirname, 'toy-node.ts');
const WAIT_MS = 10_000;

export class HostedNode {
  readonly child: ChildProcess;
  readonly events: NodeEvent[] = [];
  /** Lines on standard output that are not for the harness. */
  readonly strays: string[] = [];
  readonly exited: Promise<number | string | null>;
  errors = '';
  #hasExited = false;
  #rest = '';
  #lastId = 0;

  constructor() {
    this.child = spawn(process.execPath, [MAIN], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#receive(text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.child.stdin?.on('error', () => undefined); // it is dead, and that is what the test looks at
    this.exited = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        this.#hasExited = true;
        resolve(code ?? signal);
      });
    });
  }

  get traces(): TraceEvent[] {
    return this.events.flatMap((event) => (event.kind === 'trace' ? [event.event] : []));
  }

  get statuses(): NodeStatus[] {
    return this.events.flatMap((event) => (event.kind === 'status' ? [event.status] : []));
  }

  get lines(): string[] {
    return this.events.flatMap((event) => (event.kind === 'log' ? [event.line] : []));
  }

  /** The sum of what was counted of a fault. */
  counted(key: string, name: string): number {
    let sum = 0;
    for (const event of this.events) if (event.kind === 'counters') sum += event.counters[key]?.[name] ?? 0;
    return sum;
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Resolves with the reply. */
  async request(command: NodeCommand): Promise<Extract<NodeEvent, { kind: 'reply' }>> {
    const id = ++this.#lastId;
    this.write(`${JSON.stringify({ id, ...command })}\n`);
    await this.until(() => this.reply(id) !== undefined);
    return this.reply(id)!;
  }

  reply(id: number): Extract<NodeEvent, { kind: 'reply' }> | undefined {
    return this.events.find((event) => event.kind === 'reply' && event.id === id) as
      Extract<NodeEvent, { kind: 'reply' }> | undefined;
  }

  async until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + WAIT_MS;
    while (!condition()) {
      if (performance.now() > deadline || this.#hasExited) {
        throw new Error(
          `not what was waited for; standard error: ${this.errors}; ${JSON.stringify(this.events)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith(RECORD_SEPARATOR)) this.events.push(JSON.parse(line.slice(1)) as NodeEvent);
      else this.strays.push(line);
    }
  }
}
