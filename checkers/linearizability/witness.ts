/**
 * Why a partition is not linearizable, for people and for the report. The text is its core (explanation/); where none
 * was found, what the values refute; where they refute nothing, where the search is stuck:
 *
 *     Read of x returned 1 by process 3 (operation 57), but every order of the operations before it that explains
 *     their answers leaves x at 2 or 4.
 *
 * The evidence has all of it.
 */
import type { Anomaly, Picture } from '../checker.ts';
import type { Json } from '../../harness/history/operation.ts';
import { place } from './lineage.ts';
import type { Refutation } from './lineage.ts';
import { describeCore } from './explanation/index.ts';
import type { Core, Explanation } from './explanation/index.ts';
import type { Model } from './model.ts';
import { partialLinearizations } from './partials.ts';
import type { JudgedOperation, Partition, PartitionKey } from './problem.ts';
import type { Furthest } from './search.ts';

/** Evidence keeps the end of a longer order, and says how much it left out. */
const MAX_PREFIX = 10_000;
/** States that a sentence lists. */
const MAX_STATES_TOLD = 4;
/** Operations concurrent with the stuck one that the anomaly names. */
const MAX_CONCURRENT = 20;

/** What the operations of a key act on, in a sentence. */
export function nameOf(key: PartitionKey, model: Model): string {
  if (key === undefined) return `the ${model.noun ?? model.name}`;
  return typeof key === 'string' ? key : `key ${key}`;
}

/**
 * @param furthest - how far a search came that tried everything; null when none did
 * @param isOfEveryOrder - whether that search went by the model alone; else it left out what later answers rule out
 * @param refutation - the proof from the values; null when there is none, and then `furthest` is the proof
 * @param core - few operations that are not linearizable by themselves; null when none were found
 */
export function describeViolation(
  model: Model,
  partition: Partition,
  furthest: Furthest | null,
  refutation: Refutation | null,
  isOfEveryOrder: boolean,
  core: Core | null,
): Anomaly {
  const { key, operations } = partition;
  const name = nameOf(key, model);
  const at = (position: number): JudgedOperation => operations[position] as JudgedOperation;
  const stuck = furthest?.stuck === undefined ? refutation?.operations[0] : at(furthest.stuck);
  const { states, stateCount } = furthest ?? { states: [], stateCount: 0 };
  const prefix = (furthest?.prefix ?? []).map(at);
  const proof = new Set<JudgedOperation>(refutation?.operations);
  const explained = core === null ? null : describeCore(core, name);
  if (furthest !== null && stuck !== undefined) {
    proof.add(stuck);
    const lastChange = prefix.findLast(({ call }) => model.functions[call.f]?.reads !== true);
    if (lastChange !== undefined) proof.add(lastChange);
    for (const other of concurrentWith(stuck, operations)) proof.add(other);
  }
  const tellStuck = (): string => {
    if (stuck === undefined) return `no order of the operations on ${name} fits.`;
    const order = 'order of the operations before it that';
    return (
      `${model.describeCall(stuck.call, name)} ${place(stuck)}, but ` +
      (isOfEveryOrder
        ? `every ${order} explains their answers leaves ${name} at ${enumerateStates(model, states, stateCount)}.`
        : `no ${order} fits all answers, later ones too, lets it.`)
    );
  };
  const partials = (): Picture | undefined =>
    furthest === null ? undefined : partialLinearizations(model, operations, furthest.prefix);
  return {
    name: 'nonlinearizable',
    explanation: explained?.text ?? capitalise(refutation?.explanation ?? tellStuck()),
    operations: indexesOf(explained?.operations ?? [...proof]),
    ...picturesOf(explained, isOfEveryOrder || core !== null ? partials() : undefined),
    evidence: {
      key: key ?? null,
      model: model.name,
      stuckAt: stuck === undefined ? null : (stuck.completion ?? stuck.invocation).index,
      possibleStates: states,
      possibleStatesCount: stateCount,
      ...describePrefix(prefix),
      refutation: refutation === null ? null : describeRefutation(refutation),
      core: explained?.evidence ?? null,
    },
  };
}

function picturesOf(
  explained: Explanation | null,
  partials: Picture | undefined,
): Pick<Anomaly, 'picture' | 'morePictures'> {
  if (explained === null) return partials === undefined ? {} : { picture: partials };
  return { picture: explained.picture, ...(partials === undefined ? {} : { morePictures: [partials] }) };
}

/** How far the search of an undecided partition has come. */
export function describeProgress({ key, operations }: Partition, furthest: Furthest | null): Json {
  const stuck = furthest?.stuck === undefined ? undefined : operations[furthest.stuck];
  return {
    key: key ?? null,
    operations: operations.length,
    stuckAt: (stuck?.completion ?? stuck?.invocation)?.index ?? null,
    ...describePrefix((furthest?.prefix ?? []).map((position) => operations[position] as JudgedOperation)),
  };
}

function describePrefix(prefix: readonly JudgedOperation[]) {
  return {
    longestPrefix: prefix.slice(-MAX_PREFIX).map(({ invocation }) => invocation.index),
    longestPrefixLength: prefix.length,
  };
}

function describeRefutation({ test, explanation, operations }: Refutation): Json {
  return { test, explanation, operations: indexesOf(operations) };
}

/** Those that may take effect before or after it. */
function concurrentWith(stuck: JudgedOperation, operations: readonly JudgedOperation[]): JudgedOperation[] {
  const concurrent: JudgedOperation[] = [];
  for (const other of operations) {
    if (other.calledAt > stuck.returnedAt || concurrent.length >= MAX_CONCURRENT) break;
    if (other !== stuck && other.returnedAt > stuck.calledAt && other.completion?.type === 'ok') {
      concurrent.push(other);
    }
  }
  return concurrent;
}

function enumerateStates(model: Model, states: readonly Json[], count: number): string {
  const told = states.slice(0, MAX_STATES_TOLD).map((state) => model.describeState(state));
  if (count > told.length) {
    return `one of ${count} values, none of them allowed: ${told.join(', ')}, …`;
  }
  const last = told.pop() ?? 'no value at all';
  return told.length === 0 ? last : `${told.join(', ')} or ${last}`;
}

/** Invocations and completions, ascending. */
function indexesOf(operations: readonly JudgedOperation[]): number[] {
  const indexes = operations.flatMap(({ invocation, completion }) =>
    completion === undefined ? [invocation.index] : [invocation.index, completion.index],
  );
  return [...new Set(indexes)].sort((a, b) => a - b);
}

const capitalise = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1);
