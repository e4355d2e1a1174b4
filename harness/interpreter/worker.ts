/**
 * A worker runs one thread's operations, one at a time: on clients that it opens and closes, or on the nemesis.
 *
 * It reports exactly one completion for each operation, and drops what comes after: the interpreter may have completed
 * the operation itself, when it took too long.
 */
import { AssertionError, messageOf } from '../errors.ts';
import type { ThreadId } from '../generator/generator.ts';
import type { FaultEffect, Json, Operation, ProcessId } from '../history/operation.ts';
import type { Client, Completion, Invocation } from './client.ts';
import { checkCompletion, checkEffect } from './replies.ts';

export interface InFlight {
  readonly worker: Worker;
  readonly invocation: Operation;
  /** When the interpreter gives it up. */
  readonly deadline: number;
  /** Whether the system may know of it: its client was open. */
  sent: boolean;
  /** The first answer, timeout or crash. */
  completion: Completion | null;
}

export interface Worker {
  readonly thread: ThreadId;
  /** The node of the cluster that it talks to; the nemesis talks to all. */
  readonly node: string | undefined;
  inFlight: InFlight | null;
  start(inFlight: InFlight): void;
  /** Lets go of the client, if there is one. */
  close(): void;
}

/** Where workers report to. */
export interface Supervisor {
  complete(inFlight: InFlight, completion: Completion): void;
  /** Something that no completion can tell: a malformed reply, a broken assertion. */
  fail(error: unknown): void;
}

export type OpenClient = (node: string, clientId: number) => Promise<Client>;

export class ClientWorker implements Worker {
  readonly thread: ThreadId;
  readonly node: string;
  inFlight: InFlight | null = null;
  readonly #openClient: (node: string) => Promise<Client>;
  readonly #supervisor: Supervisor;
  #client: Client | null = null;
  /** Whose client it is. */
  #process: ProcessId = -1;

  constructor(
    thread: ThreadId,
    node: string,
    openClient: (node: string) => Promise<Client>,
    supervisor: Supervisor,
  ) {
    this.thread = thread;
    this.node = node;
    this.#openClient = openClient;
    this.#supervisor = supervisor;
  }

  start(inFlight: InFlight): void {
    const { process } = inFlight.invocation;
    if (this.#client !== null && this.#process === process) {
      this.#invoke(inFlight, this.#client);
      return;
    }
    this.close();
    report(
      this.#supervisor,
      attempt(() => this.#openClient(this.node)),
      (client) => {
        if (inFlight.completion !== null) {
          client.close();
          return;
        }
        this.#client = client;
        this.#process = process;
        this.#invoke(inFlight, client);
      },
      (message) =>
        this.#supervisor.complete(inFlight, { type: 'fail', error: { code: 'no-client', message } }),
    );
  }

  #invoke(inFlight: InFlight, client: Client): void {
    inFlight.sent = true;
    const invocation = invocationOf(inFlight.invocation);
    report(
      this.#supervisor,
      attempt(() => client.invoke(invocation)),
      (reply) => this.#supervisor.complete(inFlight, checkCompletion(reply, invocation)),
      (message) =>
        this.#supervisor.complete(inFlight, { type: 'info', error: { code: 'client-crashed', message } }),
    );
  }

  close(): void {
    const client = this.#client;
    this.#client = null;
    client?.close();
  }
}

export class NemesisWorker implements Worker {
  readonly thread = 'nemesis';
  readonly node = undefined;
  inFlight: InFlight | null = null;
  readonly #nemesis: { invoke(invocation: Invocation): Promise<FaultEffect> };
  readonly #supervisor: Supervisor;

  constructor(nemesis: { invoke(invocation: Invocation): Promise<FaultEffect> }, supervisor: Supervisor) {
    this.#nemesis = nemesis;
    this.#supervisor = supervisor;
  }

  start(inFlight: InFlight): void {
    inFlight.sent = true;
    const invocation = invocationOf(inFlight.invocation);
    report(
      this.#supervisor,
      attempt(() => this.#nemesis.invoke(invocation)),
      (reply) => {
        const value = checkEffect(reply, invocation) as unknown as Json;
        this.#supervisor.complete(inFlight, { type: 'ok', value });
      },
      (message) =>
        this.#supervisor.complete(inFlight, { type: 'info', error: { code: 'nemesis-failed', message } }),
    );
  }

  close(): void {}
}

/** A promise also where the function throws before it has one. */
function attempt<T>(action: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(action());
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

/** What others' code rejects with is a completion; a broken assertion is ours, and so is what handling throws. */
function report<T>(
  supervisor: Supervisor,
  promise: Promise<T>,
  onAnswer: (answer: T) => void,
  onRejection: (message: string) => void,
): void {
  promise
    .then(onAnswer, (error: unknown) => {
      if (error instanceof AssertionError) throw error;
      onRejection(messageOf(error));
    })
    .catch((error: unknown) => supervisor.fail(error));
}

function invocationOf({ f, key, value }: Operation): Invocation {
  return key === undefined ? { f, value } : { f, key, value };
}
