/**
 * Deciders against the definition, on tiny random histories: operations are performed one after the other, each is
 * given an interval around its turn, or now and then beside it, and some answers are exchanged or lost. So about half
 * of the histories have an order, and near misses are many.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { History } from '../../../../harness/history/history.ts';
import type { Json, Operation } from '../../../../harness/history/operation.ts';
import { randomStream } from '../../../../harness/random.ts';
import type { Random } from '../../../../harness/random.ts';
import type { Model } from '../../model.ts';
import { partitionHistory } from '../../problem.ts';
import { isLinearizable } from '../../testing/brute-force.ts';
import type { Decider, Decision } from '../decision.ts';

/** How to perform operations on the object that a model describes. */
export interface Subject {
  readonly model: Model;
  /** What is asked next; `turn` counts, so that values can be unique. */
  ask(
    random: Random,
    turn: number,
    state: Json,
  ): { readonly f: string; readonly argument: Json; readonly key?: string };
  /** Undefined where it is refused: the failure `precondition-failed`. */
  answer(state: Json, f: string, argument: Json, key?: string): Json | undefined;
  /** Whether answers tell the turn in which they took effect as their position. */
  readonly tellsPositions?: true;
}

interface Performed {
  readonly f: string;
  readonly key: string | undefined;
  readonly argument: Json;
  result: Json;
  readonly type: 'ok' | 'fail' | 'info';
  readonly isRefused: boolean;
  readonly position: number | undefined;
  readonly calledAt: number;
  readonly returnedAt: number;
}

/** The same history for the same seed. */
export function randomHistory(subject: Subject, seed: number, maxOperations: number): History {
  const random = randomStream(seed, 'polynomial', subject.model.name);
  const operations = random.integer(3, maxOperations);
  const width = random.pick([0.3, 0.7, 1.5, 3]);
  const astray = random.pick([0, 0.3, 0.6, 0.6]);
  const liar = random.pick([0, 0.4, 0.8]);
  const unknown = random.pick([0, 0, 0.15, 0.3]);
  let state = subject.model.init;
  const performed: Performed[] = [];
  for (let turn = 1; turn <= operations; turn++) {
    const { f, argument, key } = subject.ask(random, turn, state);
    const keyed = key === undefined ? {} : { key };
    const isUnknown = random.chance(unknown);
    const isFailed = !isUnknown && random.chance(0.03);
    const isLost = isFailed || (isUnknown && random.chance(0.5));
    let result: Json = null;
    let isRefused = false;
    if (!isLost) {
      const answer = subject.answer(state, f, argument, key);
      isRefused = answer === undefined;
      result = answer ?? null;
      const outcome = isRefused ? ('refused' as const) : ('ok' as const);
      const next = subject.model.step(state, { f, argument, outcome, result, ...keyed });
      expect(
        next,
        `${f} ${JSON.stringify(argument)} → ${JSON.stringify(result)} in ${JSON.stringify(state)}`,
      ).toBeDefined();
      state = next as Json;
    }
    const shift = random.chance(astray) ? random.pick([-3, -1, 1, 3]) * random.float() * width : 0;
    performed.push({
      f,
      key,
      argument,
      result,
      type: isUnknown ? 'info' : isFailed || isRefused ? 'fail' : 'ok',
      isRefused: isRefused && !isUnknown,
      position: subject.tellsPositions === true ? turn : undefined,
      calledAt: turn + shift - random.float() * width,
      returnedAt: turn + shift + random.float() * width,
    });
  }
  for (const one of performed) {
    if (!random.chance(liar)) continue;
    const other = random.pick(performed);
    if (other.f === one.f && other.type === 'ok' && one.type === 'ok') one.result = other.result;
  }
  return recordOf(performed, random);
}

function recordOf(performed: readonly Performed[], random: Random): History {
  const events = performed.flatMap((operation, process) => [
    { at: operation.calledAt, operation, process, isReturn: false },
    { at: operation.returnedAt, operation, process, isReturn: true },
  ]);
  const records: Operation[] = [];
  for (const { operation, process, isReturn } of events.sort((a, b) => a.at - b.at)) {
    const { f, key, argument, result, type, isRefused, position } = operation;
    if (isReturn && type === 'info' && random.chance(0.5)) continue;
    const index = records.length;
    records.push({
      index,
      time: index,
      process,
      type: isReturn ? type : 'invoke',
      f,
      ...(key === undefined ? {} : { key }),
      value: isReturn && type === 'ok' ? result : argument,
      ...(isReturn && type === 'ok' && position !== undefined ? { position: { index: position } } : {}),
      ...(isReturn && isRefused ? { error: { code: 'precondition-failed' } } : {}),
    });
  }
  return new History(records);
}

export interface Tally {
  legal: number;
  illegal: number;
  /** By what the definition says. */
  inapplicableTrue: number;
  inapplicableFalse: number;
}

/** Every decision is the definition's. Returns how many there were of each. */
export function compareWithDefinition(
  subject: Subject,
  decide: Decider,
  runs: number,
  maxOperations = 7,
): Tally {
  const tally: Tally = { legal: 0, illegal: 0, inapplicableTrue: 0, inapplicableFalse: 0 };
  fc.assert(
    fc.property(fc.noBias(fc.nat(0x3fff_ffff)), (seed) => {
      const history = randomHistory(subject, seed, maxOperations);
      const [partition] = partitionHistory(history, subject.model);
      if (partition === undefined) return;
      const expected = isLinearizable(history, subject.model);
      const decision = decide(subject.model, partition.operations, 'x', () => {});
      if (decision.outcome === 'inapplicable') tally[expected ? 'inapplicableTrue' : 'inapplicableFalse']++;
      else tally[decision.outcome]++;
      if (decision.outcome !== 'inapplicable') {
        expect(decision.outcome, explain(history, decision)).toBe(expected ? 'legal' : 'illegal');
      }
      if (decision.outcome === 'illegal') {
        expect(decision.refutation?.explanation).toMatch(/^[^\n]+\.$/);
        expect(decision.refutation?.explanation).not.toMatch(/undefined|NaN/);
        expect(decision.refutation?.operations.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: runs, seed: 5 },
  );
  return tally;
}

function explain(history: History, decision: Decision): string {
  const lines = history.operations.map(
    ({ process, type, f, value }) => `${process} ${type} ${f} ${JSON.stringify(value)}`,
  );
  return `${decision.refutation?.explanation ?? decision.because}\n${lines.join('\n')}`;
}
