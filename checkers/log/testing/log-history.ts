/**
 * Histories of a correct log, from a seed: producers, consumers that assign, seek and poll, operations that fail or stay
 * in doubt, optionally transactions; at the end one consumer reads everything.
 *
 *     new History(generateLogHistory({ seed: 1, operations: 1000, clients: 5 }))
 *
 * plants.ts breaks one promise in such a history.
 */
import type { Json, Operation, OperationType } from '../../../harness/history/operation.ts';
import { randomStream } from '../../../harness/random.ts';
import type { Random } from '../../../harness/random.ts';

export interface LogHistoryOptions {
  readonly seed: number;
  /** Of clients, before the final polls. */
  readonly operations: number;
  readonly clients: number;
  readonly partitions?: number;
  /** Most that an offset grows by. */
  readonly offsetStep?: number;
  /** Operations are transactions of up to four sends and polls. */
  readonly transactions?: boolean;
  /** Whether values may be sent again. */
  readonly repeatsValues?: boolean;
  /** Also list-offsets, commit, committed, trim, crash. */
  readonly administration?: boolean;
}

const PENDING = 0;
const COMMITTED = 1;
const ABORTED = 2;

const MAX_RECORDS = 5;
const FINAL_RECORDS = 500;

interface Partition {
  readonly name: string;
  readonly offsets: number[];
  readonly values: number[];
  readonly states: number[];
  /** Everything before that place is decided: what comes behind is not shown. */
  stable: number;
  end: number;
  low: number;
  committed: number;
}

interface Client {
  process: number;
  /** By partition that is assigned, the next place. */
  positions: Map<number, number>;
  call: Call | undefined;
}

interface Call {
  readonly f: string;
  readonly asked: Json;
  readonly steps: readonly (() => Json)[];
  readonly answers: Json[];
  readonly end: OperationType;
  /** What it appended. */
  readonly appended: [Partition, number][];
  readonly positions: Map<number, number>;
}

export function generateLogHistory(options: LogHistoryOptions): Operation[] {
  return new Generator(options).run();
}

class Generator {
  readonly #options: LogHistoryOptions;
  readonly #random: Random;
  readonly #partitions: Partition[];
  readonly #clients: Client[];
  readonly #operations: Operation[] = [];
  #nextValue = 0;

  constructor(options: LogHistoryOptions) {
    this.#options = options;
    this.#random = randomStream(options.seed, 'log-history');
    this.#partitions = Array.from({ length: options.partitions ?? 10 }, (_, i) => ({
      name: String(i),
      offsets: [],
      values: [],
      states: [],
      stable: 0,
      end: 0,
      low: 0,
      committed: 0,
    }));
    this.#clients = Array.from({ length: options.clients }, (_, process) => ({
      process,
      positions: new Map(),
      call: undefined,
    }));
  }

  run(): Operation[] {
    let begun = 0;
    while (begun < this.#options.operations) {
      const client = this.#random.pick(this.#clients);
      if (client.call === undefined) {
        begun++;
        this.#begin(client);
      } else {
        this.#goOn(client);
      }
    }
    for (const client of this.#clients) while (client.call !== undefined) this.#goOn(client);
    this.#readEverything();
    return this.#operations;
  }

  #record(process: number, type: OperationType, f: string, value: Json): void {
    const index = this.#operations.length;
    this.#operations.push({ index, time: index * 1000, process, type, f, value });
  }

  #begin(client: Client): void {
    const random = this.#random;
    if (client.positions.size === 0 || random.chance(1 / 64)) {
      this.#assign(client);
      return;
    }
    if (this.#options.administration === true && random.chance(0.2)) {
      this.#administer(client);
      return;
    }
    const length = this.#options.transactions === true ? random.integer(1, 4) : 1;
    const positions = new Map(client.positions);
    const appended: [Partition, number][] = [];
    const asked: Json[] = [];
    const steps: (() => Json)[] = [];
    for (let i = 0; i < length; i++) {
      if (random.chance(0.5)) {
        const partition = random.pick(this.#partitions);
        const isAgain = this.#options.repeatsValues === true && this.#nextValue > 0 && random.chance(0.3);
        const value = isAgain ? random.integer(1, this.#nextValue) : ++this.#nextValue;
        asked.push(['send', Number(partition.name), value]);
        steps.push(() => this.#append(partition, value, appended));
      } else {
        asked.push(['poll']);
        steps.push(() => ['poll', this.#poll(positions, MAX_RECORDS)]);
      }
    }
    const sends = asked.filter((micro) => (micro as Json[])[0] === 'send').length;
    const f = sends === 0 ? 'poll' : sends === length ? 'send' : 'txn';
    const end = random.pick<OperationType>(['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'fail', 'info']);
    client.call = { f, asked, steps, answers: [], end, appended, positions };
    this.#record(client.process, 'invoke', f, asked);
    if (random.chance(0.3)) this.#step(client.call);
  }

  #step(call: Call): void {
    const step = call.steps[call.answers.length];
    if (step !== undefined) call.answers.push(step());
  }

  #goOn(client: Client): void {
    const { call } = client;
    if (call === undefined) return;
    if (call.answers.length < call.steps.length && this.#random.chance(0.5)) {
      this.#step(call);
      return;
    }
    if (call.end === 'ok') while (call.answers.length < call.steps.length) this.#step(call);
    const isCommitted = call.end === 'ok' || (call.end === 'info' && this.#random.chance(0.5));
    for (const [partition, place] of call.appended) {
      partition.states[place] = isCommitted ? COMMITTED : ABORTED;
    }
    if (this.#options.transactions === true) for (const [partition] of call.appended) partition.end++;
    for (const partition of this.#partitions) this.#settle(partition);
    client.call = undefined;
    if (call.end === 'ok') {
      client.positions = call.positions;
      this.#record(client.process, 'ok', call.f, call.answers);
    } else {
      this.#record(client.process, call.end, call.f, call.asked);
      if (call.end === 'info') this.#retire(client);
    }
  }

  #retire(client: Client): void {
    client.process += this.#clients.length;
    client.positions = new Map();
  }

  #append(partition: Partition, value: number, appended: [Partition, number][]): Json {
    const place = partition.offsets.length;
    const offset = partition.end;
    partition.end += this.#random.integer(1, this.#options.offsetStep ?? 1);
    partition.offsets.push(offset);
    partition.values.push(value);
    partition.states.push(PENDING);
    appended.push([partition, place]);
    return ['send', Number(partition.name), [offset, value]];
  }

  #settle(partition: Partition): void {
    while (partition.stable < partition.states.length && partition.states[partition.stable] !== PENDING) {
      partition.stable++;
    }
  }

  /** Of one partition, or two. */
  #poll(positions: Map<number, number>, most: number): Json {
    const records: Record<string, Json> = {};
    for (const key of this.#random.shuffle([...positions.keys()]).slice(0, this.#random.integer(1, 2))) {
      const partition = this.#partitions[key] as Partition;
      const pairs = this.#recordsOf(partition, positions, key, this.#random.integer(0, most));
      if (pairs.length > 0) records[partition.name] = pairs;
    }
    return records;
  }

  #recordsOf(partition: Partition, positions: Map<number, number>, key: number, most: number): Json[] {
    const pairs: Json[] = [];
    let place = positions.get(key) as number;
    for (; place < partition.stable && pairs.length < most; place++) {
      const offset = partition.offsets[place] as number;
      if (partition.states[place] !== COMMITTED || offset < partition.low) continue;
      pairs.push([offset, partition.values[place] as number]);
    }
    positions.set(key, place);
    return pairs;
  }

  #assign(client: Client): void {
    const random = this.#random;
    const keys = random
      .shuffle(this.#partitions.map((_, key) => key))
      .slice(0, random.integer(1, Math.min(4, this.#partitions.length)));
    // Mostly with a seek to what is new, so that consumers do not fall behind for good.
    if (random.chance(0.2)) {
      this.#call(client, 'assign', keys);
      client.positions = new Map(keys.map((key) => [key, client.positions.get(key) ?? 0]));
      return;
    }
    const places = keys.map((key) => {
      const { offsets } = this.#partitions[key] as Partition;
      return random.integer(Math.max(0, offsets.length - 40), offsets.length);
    });
    const seeks = keys.map((key, i): [string, Json] => {
      const { offsets } = this.#partitions[key] as Partition;
      return [String(key), random.chance(0.2) ? 'end' : (offsets[places[i] as number] ?? 'end')];
    });
    this.#call(client, 'assign', Object.fromEntries(seeks));
    client.positions = new Map(keys.map((key, i) => [key, places[i] as number]));
  }

  #call(client: Client, f: string, value: Json, answer = value, end: OperationType = 'ok'): void {
    this.#record(client.process, 'invoke', f, value);
    this.#record(client.process, end, f, answer);
  }

  #administer(client: Client): void {
    const random = this.#random;
    const partition = random.pick(this.#partitions);
    const { name } = partition;
    switch (random.integer(0, 4)) {
      case 0: {
        const high = partition.offsets[partition.stable] ?? partition.end;
        this.#call(client, 'list-offsets', null, { [name]: { low: partition.low, high } });
        break;
      }
      case 1: {
        // One group's offset that only grows; now and then in doubt.
        const offset = partition.committed + random.integer(0, 3);
        const end = random.pick<OperationType>(['ok', 'ok', 'fail', 'info']);
        if (end === 'ok' || (end === 'info' && random.chance(0.5))) partition.committed = offset;
        this.#call(client, 'commit', { [name]: offset }, { [name]: offset }, end);
        if (end === 'info') this.#retire(client);
        break;
      }
      case 2:
        this.#call(client, 'committed', null, { [name]: partition.committed });
        break;
      case 3: {
        if (!random.chance(0.3)) break;
        const first = partition.offsets.findIndex((offset) => offset >= partition.low);
        if (first === -1) break;
        partition.low = (partition.offsets[first] as number) + 1;
        this.#call(client, 'trim', { [name]: partition.low });
        break;
      }
      default: {
        this.#call(client, 'crash', null, null, 'info');
        this.#retire(client);
      }
    }
  }

  /** One more client, from the beginning to the end, and a few polls more that find nothing. */
  #readEverything(): void {
    const process = 1_000_000_000;
    const positions = new Map(this.#partitions.map((_, key) => [key, 0]));
    const client: Client = { process, positions, call: undefined };
    this.#call(client, 'assign', [...positions.keys()]);
    for (const [key, partition] of this.#partitions.entries()) {
      while ((positions.get(key) as number) < partition.stable) {
        const pairs = this.#recordsOf(partition, positions, key, FINAL_RECORDS);
        this.#call(
          client,
          'poll',
          [['poll']],
          [['poll', pairs.length === 0 ? {} : { [partition.name]: pairs }]],
        );
      }
    }
    for (let i = 0; i < 3; i++) this.#call(client, 'poll', [['poll']], [['poll', {}]]);
  }
}
