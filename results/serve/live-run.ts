/**
 * A run in progress, added up from the lines that it writes.
 *
 *     const run = new LiveRun();
 *     run.takeOperation('{"index":0,"time":0,"process":1,"type":"invoke",…}');
 *     run.data('running').invoked                 // 1
 */
import { HISTORY_FORMAT } from '../../harness/history/json-lines.ts';
import type { FaultEffect, Operation } from '../../harness/history/operation.ts';
import { TRACE_FORMAT } from '../../harness/history/trace-lines.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import { NS_PER_S } from '../../harness/units.ts';
import { type LiveData, RATE_SECONDS } from './live-data.ts';

const LAST_RECORDS = 12;
const TEXT_MAX = 160;
type Second = [ok: number, fail: number, info: number];

export class LiveRun {
  #timeNs = 0;
  #counts = { invoke: 0, ok: 0, fail: 0, info: 0 };
  /** By the second of the run in which they ended; those of long ago are forgotten. */
  readonly #seconds = new Map<number, Second>();
  readonly #faults = new Map<number, FaultEffect>();
  #leader = '–';
  readonly #operations: string[] = [];
  readonly #events: string[] = [];
  #unreadable = 0;

  takeOperation(line: string): void {
    const operation = this.#decode(line, HISTORY_FORMAT);
    if (operation === null) return;
    this.#timeNs = Math.max(this.#timeNs, operation.time);
    if (operation.process === 'nemesis') this.#takeFault(operation);
    else this.#count(operation);
    if (operation.type !== 'invoke') keep(this.#operations, operationText(operation));
  }

  takeTrace(line: string): void {
    const record = this.#decode(line, TRACE_FORMAT);
    if (record === null) return;
    const { node, event } = record;
    if (event.kind === 'role' && event.role === 'leader') this.#leader = `${node}, term ${event.term}`;
    keep(this.#events, eventText(record));
  }

  data(outcome: string): LiveData {
    const { invoke, ok, fail, info } = this.#counts;
    const now = Math.floor(this.#timeNs / NS_PER_S);
    const first = Math.max(0, now - RATE_SECONDS + 1);
    const seconds = Array.from(
      { length: now - first + 1 },
      (_, i): Readonly<Second> => this.#seconds.get(first + i) ?? [0, 0, 0],
    );
    return {
      outcome,
      timeText: secondsText(this.#timeNs),
      ...{ invoked: invoke, ok, fail, info },
      okPerS: this.#seconds.get(now - 1)?.[0] ?? 0,
      seconds,
      leader: this.#leader,
      faults: [...this.#faults.values()].map(({ fault, description }) => cut(`${fault}: ${description}`)),
      operations: this.#operations.toReversed(),
      events: this.#events.toReversed(),
      unreadable: this.#unreadable,
    };
  }

  /** The first line of a file is its header. */
  #decode<T>(line: string, format: { decode(value: unknown): T }): T | null {
    try {
      const value = JSON.parse(line) as { format?: unknown };
      return typeof value.format === 'string' ? null : format.decode(value);
    } catch {
      this.#unreadable++;
      return null;
    }
  }

  #count({ type, time }: Operation): void {
    this.#counts[type]++;
    if (type === 'invoke') return;
    const second = Math.floor(time / NS_PER_S);
    const counts = this.#seconds.get(second) ?? [0, 0, 0];
    counts[type === 'ok' ? 0 : type === 'fail' ? 1 : 2]++;
    this.#seconds.set(second, counts);
    if (this.#seconds.size > 2 * RATE_SECONDS) {
      for (const old of [...this.#seconds.keys()].filter((each) => each <= second - RATE_SECONDS)) {
        this.#seconds.delete(old);
      }
    }
  }

  #takeFault({ type, value }: Operation): void {
    const effect = value as Partial<FaultEffect> | null;
    if (type === 'invoke' || typeof effect?.faultId !== 'number') return;
    if (effect.edge === 'begin') this.#faults.set(effect.faultId, effect as FaultEffect);
    else this.#faults.delete(effect.faultId);
  }
}

function keep(list: string[], text: string): void {
  list.push(text);
  if (list.length > LAST_RECORDS) list.shift();
}

function operationText({ time, process, type, f, key, value, error }: Operation): string {
  if (process === 'nemesis') {
    const { description } = (value ?? {}) as Partial<FaultEffect>;
    return cut(`${secondsText(time)}  nemesis: ${f} ${description ?? jsonText(value)}`);
  }
  const what = [f, key, value === null ? undefined : jsonText(value)].filter((part) => part !== undefined);
  const why = error === undefined ? '' : ` (${error.code})`;
  return cut(`${secondsText(time)}  process ${process}: ${what.join(' ')} ${type}${why}`);
}

function eventText({ node, time, event }: TraceRecord): string {
  const { kind, ...fields } = event;
  const told = Object.entries(fields)
    .filter(([, value]) => typeof value !== 'object' || value === null)
    .map(([name, value]) => `${name} ${String(value)}`);
  return cut(`${secondsText(time)}  ${node}: ${[kind, ...told].join(', ')}`);
}

const jsonText = (value: unknown): string => JSON.stringify(value) ?? '';
const secondsText = (ns: number): string => `${(ns / NS_PER_S).toFixed(3)} s`;
const cut = (text: string): string => (text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text);
