/**
 * The harness's end of the control channel to one process of a node of ours (systems/runtime/real/control.ts has the words).
 *
 *     const control = new NodeControl('n1', (text) => process.write(text), hooks);
 *     process.onOutput((bytes) => control.receive(bytes));
 *     await control.request({ do: 'cut', from: 'n1', to: 'n2' });   // in force at n1 from here on
 *
 * One for each process: after {@link NodeControl.end} it answers nothing any more.
 */
import { z } from 'zod';
import { HarnessError } from '../../errors.ts';
import type { TraceEvent } from '../../history/trace.ts';
import { type NodeCommand, type NodeEvent, RECORD_SEPARATOR } from '../../../systems/runtime/real/control.ts';
import type { NodeStatus } from '../../../systems/runtime/node-program.ts';
import type { Observed } from '../cluster.ts';
import { LineDecoder } from './lines.ts';

export interface ControlHooks {
  trace(event: TraceEvent): void;
  log(line: string): void;
  status(status: NodeStatus): void;
  counters(counters: Readonly<Record<string, Observed>>): void;
}

interface Waiting {
  readonly resolve: (observed: Observed) => void;
  readonly reject: (error: HarnessError) => void;
  readonly timeout: NodeJS.Timeout;
}

/** Commands are done at once: who does not answer by then stands still. */
const REPLY_TIMEOUT_MS = 5_000;

const eventSchema = z.object({ kind: z.enum(['trace', 'log', 'status', 'counters', 'reply']) });

export class NodeControl {
  readonly #name: string;
  readonly #send: (text: string) => void;
  readonly #hooks: ControlHooks;
  readonly #lines = new LineDecoder((line) => this.#onLine(line));
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: string | null = null;

  constructor(name: string, send: (text: string) => void, hooks: ControlHooks) {
    this.#name = name;
    this.#send = send;
    this.#hooks = hooks;
  }

  /** The node's standard output. */
  receive(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }

  /**
   * Resolves when the node has done it.
   *
   * @throws HarnessError `nemesis` when it could not, does not answer, or is gone
   */
  request(command: NodeCommand, timeoutMs = REPLY_TIMEOUT_MS): Promise<Observed> {
    const { do: what } = command;
    if (this.#ended !== null) {
      return Promise.reject(
        new HarnessError('nemesis', `${this.#name} could not ${what}: it ${this.#ended}`),
      );
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new HarnessError('nemesis', `${this.#name} did not ${what} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timeout });
      this.#send(`${JSON.stringify({ id, ...command })}\n`);
    });
  }

  /** Says it and does not wait: to a node that stands still, which does it when it goes on. */
  tell(command: NodeCommand): void {
    if (this.#ended === null) this.#send(`${JSON.stringify({ id: ++this.#lastId, ...command })}\n`);
  }

  /** The process is gone. @param how - `exited with code 1` */
  end(how: string): void {
    if (this.#ended !== null) return;
    this.#lines.end();
    this.#ended = how;
    for (const { reject, timeout } of this.#waiting.values()) {
      clearTimeout(timeout);
      reject(new HarnessError('nemesis', `${this.#name} ${how}`));
    }
    this.#waiting.clear();
  }

  #onLine(line: string): void {
    const event = line.startsWith(RECORD_SEPARATOR) ? parseEvent(line.slice(1)) : null;
    if (event === null) {
      this.#hooks.log(line);
      return;
    }
    switch (event.kind) {
      case 'trace':
        return this.#hooks.trace(event.event);
      case 'log':
        return this.#hooks.log(event.line);
      case 'status':
        return this.#hooks.status(event.status);
      case 'counters':
        return this.#hooks.counters(event.counters);
      case 'reply':
        return this.#onReply(event);
    }
  }

  #onReply({ id, observed, error }: Extract<NodeEvent, { kind: 'reply' }>): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return; // told, or given up
    this.#waiting.delete(id);
    clearTimeout(waiting.timeout);
    if (error === undefined) waiting.resolve(observed);
    else waiting.reject(new HarnessError('nemesis', `${this.#name}: ${error}`));
  }
}

/** Null for what is no event of ours: a line that was torn when its process was killed. What our own node host writes is not checked further. */
function parseEvent(text: string): NodeEvent | null {
  try {
    const json: unknown = JSON.parse(text);
    return eventSchema.safeParse(json).success ? (json as NodeEvent) : null;
  } catch {
    return null;
  }
}
