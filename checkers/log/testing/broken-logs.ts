/**
 * Tiny histories of a log that breaks its promises at random, from numbers that fast-check can shrink: each step begins
 * or ends a call of one of three processes on two partitions.
 *
 *     brokenLog([[0, 0, 10, 0, 0, 0], [0, 90, …]]) // rows for historyOf
 */
import type { Json, OperationType } from '../../../harness/history/operation.ts';
import type { Row } from '../../findings/testing/history-of.ts';

/** Numbers from 0 to 99. */
export type Step = readonly number[];

const KEYS = ['x', 'y'];
const PROCESSES = 3;

interface Written {
  readonly offset: number;
  readonly value: number;
}

interface Call {
  readonly f: string;
  readonly asked: Json;
}

export function brokenLog(steps: readonly Step[]): Row[] {
  const rows: Row[] = [];
  const logs = KEYS.map((): Written[] => []);
  const pending = new Map<number, Call>();
  const positions = new Map<string, number>();
  const retired = new Map<number, number>();
  let nextValue = 0;

  const ask = (numbers: Step): Call => {
    const [, kind = 0, which = 0, other = 0] = numbers;
    const key = KEYS[which % 2] as string;
    const send = (salt: number): Json => {
      // Now and then a value again.
      const value = (which + salt) % 7 === 0 && nextValue > 0 ? (which + salt) % nextValue : nextValue++;
      return ['send', KEYS[(which + salt) % 2] as string, value];
    };
    if (kind < 35) return { f: 'send', asked: [send(0)] };
    if (kind < 45) return { f: 'send', asked: [send(0), send(other)] };
    if (kind < 75) return { f: 'poll', asked: [['poll']] };
    if (kind < 80) return { f: 'txn', asked: [send(0), ['poll']] };
    if (kind < 84) return { f: 'assign', asked: other % 2 === 0 ? [key] : KEYS };
    if (kind < 88) return { f: 'seek', asked: { [key]: other % 5 === 0 ? 'end' : other % 4 } };
    if (kind < 94) return { f: 'commit', asked: { [key]: other % 4 } };
    return { f: 'committed', asked: null };
  };

  /** What comes next, or with one thing wrong. */
  const records = (process: number, numbers: Step, salt: number): Json => {
    const [, , which = 0, other = 0, fault = 0, place = 0] = numbers;
    const k = (which + salt) % 2;
    const log = logs[k] as Written[];
    const name = `${process} ${k}`;
    let from = positions.get(name) ?? 0;
    if (fault % 10 === 0) from = Math.max(0, from - 1);
    const got: [number | null, number][] = log
      .slice(from, from + 1 + (other % 3))
      .map(({ offset, value }) => [offset, value]);
    positions.set(name, from + got.length);
    const at = got.length === 0 ? 0 : place % got.length;
    const there = got[at];
    if (there !== undefined) {
      if (fault % 10 === 1) got.splice(at, 1);
      else if (fault % 10 === 2) got.splice(at, 0, there);
      else if (fault % 10 === 3) got.reverse();
      else if (fault === 44) got[at] = [there[0], 900 + place];
      else if (fault === 54) got[at] = [there[0], place % Math.max(1, nextValue)];
      else if (fault % 20 === 5) got[at] = [null, there[1]];
      else if (fault === 64) got[at] = [(there[0] as number) + 1, there[1]];
    }
    return got.length === 0 ? {} : { [KEYS[k] as string]: got };
  };

  const answer = (process: number, { f, asked }: Call, numbers: Step): Json => {
    const [, , which = 0, other = 0, fault = 0, place = 0] = numbers;
    if (f === 'committed') return { [KEYS[which % 2] as string]: other % 4 };
    if (f !== 'send' && f !== 'txn' && f !== 'poll') return asked;
    return (asked as readonly (readonly Json[])[]).map((micro, salt): Json => {
      if (micro[0] === 'poll') return ['poll', records(process, numbers, salt)];
      const [, key, value] = micro as readonly [string, string, number];
      const log = logs[KEYS.indexOf(key)] as Written[];
      const end = (log.at(-1)?.offset ?? -1) + 1;
      const offset =
        fault % 12 === 6 ? (place * (7 * salt + 1)) % (end + 1) : end + (fault % 5 === 4 ? 1 : 0);
      if (fault % 12 === 7) log.splice(place % (log.length + 1), 0, { offset: end, value });
      else if (fault % 12 !== 8) log.push({ offset, value });
      return ['send', key, fault % 9 === 5 ? value : [offset, value]];
    });
  };

  for (const numbers of steps) {
    const first = (numbers[0] as number) % PROCESSES;
    const process = first + PROCESSES * (retired.get(first) ?? 0);
    const call = pending.get(process);
    if (call === undefined) {
      const asking = ask(numbers);
      pending.set(process, asking);
      rows.push([process, 'invoke', asking.f, asking.asked]);
      continue;
    }
    pending.delete(process);
    const outcome = (numbers[1] as number) % 10;
    const type: OperationType = outcome === 0 ? 'fail' : outcome === 1 ? 'info' : 'ok';
    const answered = answer(process, call, numbers);
    // What did not succeed tells what it had got all the same, or nothing.
    const isSilent = type !== 'ok' && (numbers[2] as number) % 2 === 0;
    rows.push([process, type, call.f, isSilent ? call.asked : answered]);
    if (type === 'info') retired.set(first, (retired.get(first) ?? 0) + 1);
  }
  return rows;
}
