/**
 * Cuts: moments at which few operations are open that may change the object. What comes after one depends on what came
 * before by a few *worlds*: which of the open ones have taken effect, and the state. So a failure late in a history can
 * be shown from there: *x was 7; then …*.
 *
 * Two things are told less exactly than they could be, both so that more seems possible than is, and an illegal
 * remainder is illegal all the same: an operation of unknown outcome may take effect before a cut and again after it;
 * and one that is open at a cut and only observes is taken to observe nothing.
 */
import type { Json, Operation } from '../../../harness/history/operation.ts';
import { internKey } from '../model.ts';
import type { Call, Model } from '../model.ts';
import { NEVER } from '../problem.ts';
import type { JudgedOperation } from '../problem.ts';
import { SubHistories } from './sub-histories.ts';
import type { Effort, World } from './sub-histories.ts';

type Operations = readonly JudgedOperation[];

export interface Cut {
  /** Operations called before it. */
  readonly position: number;
  /** In one of these is the object. */
  readonly worlds: readonly World[];
  /** Called before it, and of unknown outcome or, where they may change the state, not yet returned. */
  readonly open: Operations;
}

/** With more worlds nothing is gained by a cut. */
const MAX_WORLDS = 8;
/** Open operations that may change the state. */
const MAX_OPEN = 2;
const MAX_UNKNOWN = 64;
/** Operations between two cuts, at least; and at most, where a place for one is hard to find. */
const MIN_SEGMENT = 12;
const MAX_SEGMENT = 400;
/** By so much longer is the segment that is tried after one that had too many worlds. */
const BACK_OFF = 1.25;
/** Operations after a cut whose answers tell which worlds were none. */
const LOOKAHEAD = 24;
/** A cut whose worlds take more steps is none. */
const STEPS_EACH = 1 << 12;

/** True of operations that leave the state as it is. */
export function observes({ functions, onlyObserves }: Model, { call }: JudgedOperation): boolean {
  return call.outcome === 'refused' || functions[call.f]?.reads === true || onlyObserves?.(call) === true;
}

/** The first cut, before everything, and later ones up to a position. */
export function cutsBefore(
  model: Model,
  operations: Operations,
  end: number,
  effort: Effort,
): readonly Cut[] {
  const cuts: Cut[] = [{ position: 0, worlds: [{ state: model.init, placed: new Set() }], open: [] }];
  const unknown: JudgedOperation[] = [];
  let running: JudgedOperation[] = [];
  let dueAt = MIN_SEGMENT;
  for (let position = 0; position < end && !effort.isUsedUp; position++) {
    const operation = operations[position] as JudgedOperation;
    running = running.filter(({ returnedAt }) => returnedAt > operation.calledAt);
    const last = cuts.at(-1) as Cut;
    const distance = position - last.position;
    const changing = running.filter((other) => !observes(model, other));
    if (distance > MAX_SEGMENT || unknown.length > MAX_UNKNOWN) break;
    if (distance >= dueAt && changing.length <= MAX_OPEN) {
      const watching = new Set(running.filter((other) => observes(model, other)));
      const segment = operations.slice(last.position, position).filter((other) => !watching.has(other));
      const worlds = worldsAfter(
        model,
        last,
        segment,
        changing,
        lookahead(operations, position, end),
        effort,
      );
      if (worlds !== null) cuts.push({ position, worlds, open: [...unknown, ...changing].sort(byCall) });
      dueAt = worlds === null ? Math.ceil(distance * BACK_OFF) : MIN_SEGMENT;
    }
    (operation.returnedAt === NEVER ? unknown : running).push(operation);
  }
  return cuts;
}

const byCall = (a: JudgedOperation, b: JudgedOperation): number => a.calledAt - b.calledAt;

/**
 * The worlds in which a segment that begins at a cut can end, if what comes later is to be possible; null when there
 * are too many, none, or it takes too long. They are found one by one: between the segment and the later operations a
 * call takes down the world, if it is a new one; a last call after them tells it.
 */
function worldsAfter(
  model: Model,
  from: Cut,
  segment: Operations,
  openAtEnd: Operations,
  later: Lookahead,
  effort: Effort,
): readonly World[] | null {
  const known = new Map<ReturnType<typeof internKey>, Json>();
  let last: Json = null;
  const isNew = (world: Json): boolean => !known.has(internKey(world));
  const tell = (world: Json): void => {
    last = world;
  };
  const at = later.operations[0]?.calledAt ?? later.end;
  const marked = new Map(
    [...from.open, ...segment, ...later.operations].map((operation) => [
      operation,
      timed(mark(operation, openAtEnd.indexOf(operation)), later.end),
    ]),
  );
  const starts = from.worlds.map(({ state, placed }): World => ({
    state: [state, openAtEnd.map((operation) => placed.has(operation)), null],
    placed: new Set([...placed].map((operation) => marked.get(operation) as JudgedOperation)),
  }));
  const parts = new SubHistories(withMarks(model, isNew, tell), starts, effort, STEPS_EACH);
  const probes = [probe(TAKE_DOWN, at * TICKS - 2), probe(TELL, NEVER - 2)];
  const all = [...marked.values(), ...probes].sort(byCall);
  for (;;) {
    const outcome = parts.judge(all);
    if (outcome === 'undecided') return null;
    if (outcome === 'illegal') break;
    if (known.size === MAX_WORLDS) return null;
    known.set(internKey(last), last);
  }
  if (known.size === 0) return null;
  return [...known.values()].map((world) => {
    const [state, marks] = world as Marked;
    return { state, placed: new Set(openAtEnd.filter((_, i) => marks[i] === true)) };
  });
}

interface Lookahead {
  readonly operations: Operations;
  /** What has not returned then need not have happened. */
  readonly end: number;
}

function lookahead(operations: Operations, position: number, end: number): Lookahead {
  const to = Math.min(position + LOOKAHEAD, end);
  const last = operations[to - 1] as JudgedOperation;
  return { operations: operations.slice(position, to), end: operations[to]?.calledAt ?? last.calledAt + 1 };
}

/** Moments of the history are so far apart that the probes have room between them. */
const TICKS = 3;

function timed(operation: JudgedOperation, end: number): JudgedOperation {
  const { calledAt, returnedAt } = operation;
  return {
    ...operation,
    calledAt: calledAt * TICKS,
    returnedAt: returnedAt > end ? NEVER : returnedAt * TICKS,
  };
}

/** The state, which of the operations open at the cut have taken effect, and both as they were taken down. */
type Marked = readonly [state: Json, marks: readonly boolean[], takenDown: Json];

const TAKE_DOWN = '\u0000take-down';
const TELL = '\u0000tell';
/** Before the number of an open operation, and its function. */
const MARK = '\u0000mark ';

/** An operation that is open at the end may take effect before it, or after, and leaves its mark. */
function mark(operation: JudgedOperation, place: number): JudgedOperation {
  if (place === -1) return operation;
  const { call } = operation;
  return { ...operation, call: { ...call, f: `${MARK}${place} ${call.f}` } };
}

function withMarks(
  { lineage: _, part: __, ...model }: Model,
  isNew: (world: Json) => boolean,
  tell: (world: Json) => void,
): Model {
  return {
    ...model,
    functions: { ...model.functions, [TAKE_DOWN]: {}, [TELL]: {} },
    onlyObserves: (call) => !call.f.startsWith('\u0000') && model.onlyObserves?.(call) === true,
    step: (before, call) => {
      const [state, marks, takenDown] = before as Marked;
      if (call.f === TAKE_DOWN) {
        const world = [state, marks];
        return isNew(world) ? [state, marks, world] : undefined;
      }
      if (call.f === TELL) {
        tell(takenDown);
        return before;
      }
      const isMarked = call.f.startsWith(MARK);
      const [, place = '', f = ''] = isMarked ? call.f.split(' ', 3) : [];
      const next = model.step(state, isMarked ? { ...call, f } : call);
      if (next === undefined) return undefined;
      return [next, isMarked ? marks.with(Number(place), true) : marks, takenDown];
    },
  };
}

/** A call that no operation of the history stands for. */
function probe(f: string, at: number): JudgedOperation {
  const call: Call = { f, argument: null, outcome: 'ok', result: null };
  const invocation: Operation = { index: 0, time: 0, process: 0, type: 'invoke', f, value: null };
  return { call, invocation, completion: undefined, calledAt: at, returnedAt: at + 1 };
}
