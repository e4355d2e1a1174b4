/**
 * Long histories of one object that keeps its promises but for one operation: what a person would have to find among
 * thousands.
 *
 *     faultyHistory({ model: register, operations: 10_000, clients: 10, seed: 1, fault: 'stale-read' })
 */
import { History } from '../../../harness/history/history.ts';
import type { Json, Operation } from '../../../harness/history/operation.ts';
import { randomStream } from '../../../harness/random.ts';
import type { Random } from '../../../harness/random.ts';
import { sameJson } from '../model.ts';
import type { Call, Model } from '../model.ts';

/** What the one wrong operation does: sees an older state, is acknowledged without effect, or takes effect twice. */
export type Fault = 'stale-read' | 'lost-write' | 'twice';

export interface FaultyObject {
  readonly model: Model;
  readonly operations: number;
  readonly clients: number;
  readonly seed: number;
  /** None for a history that is linearizable. */
  readonly fault: Fault | null;
  /** Draws an operation: f and value, given how many were drawn before. */
  readonly draw: (random: Random, i: number, state: Json) => readonly [f: string, value: Json];
  /** Answers an operation that has just taken effect, where its answer is not its value. */
  readonly answer?: (f: string, value: Json, before: Json) => Json;
  /** Share of the operations of unknown outcome. */
  readonly unknown?: number;
}

/** The fault comes after this share of the operations. */
const FAULT_AT = 0.8;
/** How many changes ago the state was that a stale read sees. */
const STALE_BY = 12;
/** Changes that are lost, one after the other: of one alone the next may hide the trace. */
const LOST = 4;

interface Running {
  readonly f: string;
  readonly value: Json;
  readonly isUnknown: boolean;
  readonly willHappen: boolean;
  answer: Json;
  isDone: boolean;
  isRefused: boolean;
}

export function faultyHistory({
  model,
  operations: total,
  clients,
  seed,
  fault,
  draw,
  answer,
  unknown = 0,
}: FaultyObject): History {
  const random = randomStream(seed, 'faulty-object', model.name);
  const operations: Operation[] = [];
  const processes = Array.from({ length: clients }, (_, i) => i);
  const running = new Map<number, Running>();
  const past: Json[] = [model.init];
  let state = model.init;
  let isFaulty = fault !== null;
  let lost = 0;
  let drawn = 0;
  const record = (
    thread: number,
    fields: Pick<Operation, 'type' | 'f' | 'value'> & Partial<Operation>,
  ): void => {
    const index = operations.length;
    operations.push({ index, time: index * 1000, process: processes[thread] as number, ...fields });
  };
  const apply = (f: string, value: Json, result: Json): Json | undefined => {
    const call: Call = { f, argument: value, outcome: 'ok', result };
    return model.step(state, call);
  };
  const become = (next: Json): void => {
    if (sameJson(next, state)) return;
    state = next;
    past.push(next);
    if (past.length > STALE_BY + 1) past.shift();
  };
  const takeEffect = (current: Running): void => {
    current.isDone = true;
    if (current.isUnknown && !current.willHappen) return;
    const { f, value } = current;
    const isDue = isFaulty && drawn > total * FAULT_AT;
    const reads = model.functions[f]?.reads === true;
    if (isDue && fault === 'stale-read' && reads && past.length > STALE_BY) {
      current.answer = answer?.(f, value, past[0] as Json) ?? (past[0] as Json);
      isFaulty = false;
      return;
    }
    current.answer = answer === undefined ? (reads ? state : value) : answer(f, value, state);
    const next = apply(f, value, current.answer);
    if (next === undefined) {
      current.isRefused = true;
      return;
    }
    if (isDue && !reads && !sameJson(next, state) && !current.isUnknown) {
      if (fault === 'lost-write') {
        isFaulty = ++lost < LOST;
        return;
      }
      if (fault === 'twice') {
        isFaulty = false;
        become(next);
        become(apply(f, value, current.answer) ?? next);
        return;
      }
    }
    become(next);
  };
  const finish = (thread: number, { f, value, answer: result, isUnknown, isRefused }: Running): void => {
    running.delete(thread);
    if (isUnknown) {
      record(thread, { type: 'info', f, value });
      processes[thread] = (processes[thread] as number) + clients;
    } else if (isRefused) record(thread, { type: 'fail', f, value, error: { code: 'precondition-failed' } });
    else record(thread, { type: 'ok', f, value: result });
  };
  while (drawn < total || running.size > 0) {
    const thread = random.integer(0, clients - 1);
    const current = running.get(thread);
    if (current === undefined) {
      if (drawn >= total) {
        if (running.size === 0) break;
        continue;
      }
      const [f, value] = draw(random, drawn++, state);
      record(thread, { type: 'invoke', f, value });
      running.set(thread, {
        f,
        value,
        isUnknown: random.float() < unknown,
        willHappen: random.float() < 0.5,
        answer: value,
        isDone: false,
        isRefused: false,
      });
    } else if (!current.isDone) takeEffect(current);
    else finish(thread, current);
  }
  return new History(operations);
}
