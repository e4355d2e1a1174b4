/**
 * The deciders of the linearizability checker on histories that are made up from a seed: registers with unique values,
 * a log, a set; valid, and with one planted anomaly. A history is made, checked and forgotten in a process of its own,
 * so that the peak of its memory is its own.
 *
 *     node bench/deciders.ts                        all sizes and concurrencies
 *     node bench/deciders.ts register 1000000 20 1  one: the object, records, clients, and whether it has an anomaly
 *
 * `records` counts invocations and completions. The time is that of `check`; the memory that of the whole process,
 * the history included.
 */
import { spawnSync } from 'node:child_process';
import { linearizability, models } from '../checkers/linearizability/index.ts';
import type { Model } from '../checkers/linearizability/index.ts';
import { History } from '../harness/history/history.ts';
import type { Json, Operation } from '../harness/history/operation.ts';
import { randomStream } from '../harness/random.ts';
import type { Random } from '../harness/random.ts';

const SIZES = [10_000, 100_000, 1_000_000];
const CONCURRENCIES = [5, 20, 100];
const SEED = 7;
/** Of `registers`. */
const KEYS = 1000;

/** An object that performs what it is asked at once. */
interface Subject {
  readonly model: string;
  ask(random: Random, turn: number): { readonly f: string; readonly key?: string; readonly value: Json };
  perform(f: string, value: Json, key: string | undefined): Json;
  /** A wrong answer to an operation that can have one; undefined where this one cannot. */
  spoil(f: string, value: Json, answer: Json): Json | undefined;
}

const subjects: Readonly<Record<string, () => Subject>> = {
  register: () => registers(0),
  registers: () => registers(KEYS),
  'cas-register': () => casRegister(),
  log,
  set,
  'fifo-queue': () => container('fifo-queue'),
  stack: () => container('stack'),
};

function registers(keys: number): Subject {
  const held = new Map<string | undefined, number>();
  const first = new Map<string | undefined, number>();
  let key: string | undefined;
  return {
    model: 'register',
    ask: (random, turn) => {
      key = keys === 0 ? undefined : `k${random.integer(1, keys)}`;
      const isRead = random.chance(0.5);
      const named = key === undefined ? {} : { key };
      return { f: isRead ? 'read' : 'write', ...named, value: isRead ? null : turn };
    },
    perform: (f, value, key) => {
      if (f === 'read') return held.get(key) ?? null;
      held.set(key, value as number);
      if (!first.has(key)) first.set(key, value as number);
      return value;
    },
    // The first value that this key ever had.
    spoil: (f, _, answer) => {
      const stale = first.get(key);
      return f === 'read' && stale !== undefined && answer !== stale ? stale : undefined;
    },
  };
}

function casRegister(): Subject {
  let held: Json = null;
  return {
    model: 'cas-register',
    ask: (random, turn) => {
      const f = random.pick(['read', 'write', 'cas', 'cas']);
      return { f, value: f === 'read' ? null : f === 'write' ? turn : [held, turn] };
    },
    perform: (f, value) => {
      if (f === 'read') return held;
      const [expected, next] = f === 'cas' ? (value as readonly [Json, Json]) : [held, value];
      if (expected !== held) return REFUSED;
      held = next;
      return value;
    },
    spoil: (f, _, answer) => (f === 'read' && answer !== null ? null : undefined),
  };
}

function log(): Subject {
  const elements: number[] = [];
  return {
    model: 'log',
    ask: (random, turn) => {
      const isPoll = random.chance(0.5);
      return { f: isPoll ? 'poll' : 'append', value: isPoll ? null : turn };
    },
    perform: (f, value) => {
      if (f === 'poll') {
        const from = Math.max(0, elements.length - 3);
        return elements.slice(from).map((element, i) => [from + i, element]);
      }
      elements.push(value as number);
      return [elements.length - 1, value];
    },
    spoil: (f, _, answer) => {
      if (f === 'append') return undefined;
      const records = answer as readonly (readonly [number, number])[];
      return records.length < 2
        ? undefined
        : records.map(([offset], i) => [offset, records[(i + 1) % records.length]?.[1] ?? 0]);
    },
  };
}

function set(): Subject {
  const elements = new Set<number>();
  const removed = new Set<number>();
  let added = 0;
  return {
    model: 'set',
    ask: (random, turn) => {
      const isAdd = random.chance(0.4);
      if (isAdd) return { f: 'add', value: (added = turn) };
      // Each element is removed once at most.
      if (!removed.has(added) && random.chance(0.2)) {
        removed.add(added);
        return { f: 'remove', value: added };
      }
      return { f: 'contains', value: random.integer(Math.max(0, added - 50), added) };
    },
    perform: (f, value) => {
      const element = value as number;
      if (f === 'contains') return elements.has(element);
      if (f === 'add') elements.add(element);
      else if (!elements.delete(element)) return REFUSED;
      return value;
    },
    spoil: (f, _, answer) => (f === 'contains' ? !(answer as boolean) : undefined),
  };
}

function container(model: 'fifo-queue' | 'stack'): Subject {
  const items: number[] = [];
  let head = 0;
  const [put, take] = model === 'stack' ? ['push', 'pop'] : ['enqueue', 'dequeue'];
  return {
    model,
    ask: (random, turn) => {
      const isPut = random.chance(0.52);
      return { f: isPut ? put : take, value: isPut ? turn : null };
    },
    perform: (f, value) => {
      if (f === put) {
        items.push(value as number);
        return value;
      }
      if (model === 'stack') return items.pop() ?? null;
      return head < items.length ? (items[head++] as number) : null;
    },
    spoil: (f, _, answer) => (f === take && answer !== null && items.length - head > 500 ? null : undefined),
  };
}

const REFUSED = 'refused';

interface Running {
  readonly f: string;
  readonly key: string | undefined;
  readonly value: Json;
  answer: Json | undefined;
}

/** Each operation takes effect at a moment of its own between its invocation and its completion. */
function makeHistory(subject: Subject, records: number, clients: number, hasAnomaly: boolean): History {
  const random = randomStream(SEED, subject.model, clients);
  const operations: Operation[] = [];
  const running: (Running | undefined)[] = Array.from({ length: clients }, () => undefined);
  const processOf = Array.from({ length: clients }, (_, client) => client);
  let turn = 0;
  let isSpoilt = !hasAnomaly;
  while (operations.length < records) {
    const client = random.integer(0, clients - 1);
    const current = running[client];
    const index = operations.length;
    const common = { index, time: index * 1000, process: processOf[client] as number };
    if (current === undefined) {
      const { f, key, value } = subject.ask(random, ++turn);
      running[client] = { f, key, value, answer: undefined };
      operations.push({ ...common, type: 'invoke', f, ...(key === undefined ? {} : { key }), value });
    } else if (current.answer === undefined) {
      current.answer = subject.perform(current.f, current.value, current.key);
      if (!isSpoilt && index > records / 2) {
        const spoilt = subject.spoil(current.f, current.value, current.answer);
        if (spoilt !== undefined) {
          current.answer = spoilt;
          isSpoilt = true;
        }
      }
    } else {
      running[client] = undefined;
      const { f, value, answer } = current;
      const isUnknown = f !== 'read' && f !== 'pop' && f !== 'dequeue' && random.chance(0.001);
      if (isUnknown) {
        operations.push({ ...common, type: 'info', f, value, error: { code: 'timeout' } });
        processOf[client] = (processOf[client] as number) + clients;
      } else if (answer === REFUSED) {
        operations.push({ ...common, type: 'fail', f, value, error: { code: 'precondition-failed' } });
      } else {
        operations.push({ ...common, type: 'ok', f, value: answer });
      }
    }
  }
  return new History(operations);
}

function measure(name: string, records: number, clients: number, hasAnomaly: boolean): void {
  const subject = (subjects[name] as () => Subject)();
  const history = makeHistory(subject, records, clients, hasAnomaly);
  const model = models.get(subject.model) as Model;
  const before = process.resourceUsage().maxRSS;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const verdict = linearizability({ model }).check({ history });
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const { algorithm } = verdict.statistics as unknown as { algorithm: Record<string, number> };
  const column = (value: string | number, width: number): string => String(value).padStart(width);
  console.log(
    name.padEnd(14) +
      column(records, 9) +
      column(clients, 8) +
      column(hasAnomaly ? 'anomaly' : 'valid', 9) +
      column(String(verdict.valid), 9) +
      column(wallMs.toFixed(0), 9) +
      column(((user + system) / 1000).toFixed(0), 9) +
      column((before / 1024).toFixed(0), 9) +
      column((process.resourceUsage().maxRSS / 1024).toFixed(0), 9) +
      `  ${Object.entries(algorithm)
        .map(([algorithm, count]) => `${algorithm} (${count})`)
        .join(', ')}`,
  );
}

export function run(): void {
  console.log(
    'object          records clients  planted  verdict  wall ms   cpu ms  before MB  peak MB  decided by',
  );
  for (const name of Object.keys(subjects)) {
    for (const records of SIZES) {
      for (const clients of CONCURRENCIES) {
        for (const hasAnomaly of [0, 1]) {
          const line = [import.meta.filename, name, records, clients, hasAnomaly].map(String);
          spawnSync(process.execPath, line, { stdio: 'inherit' });
        }
      }
    }
  }
}

if (import.meta.main) {
  const [name, records = SIZES[0], clients = CONCURRENCIES[0], hasAnomaly = 0] = process.argv.slice(2);
  if (name === undefined) run();
  else measure(name, Number(records), Number(clients), Number(hasAnomaly) === 1);
}
