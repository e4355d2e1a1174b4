/**
 * Longer histories of any model: an object that behaves as the model says, operations that overlap, time out, and take
 * effect or not, and where wanted an answer that is not the object's.
 */
import { History } from '../../../harness/history/history.ts';
import type { Json, Operation } from '../../../harness/history/operation.ts';
import { canonicalJson } from '../model.ts';
import type { Call, Model } from '../model.ts';
import type { DrawnOperation } from './arbitraries.ts';

interface Running {
  readonly drawn: DrawnOperation;
  /** How it went; undefined before it took effect. */
  fate: DrawnOperation | 'lost' | undefined;
}

/**
 * Each operation answers as one of those drawn with the same arguments does, if the model allows one of them when it
 * takes effect; else it fails, without having happened.
 *
 * @param liar - the thread whose operations answer as they were drawn, whatever the model says; -1 for none
 */
export function runModel(
  model: Model,
  operations: readonly DrawnOperation[],
  turns: readonly number[],
  processes: number,
  liar: number,
): History {
  const alternatives = Map.groupBy(operations, questionOf);
  const states = new Map<string | undefined, Json>();
  const running: (Running | undefined)[] = Array.from({ length: processes }, () => undefined);
  const processOf = Array.from({ length: processes }, (_, thread) => thread);
  const recorded: Operation[] = [];
  let next = 0;
  const record = (thread: number, fields: Omit<Operation, 'index' | 'time' | 'process'>): void => {
    const index = recorded.length;
    recorded.push({ index, time: index, process: processOf[thread] as number, ...fields });
  };
  const takeEffect = (drawn: DrawnOperation, process: number, isLie: boolean): Running['fate'] => {
    const place = model.acrossKeys === true ? undefined : drawn.key;
    const state = states.get(place) ?? model.init;
    const isUnknown = drawn.outcome === 'info' || drawn.outcome === 'none';
    for (const answer of [drawn, ...(alternatives.get(questionOf(drawn)) ?? [])]) {
      if (answer.outcome === 'fail') continue;
      const call = callOf(model, isUnknown ? drawn : answer, process);
      const after = model.step(state, call);
      if (isLie) return drawn;
      if (after === undefined) continue;
      states.set(place, after);
      return isUnknown ? drawn : answer;
    }
    return 'lost';
  };
  for (const thread of turns) {
    const current = running[thread];
    if (current === undefined) {
      const drawn = operations[next++];
      if (drawn === undefined) continue;
      const { f, value } = drawn;
      record(thread, { type: 'invoke', f, value, ...(drawn.key === undefined ? {} : { key: drawn.key }) });
      running[thread] = { drawn, fate: undefined };
    } else if (current.fate === undefined) {
      current.fate = takeEffect(current.drawn, processOf[thread] as number, thread === liar);
    } else {
      running[thread] = undefined;
      const { fate } = current;
      const isKnown = fate !== 'lost' && (fate.outcome === 'ok' || fate.outcome === 'refused');
      if (isKnown) {
        const { f, answer, outcome } = fate;
        const refusal = { error: { code: 'precondition-failed' } } as const;
        record(thread, {
          type: outcome === 'ok' ? 'ok' : 'fail',
          f,
          value: answer,
          ...(outcome === 'refused' ? refusal : {}),
        });
      } else if (fate === 'lost') {
        record(thread, { type: 'fail', f: current.drawn.f, value: current.drawn.value });
      } else {
        processOf[thread] = (processOf[thread] as number) + processes;
      }
    }
  }
  return new History(recorded);
}

const questionOf = ({ f, key, value }: DrawnOperation): string => canonicalJson([f, key ?? null, value]);

function callOf(model: Model, { f, key, value, answer, outcome }: DrawnOperation, process: number): Call {
  const known = outcome === 'ok' || outcome === 'refused' ? outcome : 'unknown';
  return {
    f,
    argument: value,
    outcome: known,
    result: known === 'ok' ? answer : null,
    ...(model.acrossKeys === true && key !== undefined ? { key } : {}),
    ...(model.heedsProcess === true ? { process } : {}),
  };
}
