/**
 * The core of a partition that is not linearizable: few of its operations that are not linearizable by themselves, so
 * that a person can see it.
 *
 * Not all of the history is shrunk. What matters is most often near the operation at which the search is stuck, so a
 * window before it is tried, with what explains the operations in it (support.ts), and larger ones until one is not
 * linearizable; that is shrunk. Where values grow (appends, queues) it takes many operations to explain one: then the
 * core begins after an operation that tells the state (anchor.ts), or else at a quiescent cut, with the states in which
 * the object can be there (cuts.ts).
 */
import type { Model } from '../model.ts';
import { NEVER } from '../problem.ts';
import type { JudgedOperation } from '../problem.ts';
import { anchorsBefore } from './anchor.ts';
import { cutsBefore } from './cuts.ts';
import type { Cut } from './cuts.ts';
import { shrink } from './shrink.ts';
import type { Shrunk } from './shrink.ts';
import { Effort, SubHistories } from './sub-histories.ts';
import type { World } from './sub-histories.ts';
import { Pool, Supports } from './support.ts';

type Operations = readonly JudgedOperation[];

export interface Core {
  readonly model: Model;
  /** In the order of their calls. */
  readonly operations: Operations;
  /** In one of these was the object before them. */
  readonly worlds: readonly World[];
  /** The cut: the index in the history before which those worlds are. Null where they are the beginning. */
  readonly since: number | null;
  /** It found the object in that one world, and the operations come after it; else null. */
  readonly anchor: JudgedOperation | null;
  /** Operations that might explain or rescue one of the core. */
  readonly pool: Operations;
  /** No operation can be left out: what remains is linearizable, or has an operation that nothing explains. */
  readonly isMinimal: boolean;
  /** Nothing of the pool that was called before it returned explains the one operation that it has. */
  readonly isInexplicable: boolean;
}

/** Where to look. */
export interface Suspicion {
  /** The operation that no order passes. */
  readonly stuck: JudgedOperation | undefined;
  /** Operations that are a proof, the one that cannot be first. */
  readonly proof: Operations;
}

export interface CoreOptions {
  /** Of the search: each of three ways to a core may take so many. */
  readonly steps: number;
  readonly isOverdue: () => boolean;
}

/** Of them, for a first try, which is all that registers need. */
const FIRST_SHARE = 1 / 16;
const STEPS_EACH = 1 << 16;
/** To find the cuts, for each operation. */
const STEPS_TO_CUT = 1024;
/** Of the operations that may rescue a core, the last are looked at. */
const MAX_RESCUERS = 2000;
const FIRST_WINDOW = 16;
const WINDOW_FACTOR = 4;
/** Before the stuck operation, where an anchor is looked for. */
const MAX_TO_ANCHOR = 1024;
/** A core of so many operations is read at once. */
const SMALL = 8;

/** The core is null when none was found within the steps. */
export function findCore(
  model: Model,
  operations: Operations,
  suspicion: Suspicion,
  { steps, isOverdue }: CoreOptions,
): { readonly core: Core | null; readonly spent: number } {
  const efforts: Effort[] = [];
  const effort = (share: number, more = 0): Effort => {
    const next = new Effort(steps * share + more, isOverdue);
    efforts.push(next);
    return next;
  };
  const core = coreOfParts(model, operations, suspicion, effort);
  return { core, spent: efforts.reduce((sum, { spent }) => sum + spent, 0) };
}

type Efforts = (share: number, more?: number) => Effort;

function coreOfParts(
  model: Model,
  operations: Operations,
  suspicion: Suspicion,
  effort: Efforts,
): Core | null {
  const { part } = model;
  if (part === undefined) return coreOf(model, operations, suspicion, effort);
  // Keys that are apart: one of them fails by itself.
  const parts = new SubHistories(part, [beginning(part)], effort(1), STEPS_EACH);
  for (const ofKey of Map.groupBy(operations, ({ call }) => call.key).values()) {
    if (parts.judge(ofKey) !== 'illegal') continue;
    const stuck = ofKey.find((operation) => operation === suspicion.stuck);
    return coreOf(part, ofKey, { stuck, proof: [] }, effort);
  }
  return null;
}

const beginning = (model: Model): World => ({ state: model.init, placed: new Set() });

function coreOf(model: Model, operations: Operations, suspicion: Suspicion, effort: Efforts): Core | null {
  const prefix = upTo(operations, suspicion);
  const first = coreFromStart(model, operations, prefix, suspicion, effort(FIRST_SHARE));
  if (first !== null && first.operations.length <= SMALL) return first;
  const anchored = coreFromAnchor(model, prefix, suspicion, effort(1));
  if (anchored !== null && (first === null || anchored.operations.length < first.operations.length))
    return anchored;
  const fromCut = coreFromCut(model, prefix, suspicion, effort(1, STEPS_TO_CUT * prefix.length));
  if (fromCut !== null && (first === null || fromCut.operations.length < first.operations.length))
    return fromCut;
  return coreFromStart(model, operations, prefix, suspicion, effort(1)) ?? first;
}

/** Operations that are not linearizable from the initial state. */
function coreFromStart(
  model: Model,
  operations: Operations,
  prefix: Operations,
  suspicion: Suspicion,
  effort: Effort,
): Core | null {
  const parts = new SubHistories(model, [beginning(model)], effort, STEPS_EACH);
  const supports = new Supports(parts);
  const whole = { model, worlds: parts.worlds, since: null, anchor: null, pool: operations };
  const all = new Pool(model, operations);
  for (const suspect of suspects(suspicion)) {
    if (supports.of(suspect, all) !== null) continue;
    return { ...whole, operations: [suspect], isMinimal: true, isInexplicable: true };
  }
  const core = coreFromWindow(parts, supports, prefix, suspicion);
  return core === null ? null : { ...whole, ...core, isInexplicable: false };
}

/** What was called before the suspects returned: it is not linearizable by itself. */
function upTo(operations: Operations, { stuck, proof }: Suspicion): Operations {
  const ends = (stuck === undefined ? proof : [stuck]).map(({ returnedAt }) => returnedAt);
  const end = Math.max(
    ...ends.filter((returnedAt) => returnedAt !== NEVER),
    ...proof.map(({ calledAt }) => calledAt),
  );
  return ends.length === 0 ? operations : operations.filter(({ calledAt }) => calledAt <= end);
}

function suspects({ stuck, proof }: Suspicion): Operations {
  return [...new Set([...proof.slice(0, 1), ...(stuck === undefined ? [] : [stuck])])];
}

/** Of the last operations with what explains them, first of few and then of more. */
function coreFromWindow(
  parts: SubHistories,
  supports: Supports,
  prefix: Operations,
  { stuck, proof }: Suspicion,
): Shrunk | null {
  const pool = new Pool(parts.model, prefix);
  const always = stuck === undefined ? proof : [stuck, ...proof];
  for (
    let size = proof.length > 0 ? 0 : FIRST_WINDOW;
    ;
    size = Math.max(FIRST_WINDOW, size * WINDOW_FACTOR)
  ) {
    const window = supports.completed([...(size === 0 ? [] : prefix.slice(-size)), ...always], pool);
    if (parts.effort.isUsedUp) return null; // then what explains the operations may be missing
    const core = shrink(parts, supports, window, pool.changes.slice(-MAX_RESCUERS));
    if (core !== null || size >= prefix.length || parts.effort.isUsedUp) return core;
  }
}

/** Operations that are not linearizable after an anchor. */
function coreFromAnchor(
  model: Model,
  prefix: Operations,
  { stuck, proof }: Suspicion,
  effort: Effort,
): Core | null {
  const late = stuck ?? proof[0];
  if (late === undefined) return null;
  let best: Core | null = null;
  for (const { operation, state, rest } of anchorsBefore(model, prefix, late, MAX_TO_ANCHOR)) {
    if (effort.isUsedUp) break;
    const parts = new SubHistories(model, [{ state, placed: new Set() }], effort, STEPS_EACH);
    const supports = new Supports(parts);
    const pool = new Pool(model, rest);
    const common = { model, worlds: parts.worlds, since: null, anchor: operation, pool: rest };
    if (supports.of(late, pool) === null) {
      return { ...common, operations: [late], isMinimal: true, isInexplicable: true };
    }
    const core = shrink(parts, supports, supports.explicable(rest), pool.changes.slice(-MAX_RESCUERS));
    if (core === null || core.operations.length >= (best?.operations.length ?? Infinity)) continue;
    best = { ...common, ...core, isInexplicable: false };
    if (core.operations.length <= SMALL) break;
  }
  return best;
}

/** Operations that are not linearizable from the last cut on, or from one before it. */
function coreFromCut(model: Model, prefix: Operations, { stuck }: Suspicion, effort: Effort): Core | null {
  const end = stuck === undefined ? prefix.length : prefix.indexOf(stuck) + 1;
  const cuts = cutsBefore(model, prefix, end, effort);
  let best: Core | null = null;
  for (let back = 1; back < cuts.length && !effort.isUsedUp; back *= 2) {
    const { position, worlds, open } = cuts[cuts.length - back] as Cut;
    const parts = new SubHistories(model, worlds, effort, STEPS_EACH);
    const supports = new Supports(parts);
    const rest = supports.explicable([...open, ...prefix.slice(position)]);
    const core = shrink(parts, supports, rest, new Pool(model, rest).changes.slice(-MAX_RESCUERS));
    if (core === null) continue;
    if (best === null || core.operations.length < best.operations.length) {
      const since = (prefix[position] as JudgedOperation).calledAt;
      best = { model, ...core, worlds, since, anchor: null, pool: rest, isInexplicable: false };
    }
    if (core.operations.length <= SMALL) break;
  }
  return best;
}
