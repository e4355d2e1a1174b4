/**
 * Partitioned logs in memory, with clients that serve the workloads `log` and `group` as a correct broker would, or with a named fault: for
 * the tests of workloads, which so run to their verdict without a system.
 *
 *     const kafka = new ToyKafka({ bug: 'loses' });
 *     kafka.open().invoke({ f: 'send', value: [['send', 't0-0', 7]] }); // ok, and never polled
 *
 * One group, whose partitions are shared out anew whenever a member comes or goes. No transactions but those that are whole at once.
 */
import type { Client, Completion, Invocation } from '../../harness/interpreter/client.ts';
import type { Json } from '../../harness/history/operation.ts';
import { isMap, listOf } from '../../checkers/findings/findings.ts';

export type ToyBug =
  | 'loses'
  | 'doubles'
  | 'skips'
  | 'forgets-commits'
  | 'shares-a-partition'
  | 'ignores-commits'
  | 'accepts-old-generations';

/** Of so many sends, polls or commits one goes wrong. */
const WRONG_EVERY = 17;

export class ToyKafka {
  readonly logs = new Map<string, Json[]>();
  readonly committed = new Map<string, number>();
  readonly bug: ToyBug | undefined;
  generation = 0;
  #members: ToyClient[] = [];
  #ids = 0;
  #turns = 0;

  constructor({ bug }: { readonly bug?: ToyBug } = {}) {
    this.bug = bug;
  }

  open(): ToyClient {
    return new ToyClient(this, ++this.#ids);
  }

  logOf(key: string): Json[] {
    let log = this.logs.get(key);
    if (log === undefined) this.logs.set(key, (log = []));
    return log;
  }

  isWrong(bug: ToyBug): boolean {
    return this.bug === bug && ++this.#turns % WRONG_EVERY === 0;
  }

  join(member: ToyClient): void {
    if (this.#members.includes(member)) return;
    this.#members.push(member);
    this.generation++;
  }

  leave(member: ToyClient): void {
    if (!this.#members.includes(member)) return;
    this.#members = this.#members.filter((other) => other !== member);
    this.generation++;
  }

  /** Of the present generation. */
  partitionsOf(member: ToyClient, keys: readonly string[]): readonly string[] {
    const place = this.#members.indexOf(member);
    return keys.filter(
      (_, i) => i % this.#members.length === place || (i === 0 && this.bug === 'shares-a-partition'),
    );
  }
}

class ToyClient implements Client {
  readonly #kafka: ToyKafka;
  readonly #name: string;
  #topics: readonly string[] = [];
  #positions = new Map<string, number>();
  /** −1: a member of nothing, or of a generation that it has not heard of. */
  #generation = -1;
  #isMember = false;

  constructor(kafka: ToyKafka, id: number) {
    this.#kafka = kafka;
    this.#name = `member-${id}`;
  }

  async invoke({ f, value }: Invocation): Promise<Completion> {
    const kafka = this.#kafka;
    switch (f) {
      case 'send':
      case 'poll':
      case 'txn':
        return { type: 'ok', value: this.#micros(listOf(value).map(listOf)) };
      case 'assign':
        this.#forget();
        for (const [key, position] of Array.isArray(value)
          ? listOf(value).map((key) => [key as string, null] as const)
          : Object.entries(value as object)) {
          this.#positions.set(key, position === 'beginning' ? 0 : (this.#old.get(key) ?? 0));
        }
        return { type: 'ok' };
      case 'subscribe':
        this.#forget();
        this.#topics = listOf(value).map(String);
        this.#isMember = true;
        kafka.join(this);
        return { type: 'ok' };
      case 'commit':
        return this.#commit(isMap(value) ? value : {});
      case 'committed':
        return {
          type: 'ok',
          value: Object.fromEntries(
            listOf(value).map((key) => [
              key as string,
              kafka.isWrong('forgets-commits') ? null : (kafka.committed.get(key as string) ?? null),
            ]),
          ),
        };
      case 'trim':
        return { type: 'ok' };
      case 'list-offsets':
        return {
          type: 'ok',
          value: Object.fromEntries(
            listOf(value).map((key) => [key as string, { low: 0, high: kafka.logOf(key as string).length }]),
          ),
        };
      case 'assignment':
        return {
          type: 'ok',
          value: {
            member: this.#name,
            generation: this.#generation,
            partitions: [...this.#positions.keys()],
          },
        };
      case 'crash':
        this.close();
        return { type: 'ok' };
      default:
        throw new Error(`no function ${f}`);
    }
  }

  close(): void {
    this.#forget();
    this.#old = new Map();
  }

  /** Where an earlier assignment had come to. */
  #old = new Map<string, number>();

  #forget(): void {
    this.#kafka.leave(this);
    this.#old = new Map([...this.#old, ...this.#positions]);
    this.#positions = new Map();
    this.#isMember = false;
    this.#generation = -1;
  }

  /** What a transaction sends is there when it is over: its own polls do not see it. */
  #micros(micros: readonly (readonly Json[])[]): Json[] {
    const answers = new Map<number, Json[]>();
    for (const isSend of [false, true]) {
      micros.forEach((micro, i) => {
        if ((micro[0] === 'send') === isSend) answers.set(i, this.#micro(micro));
      });
    }
    return micros.flatMap((_, i) => answers.get(i) ?? []);
  }

  #micro([f, key, value = null]: readonly Json[]): Json[] {
    const kafka = this.#kafka;
    if (f === 'send') {
      const log = kafka.logOf(key as string);
      const offset = log.length;
      log.push(kafka.isWrong('loses') ? `not ${JSON.stringify(value)}` : value);
      if (kafka.isWrong('doubles')) log.push(value);
      return [['send', key as string, [offset, value]]];
    }
    const rebalanced = this.#takeAssignment();
    const polled: Record<string, Json> = {};
    for (const [name, position] of this.#positions) {
      const log = kafka.logOf(name);
      if (position >= log.length) continue;
      const from = kafka.isWrong('skips') && position + 1 < log.length ? position + 1 : position;
      polled[name] = log.slice(from).map((found, i): Json => [from + i, found]);
      this.#positions.set(name, log.length);
    }
    return [...(rebalanced.length > 0 ? [['rebalance', rebalanced] as Json] : []), ['poll', polled]];
  }

  #takeAssignment(): string[] {
    const kafka = this.#kafka;
    if (!this.#isMember || this.#generation === kafka.generation) return [];
    const before = [...this.#positions.keys()];
    const now = kafka.partitionsOf(this, this.#topics);
    this.#generation = kafka.generation;
    const start = (key: string): number =>
      kafka.isWrong('ignores-commits') ? 0 : (kafka.committed.get(key) ?? 0);
    this.#positions = new Map(now.map((key) => [key, start(key)]));
    return [...new Set([...before, ...now])];
  }

  #commit(offsets: { readonly [key: string]: Json }): Completion {
    const kafka = this.#kafka;
    const isOld = this.#isMember && this.#generation !== kafka.generation;
    if (isOld && kafka.bug !== 'accepts-old-generations') {
      return { type: 'fail', error: { code: 'ILLEGAL_GENERATION' } };
    }
    for (const [key, offset] of Object.entries(offsets)) kafka.committed.set(key, Number(offset));
    return { type: 'ok' };
  }
}
