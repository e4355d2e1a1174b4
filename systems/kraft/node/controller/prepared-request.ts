/**
 * A request to the active controller, as the driver sees it: what to decide, how long to wait, and how each answer looks.
 *
 *     const request = createTopics(body, 4);
 *     request.decide(core, nowMs);                           // its response, ready to be sent when it is committed
 *     request.refuse('NOT_CONTROLLER', 'ask another');       // the same form, with the error for every topic
 *
 * The modules of requests (`topic-requests.ts`, …) are pure: they turn bodies into the core's requests and results into bodies.
 */
import type { ControllerCore, Outcome } from '../../controller/controller-core.ts';
import type { ApiName, RequestBody, ResponseBody } from '../../wire/apis.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';

export interface PreparedRequest<N extends ApiName> {
  /** How long the asker waits for the commit; null: as long as this node is the controller. */
  readonly timeoutMs: number | null;
  decide(core: ControllerCore, nowMs: number): Outcome<ResponseBody<N>>;
  /** The whole request is answered with an error. */
  refuse(error: ErrorName, message: string): ResponseBody<N>;
}

export type Prepare<N extends ApiName> = (body: RequestBody<N>, version: number) => PreparedRequest<N>;

/** What one thing of a request that names several is answered. */
export interface ItemError {
  readonly error: ErrorName;
  readonly message: string | null;
}

/** The two fields that say so in most responses. */
export function errorFields({ error, message }: ItemError): {
  readonly errorCode: number;
  readonly errorMessage: string | null;
} {
  return { errorCode: ERROR[error], errorMessage: message === null ? null : shortened(message) };
}

/** A message repeats names that a client chose; a response has room for 32,767 bytes in it. */
const MESSAGE_CHARACTERS_MAX = 1000;

export const shortened = (message: string): string =>
  message.length <= MESSAGE_CHARACTERS_MAX ? message : `${message.slice(0, MESSAGE_CHARACTERS_MAX)}…`;

export function mapOutcome<T, U>(outcome: Outcome<T>, map: (response: T) => U): Outcome<U> {
  return outcome.kind === 'refusal' ? outcome : { ...outcome, response: map(outcome.response) };
}

/** Of things that were asked for, those that the core decides, and at once the answers for the others. */
export class Plan<T extends object> {
  private readonly items: readonly (T | ItemError)[];

  constructor(items: readonly (T | ItemError)[]) {
    this.items = items;
  }

  get accepted(): T[] {
    return this.items.filter((item): item is T => !('error' in item));
  }

  /** All answers, in the order in which they were asked for. @param results - of the accepted ones, in their order */
  answers<R extends ItemError>(results: readonly R[]): (R | ItemError)[] {
    let next = 0;
    return this.items.map((item) => ('error' in item ? item : (results[next++] as R)));
  }
}

/** How many items there are in all lists of a request together. */
export function itemCount(body: object): number {
  let count = 0;
  for (const value of Object.values(body)) {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) continue;
    count += (Array.isArray(value) ? value.length : 0) + itemCount(value as object);
  }
  return count;
}

/** Those that are named more than once. */
export function repeated(names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(names.filter((name) => seen.has(name) || !seen.add(name)));
}

/** Results of partitions, topic by topic, in the order in which topics first appear. */
export function groupByTopic<T, U>(
  results: readonly T[],
  topicOf: (result: T) => string,
  toPartition: (result: T) => U,
): { readonly topic: string; readonly partitions: U[] }[] {
  const groups = new Map<string, U[]>();
  for (const result of results) {
    const topic = topicOf(result);
    const group = groups.get(topic);
    if (group === undefined) groups.set(topic, [toPartition(result)]);
    else group.push(toPartition(result));
  }
  return [...groups].map(([topic, partitions]) => ({ topic, partitions }));
}
