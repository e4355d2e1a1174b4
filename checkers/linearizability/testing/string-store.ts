/**
 * Long runs of a store of strings with many clients, from a seed: mostly appends, many at once, and few reads, so that
 * orders of the appends are tried for ever where the values do not tell it.
 */
import { History } from '../../../harness/history/history.ts';
import type { Operation } from '../../../harness/history/operation.ts';
import { randomStream } from '../../../harness/random.ts';
import type { Random } from '../../../harness/random.ts';

export interface StoreShape {
  readonly seed: number;
  readonly clients: number;
  readonly keys: number;
  readonly operations: number;
  /** Of these keys one read late in the run lacks an append that had completed before it began. */
  readonly lossy?: readonly number[];
  /** Of these keys many appends add the same. */
  readonly ambiguous?: readonly number[];
}

interface Running {
  readonly key: number;
  readonly f: 'append' | 'read';
  readonly value: string | null;
  /** What an append had added that had completed before it began. */
  readonly certain: string;
  /** What it answers, when it has taken effect. */
  answer: string | null;
}

const READ_SHARE = 0.15;
const AMBIGUOUS_TEXTS = ['a', 'b', 'c'];

export function stringStore(shape: StoreShape): History {
  const { seed, clients, keys, operations, lossy = [], ambiguous = [] } = shape;
  const random = randomStream(seed, 'string-store');
  const recorded: Operation[] = [];
  const texts = Array.from({ length: keys }, () => '');
  /** By key, what the append that completed last has added. */
  const completed = Array.from({ length: keys }, () => '');
  const running: (Running | null)[] = Array.from({ length: clients }, () => null);
  const lies = new Set(lossy);
  let started = 0;
  const record = (process: number, type: Operation['type'], { key, f, answer, value }: Running): void => {
    const index = recorded.length;
    recorded.push({ index, time: index, process, type, f, key, value: type === 'ok' ? answer : value });
  };
  while (started < operations || running.some((other) => other !== null)) {
    const client = random.integer(0, clients - 1);
    const current = running[client] ?? null;
    if (current === null) {
      if (started >= operations) continue;
      const next = draw(random, completed, ambiguous, started++);
      record(client, 'invoke', next);
      running[client] = next;
    } else if (current.answer === null) {
      const before = texts[current.key] as string;
      if (current.f === 'append') texts[current.key] = before + (current.value as string);
      current.answer = current.value ?? before;
    } else {
      running[client] = null;
      const { certain: lost } = current;
      if (current.f === 'append') completed[current.key] = current.answer;
      else if (started > operations / 2 && lies.has(current.key) && current.answer.includes(lost)) {
        lies.delete(current.key);
        const at = current.answer.lastIndexOf(lost);
        current.answer = current.answer.slice(0, at) + current.answer.slice(at + lost.length);
      }
      record(client, 'ok', current);
    }
  }
  return new History(recorded);
}

function draw(
  random: Random,
  completed: readonly string[],
  ambiguous: readonly number[],
  number: number,
): Running {
  const key = random.integer(0, completed.length - 1);
  const certain = completed[key] as string;
  if (random.chance(READ_SHARE)) return { key, f: 'read', value: null, certain, answer: null };
  const value = ambiguous.includes(key) ? random.pick(AMBIGUOUS_TEXTS) : `${number};`;
  return { key, f: 'append', value, certain, answer: null };
}
