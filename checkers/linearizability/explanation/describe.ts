/**
 * A core in words and as a picture: first what is wrong, then the operations that show it, then where they end.
 *
 *     Read of x by process 1 (operations 4–5) returned 1, although write of 2 to x by process 0 had completed (operation 3)
 *     before it was called. These 3 operations show it: (1) write of 1 to x by process 0 (0–1); (2) write of 2 to x by
 *     process 0 (2–3); (3) read of x by process 1 (4–5) returned 1, needs (1). Each had returned before the next was
 *     called. The order that comes furthest, (1), (2), leaves x at 2, where (3) cannot take effect.
 */
import type { Json } from '../../../harness/history/operation.ts';
import type { TimelinePicture } from '../../checker.ts';
import type { Call, Model } from '../model.ts';
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
export function describeCore(found: Core, name: string): Explanation {
  const { model, worlds, anchor } = found;
  const operations = anchor === null ? found.operations : [anchor, ...found.operations];
  const core: Core = { ...found, operations };
  const isSmall = operations.length <= MAX_TOLD;
  const wants = isSmall ? needs(core) : [];
  const parts = new SubHistories(model, worlds, new Effort(STEPS, () => false), STEPS);
  const reached = parts.furthest(operations);
  const text = core.isInexplicable
    ? inexplicable(core, name)
    : [
        `${introduce(core, reached, wants, name)} ${enumerate(core, wants, name)}.`,
        ...(isSmall ? tellPrecedences(core) : []),
        ...(reached?.stuck === undefined ? [] : [contradiction(core, reached, reached.stuck, name)]),
      ].join(' ');
  const indexOf = ({ invocation }: JudgedOperation): number => invocation.index;
  return {
    text: capitalise(text),
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

function inexplicable({ model, operations, anchor }: Core, name: string): string {
  const operation = operations.at(-1) as JudgedOperation;
  return anchor === null
    ? `${tell(model, operation, name)}, but nothing that had been called before it returned can have led to that.`
    : `${tell(model, operation, name)}, although this had completed before it was called: ` +
        `${tell(model, anchor, name)}; and nothing that was called since can have led from there to that.`;
}

/** What is wrong, up to the colon before the operations. */
function introduce(core: Core, reached: Reached | null, wants: readonly Relation[], name: string): string {
  const { operations, since, model } = core;
  const these = `these ${operations.length} operations`;
  const start =
    since === null ? '' : `Before operation ${since}, ${name} was ${tellStates(core)}; from there `;
  const stuck = reached?.stuck;
  if (reached === null || stuck === undefined) {
    return since === null ? `No order of ${these} fits:` : `${start}no order of ${these} fits:`;
  }
  const before = operations.length > MAX_TOLD ? undefined : obstacle(core, reached, stuck, wants);
  if (before === undefined) {
    const lets = `no order of ${these} allows it:`;
    return `${tell(model, stuck, name)}, but ${since === null ? lets : `${lowerFirst(start)}${lets}`}`;
  }
  const show = since === null ? `${capitalise(these)} show it:` : `${start}${these} show it:`;
  return `${tell(model, stuck, name)}, although ${tellCompleted(model, before, name)} ${show}`;
}

/**
 * Of the order that comes furthest, the last operation that had completed before the one that cannot follow was called,
 * and after which it cannot be: what a person would hold against it.
 */
function obstacle(
  { model }: Core,
  { prefix, world }: Reached,
  stuck: JudgedOperation,
  wants: readonly Relation[],
): JudgedOperation | undefined {
  const needed = new Set(wants.filter(({ to }) => to === stuck).map(({ from }) => from));
  let found: JudgedOperation | undefined;
  let state: Json | undefined = world.state;
  for (const operation of prefix) {
    state = model.step(state, operation.call);
    if (state === undefined) break;
    const isHeld = operation.returnedAt < stuck.calledAt && !needed.has(operation);
    if (isHeld && model.step(state, stuck.call) === undefined) found = operation;
  }
  return found;
}

function tellCompleted(model: Model, operation: JudgedOperation, name: string): string {
  const { call, invocation, returnedAt } = operation;
  const by = `by process ${invocation.process}`;
  return tellsAnswer(model, operation, name)
    ? `this had completed before it was called: ${describe(model, operation, name, `${by} (${indexesOf(operation)})`)}.`
    : `${model.describeCall(call, name)} ${by} had completed (operation ${returnedAt}) before it was called.`;
}

/** The operation as a clause of its own. */
function tell(model: Model, operation: JudgedOperation, name: string): string {
  const noun = operation.completion === undefined ? 'operation' : 'operations';
  const by = `by process ${operation.invocation.process} (${noun} ${indexesOf(operation)})`;
  const ending = tellsAnswer(model, operation, name) ? '' : ' was acknowledged';
  return `${describe(model, operation, name, by)}${ending}`;
}

function enumerate({ model, operations }: Core, wants: readonly Relation[], name: string): string {
  const told = operations.map((operation, i) => {
    const doubt = operation.call.outcome === 'unknown' ? doubtOf(operation) : '';
    const by = `by process ${operation.invocation.process} (${indexesOf(operation)}${doubt})`;
    const needed = wants.filter(({ to }) => to === operation).map(({ from }) => numberOf(operations, from));
    const relation = needed.length === 0 ? '' : `, needs ${list(needed)}`;
    return `(${i + 1}) ${describe(model, operation, name, by)}${relation}`;
  });
  const left = told.length - MAX_TOLD;
  if (left > 0) told.splice(MAX_TOLD / 2, left, `… ${left} more …`);
  return told.join('; ');
}

/** After an anchor, what was open with it is taken for one of unknown outcome. */
const doubtOf = ({ completion }: JudgedOperation): string =>
  completion?.type === 'ok' ? ', perhaps before (1)' : ', outcome unknown';

/** Who did it stands before the answer: `read of x by process 1 returned 2`. */
function describe(model: Model, { call }: JudgedOperation, name: string, by: string): string {
  const told = model.describeCall(call, name);
  const asked = describeQuestion(model, call, name);
  if (asked !== null)
    return told.startsWith(asked) ? `${asked} ${by}${told.slice(asked.length)}` : `${told} ${by}`;
  const named = model.describeCall(call, `${name} ${by}`);
  return named.includes(by) ? named : `${told} ${by}`;
}

/** The description says more than what was asked for. */
function tellsAnswer(model: Model, { call }: JudgedOperation, name: string): boolean {
  return model.describeCall(call, name) !== describeQuestion(model, call, name);
}

/** Null for what only reads: without an answer no such call is described. */
function describeQuestion(model: Model, call: Call, name: string): string | null {
  if (model.functions[call.f]?.reads === true) return null;
  return model.describeCall({ ...call, outcome: 'unknown', result: null }, name);
}

const indexesOf = ({ invocation, completion }: JudgedOperation): string =>
  completion === undefined ? `${invocation.index}` : `${invocation.index}–${completion.index}`;

function tellPrecedences(core: Core): string[] {
  const { operations } = core;
  const all = precedences(core);
  const isChain =
    all.length === operations.length - 1 &&
    all.every(({ from, to }) => operations.indexOf(to) === operations.indexOf(from) + 1);
  if (isChain && all.length > 1) return ['Each had returned before the next was called.'];
  const told = [...Map.groupBy(all, ({ from }) => from)].map(([from, relations], i) => {
    const later = list(relations.map(({ to }) => numberOf(operations, to)));
    const verb = relations.length === 1 ? 'was' : 'were';
    return i === 0
      ? `${numberOf(operations, from)} had returned before ${later} ${verb} called`
      : `${numberOf(operations, from)} before ${later}`;
  });
  return told.length === 0 ? [] : [`${told.join('; ')}.`];
}

function contradiction(core: Core, reached: Reached, stuck: JudgedOperation, name: string): string {
  const { model, operations } = core;
  const { prefix, world } = reached;
  const cannot = `${numberOf(operations, stuck)} cannot take effect`;
  let last = world.state;
  for (const { call } of prefix) {
    const next = model.step(last, call);
    if (next !== undefined) last = next;
  }
  const state = model.describeState(last);
  if (prefix.length === 0) return capitalise(`${name} is ${state} at first, where ${cannot}.`);
  const order =
    prefix.length > MAX_TOLD
      ? `${prefix.length} of them`
      : prefix.map((operation) => numberOf(operations, operation)).join(', ');
  return `The order that comes furthest, ${order}, leaves ${name} at ${state}, where ${cannot}.`;
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

const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
