/**
 * From a history to what the search needs: per key (of a model across keys, once), the operations that say something, with their calls and the
 * interval in which each took effect.
 *
 * The order of the history is the order of real time: an operation precedes another when its completion comes
 * before the other's invocation *in the history*, also where their times are equal.
 *
 * - `ok` stands with its answer;
 * - `fail` is left out, but a refusable function that failed with `precondition-failed` observed the state;
 * - `info`, or no completion at all, may take effect at any time after its invocation, or never. Reads of this
 *   kind are left out, and so is whatever else only observes.
 */
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Call, Model } from './model.ts';

export type PartitionKey = string | number | undefined;

export interface JudgedOperation {
  readonly call: Call;
  readonly invocation: Operation;
  readonly completion: Operation | undefined;
  /** Index of the invocation. */
  readonly calledAt: number;
  /** Index of the completion, or NEVER while the outcome is unknown. */
  readonly returnedAt: number;
}

/** After every index. */
export const NEVER = 0x7fff_ffff;

export interface Partition {
  readonly key: PartitionKey;
  /** In the order of their calls. */
  readonly operations: readonly JudgedOperation[];
}

/**
 * The partitions of a history in the order of their first operation: one a key; operations without a key make one.
 * A model across keys has one partition.
 *
 * @throws HarnessError `bad-history` for a function or an argument that the model does not know
 */
export function partitionHistory(history: History, model: Model): readonly Partition[] {
  const partitions = new Map<PartitionKey, JudgedOperation[]>();
  for (const invocation of history.operations) {
    if (invocation.type !== 'invoke' || invocation.process === 'nemesis') continue;
    const judged = judge(invocation, history.completionOf(invocation.index), model);
    if (judged === null) continue;
    const key = model.acrossKeys === true ? undefined : invocation.key;
    const partition = partitions.get(key);
    if (partition === undefined) partitions.set(key, [judged]);
    else partition.push(judged);
  }
  return [...partitions].map(([key, operations]) => ({ key, operations }));
}

const answerOf = (completion: Operation, model: Model): Json =>
  model.answer === undefined ? completion.value : model.answer(completion);

function judge(
  invocation: Operation,
  completion: Operation | undefined,
  model: Model,
): JudgedOperation | null {
  const rule = Object.hasOwn(model.functions, invocation.f) ? model.functions[invocation.f] : undefined;
  if (rule === undefined) {
    throw new HarnessError(
      'bad-history',
      `operation ${invocation.index}: the model ${model.name} has no function ${invocation.f} ` +
        `(it has ${Object.keys(model.functions).join(', ')}); try another model`,
    );
  }
  const type = completion?.type ?? 'info';
  const refused = type === 'fail' && completion?.error?.code === 'precondition-failed';
  if (type === 'fail' && !(refused && rule.refusable === true)) return null;
  if (type === 'info' && rule.reads === true) return null;
  const outcome = type === 'ok' ? 'ok' : refused ? 'refused' : 'unknown';
  const call: Call = {
    f: invocation.f,
    argument: invocation.value,
    outcome,
    result: outcome === 'ok' && completion !== undefined ? answerOf(completion, model) : null,
    ...(model.acrossKeys === true && invocation.key !== undefined ? { key: invocation.key } : {}),
    ...(model.heedsProcess === true ? { process: invocation.process as number } : {}),
  };
  const complaint = model.check(call);
  if (complaint !== null) {
    throw new HarnessError(
      'bad-history',
      `operation ${invocation.index}: ${invocation.f} of ${model.name} takes ${complaint}, ` +
        `not ${JSON.stringify(invocation.value)}`,
    );
  }
  if (outcome === 'unknown' && model.onlyObserves?.(call) === true) return null;
  return {
    call,
    invocation,
    completion,
    calledAt: invocation.index,
    returnedAt: outcome === 'unknown' || completion === undefined ? NEVER : completion.index,
  };
}
