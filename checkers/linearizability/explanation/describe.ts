/**
 * A core in words and as a picture.
 *
 *     These 3 operations are enough: (1) write of 1 to x by process 0 (operations 0–1); (2) write of 2 to x by process 0
 *     (operations 2–3); (3) read of x returned 1 by process 1 (operations 4–5). (3) needs (1). (1) had returned before
 *     (2) was called, (2) before (3). In the order (1), (2), x is 2, and (3) cannot follow.
 */
import type { Json } from '../../../harness/history/operation.ts';
import type { TimelinePicture } from '../../checker.ts';
import type { JudgedOperation } from '../problem.ts';
import type { Core } from './core.ts';
import { needs, precedences } from './relations.ts';
import type { Relation } from './relations.ts';
import { Effort, SubHistories } from './sub-histories.ts';
import type { Reached } from './sub-histories.ts';

export interface Explanation {
  readonly text: string;
  readonly operations: readonly JudgedOperation[];
  readonly picture: TimelinePicture;
  readonly evidence: Json;
}

/** Of a larger core the first and the last operations are told, and no relations. */
const MAX_TOLD = 12;
const MAX_STATES_TOLD = 3;
const STEPS = 1 << 16;

/** @param name - of the object, in sentences */
export function describeCore(core: Core, name: string): Explanation {
  const { model, operations, worlds } = core;
  const isSmall = operations.length <= MAX_TOLD;
  const wants = isSmall ? needs(core) : [];
  const parts = new SubHistories(model, worlds, new Effort(STEPS, () => false), STEPS);
  const reached = parts.furthest(operations);
  const sentences = [
    introduce(core, name),
    ...(core.isInexplicable ? ['Nothing that had been called before it returned can have led to it.'] : []),
    ...(isSmall ? [...tellNeeds(core, wants), ...tellPrecedences(core)] : []),
    ...(core.isInexplicable || reached === null ? [] : [contradiction(core, reached, name)]),
  ];
  const indexOf = ({ invocation }: JudgedOperation): number => invocation.index;
  return {
    text: sentences.join(' '),
    operations,
    picture: {
      kind: 'timeline',
      operations: operations.map(indexOf),
      ...(reached === null ? {} : { order: reached.prefix.map(indexOf) }),
      arrows: wants.map(({ from, to }) => ({ from: indexOf(from), to: indexOf(to), label: 'needed by' })),
    },
    evidence: {
      operations: operations.map(indexOf),
      isMinimal: core.isMinimal,
      since: core.since,
      states: core.since === null ? [] : distinctStates(core),
      longestOrder: reached === null ? null : reached.prefix.map(indexOf),
      needs: wants.map(({ from, to }) => [indexOf(from), indexOf(to)]),
    },
  };
}

function introduce(core: Core, name: string): string {
  const { operations, since } = core;
  const number = operations.length;
  const what = number === 1 ? 'This operation alone is' : `These ${number} operations are`;
  const start = since === null ? what : `Before operation ${since}, ${name} was ${tellStates(core)}. ${what}`;
  const told = operations.map((operation, i) => `(${i + 1}) ${describe(core, operation, name)}`);
  const left = told.length - MAX_TOLD;
  if (left > 0) told.splice(MAX_TOLD / 2, left, `… ${left} more …`);
  return `${start} not linearizable: ${told.join('; ')}.`;
}

function describe({ model }: Core, { call, invocation, completion }: JudgedOperation, name: string): string {
  const where =
    completion === undefined
      ? `operation ${invocation.index}`
      : `operations ${invocation.index}–${completion.index}`;
  const doubt = call.outcome === 'unknown' ? ', which may have happened or not' : '';
  return `${model.describeCall(call, name)} by process ${invocation.process} (${where})${doubt}`;
}

function tellNeeds({ operations }: Core, wants: readonly Relation[]): string[] {
  const byNeeder = Map.groupBy(wants, ({ to }) => to);
  return [...byNeeder].map(
    ([to, relations]) =>
      `${numberOf(operations, to)} needs ${list(relations.map(({ from }) => numberOf(operations, from)))}.`,
  );
}

function tellPrecedences(core: Core): string[] {
  const told = precedences(core).map(({ from, to }, i) => {
    const [first, second] = [numberOf(core.operations, from), numberOf(core.operations, to)];
    return i === 0 ? `${first} had returned before ${second} was called` : `${first} before ${second}`;
  });
  return told.length === 0 ? [] : [`${list(told)}.`];
}

function contradiction(core: Core, { stuck, prefix, states }: Reached, name: string): string {
  const { model, operations } = core;
  const cannot =
    stuck === undefined ? 'nothing can follow' : `${numberOf(operations, stuck)} cannot take effect`;
  const told = states.slice(0, MAX_STATES_TOLD).map((state) => model.describeState(state));
  const state = told.length === states.length ? list(told, 'or') : `${told.join(', ')}, …`;
  if (prefix.length === 0)
    return `${name} is ${state}, where ${cannot}.`.replace(/^./, (letter) => letter.toUpperCase());
  const order =
    prefix.length > MAX_TOLD
      ? `${prefix.length} of them`
      : prefix.map((operation) => numberOf(operations, operation)).join(', ');
  return `The longest order that fits is ${order}: it leaves ${name} at ${state}, where ${cannot}.`;
}

function tellStates(core: Core): string {
  const states = distinctStates(core);
  const told = states.slice(0, MAX_STATES_TOLD).map((state) => core.model.describeState(state));
  return states.length > told.length ? `one of ${told.join(', ')}, …` : list(told, 'or');
}

function distinctStates({ worlds }: Core): readonly Json[] {
  return [...new Map(worlds.map(({ state }) => [JSON.stringify(state), state])).values()];
}

const numberOf = (operations: readonly JudgedOperation[], operation: JudgedOperation): string =>
  `(${operations.indexOf(operation) + 1})`;

function list(items: readonly string[], last = 'and'): string {
  return items.length < 2
    ? items.join('')
    : `${items.slice(0, -1).join(', ')} ${last} ${String(items.at(-1))}`;
}
