/**
 * Locks: `acquire` and `release`. A `fail` with the code `precondition-failed` says that the lock did not allow it;
 * any other says nothing.
 *
 * Where it matters who holds the lock, the owner is `client` in the operation's value ({"client":"c1","fence":7}), or
 * else the process. A process of unknown outcome is retired, so what it may hold is held for ever by a name that does
 * not come back: name the client where it does.
 */
import { HarnessError } from '../../../harness/errors.ts';
import type { Json } from '../../../harness/history/operation.ts';
import { configurableInit, describeJson, isArray } from '../model.ts';
import type { Call, Model } from '../model.ts';
import { attempt, ending } from './attempt.ts';

export type Owner = string | number;

/** Acquired and released by anybody, in turns. */
export const mutex: Model = configurableInit({
  name: 'mutex',
  summary: 'a lock that anybody may release',
  init: false,
  functions: { acquire: { refusable: true }, release: { refusable: true } },
  check: () => null,
  step: (state, call) => {
    const isAcquire = call.f === 'acquire';
    return attempt(call, state !== isAcquire, state, () => isAcquire);
  },
  describeCall: (call, name) => `${call.f} of ${name}${ending(call)}`,
  describeState: (state) => (state === true ? 'held' : 'free'),
});

const ownedLock: Pick<Model, 'heedsProcess' | 'functions' | 'check' | 'describeCall'> = {
  heedsProcess: true,
  functions: mutex.functions,
  check: () => null,
  describeCall: (call, name) => {
    const fence = fenceOf(call);
    const token = fence === null ? '' : ` with fence ${fence}`;
    return `${call.f} of ${name} for ${describeOwner(ownerOf(call))}${token}${ending(call)}`;
  },
};

/** Only its owner releases it. */
export const ownerMutex: Model = {
  ...ownedLock,
  name: 'owner-mutex',
  summary: 'a lock that only its owner may release',
  noun: 'mutex',
  init: null,
  step: (state, call) => {
    const owner = ownerOf(call);
    return call.f === 'acquire'
      ? attempt(call, state === null, state, () => owner)
      : attempt(call, state === owner, state, () => null);
  },
  describeState: (state) => (state === null ? 'free' : `held by ${describeOwner(state as Owner)}`),
};

/** The state is [owner, times]; `reentrant-mutex=2` allows two. */
function reentrantMutexOf(limit: number): Model {
  return {
    ...ownedLock,
    name: 'reentrant-mutex',
    summary: 'a lock that its owner may acquire again and must release as often; =N: up to N times',
    noun: 'mutex',
    init: null,
    configure: (parameter) => reentrantMutexOf(positive('reentrant-mutex', parameter)),
    step: (state, call) => {
      const [holder, times] = (state as readonly [Owner, number] | null) ?? [null, 0];
      const owner = ownerOf(call);
      if (call.f === 'acquire') {
        const isAllowed = holder === null || (holder === owner && times < limit);
        return attempt(call, isAllowed, state, () => [owner, times + 1]);
      }
      return attempt(call, holder === owner, state, () => (times === 1 ? null : [owner, times - 1]));
    },
    describeState: (state) => {
      if (state === null) return 'free';
      const [owner, times] = state as readonly [Owner, number];
      return `held by ${describeOwner(owner)} ${times} ${times === 1 ? 'time' : 'times'}`;
    },
  };
}
export const reentrantMutex: Model = reentrantMutexOf(Infinity);

/**
 * Each acquisition that tells its fencing token has a greater one than all before. The state is [owner or null, fence];
 * an acquisition that tells none leaves the greatest known.
 */
export const fencedMutex: Model = {
  ...ownedLock,
  name: 'fenced-mutex',
  summary: 'an owner-mutex whose acquisitions return fencing tokens that only grow',
  noun: 'mutex',
  init: [null, null],
  step: (state, call) => {
    const [holder, greatest] = state as readonly [Owner | null, number | null];
    const owner = ownerOf(call);
    if (call.f === 'release') return attempt(call, holder === owner, state, () => [null, greatest]);
    const fence = fenceOf(call);
    if (fence !== null && greatest !== null && fence <= greatest) return undefined;
    return attempt(call, holder === null, state, () => [owner, fence ?? greatest]);
  },
  describeState: (state) => {
    const [holder, greatest] = state as readonly [Owner | null, number | null];
    const held = holder === null ? 'free' : `held by ${describeOwner(holder)}`;
    return greatest === null ? held : `${held}, the last fence being ${greatest}`;
  },
};

/** The state is the permits held. */
function semaphoreOf(permits: number): Model {
  return {
    name: 'semaphore',
    summary: 'permits that anybody may release, one unless =N gives their number',
    init: 0,
    functions: mutex.functions,
    check: () => null,
    configure: (parameter) => semaphoreOf(positive('semaphore', parameter)),
    step: (state, call) => {
      const held = state as number;
      return call.f === 'acquire'
        ? attempt(call, held < permits, state, () => held + 1)
        : attempt(call, held > 0, state, () => held - 1);
    },
    describeCall: (call, name) => `${call.f} of a permit of ${name}${ending(call)}`,
    describeState: (state) => `${state as number} of ${permits} permits held`,
  };
}
export const semaphore: Model = semaphoreOf(1);

/** The state is [owner, permits] of all that hold some, in the order of the owners. */
function ownerSemaphoreOf(permits: number): Model {
  return {
    ...ownedLock,
    name: 'owner-semaphore',
    summary: 'permits that only who holds them may release, one unless =N gives their number',
    noun: 'semaphore',
    init: [],
    configure: (parameter) => ownerSemaphoreOf(positive('owner-semaphore', parameter)),
    step: (state, call) => {
      const holders = state as readonly (readonly [Owner, number])[];
      const owner = ownerOf(call);
      const held = holders.find(([holder]) => holder === owner)?.[1] ?? 0;
      const total = holders.reduce((sum, [, count]) => sum + count, 0);
      const others = holders.filter(([holder]) => holder !== owner);
      const holding = (count: number): Json =>
        count === 0
          ? others
          : [...others, [owner, count] as const].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
      return call.f === 'acquire'
        ? attempt(call, total < permits, state, () => holding(held + 1))
        : attempt(call, held > 0, state, () => holding(held - 1));
    },
    describeState: (state) => {
      const holders = (state as readonly (readonly [Owner, number])[]).map(
        ([owner, count]) => `${count} by ${describeOwner(owner)}`,
      );
      return holders.length === 0 ? 'free' : `held: ${holders.join(', ')}`;
    },
  };
}
export const ownerSemaphore: Model = ownerSemaphoreOf(1);

const describeOwner = (owner: Owner): string =>
  typeof owner === 'number' ? `process ${owner}` : `client ${owner}`;

/** A client that is named may be in the answer alone. */
export function ownerOf({ argument, result, process }: Call): Owner {
  const named = field(argument, 'client') ?? field(result, 'client');
  if (typeof named === 'string') return named;
  return named === null ? (process ?? 0) : `${describeJson(named)}`;
}

/** The token that the answer tells; a number below 0 is none. */
export function fenceOf({ f, outcome, result }: Call): number | null {
  if (f !== 'acquire' || outcome !== 'ok') return null;
  const fence = typeof result === 'number' ? result : field(result, 'fence');
  return typeof fence === 'number' && fence >= 0 ? fence : null;
}

function field(value: Json, name: string): Json {
  if (typeof value !== 'object' || value === null || isArray(value)) return null;
  return value[name] ?? null;
}

function positive(name: string, parameter: Json): number {
  if (typeof parameter === 'number' && Number.isSafeInteger(parameter) && parameter > 0) return parameter;
  throw new HarnessError(
    'usage',
    `--model ${name}=N takes a whole number above 0, not ${describeJson(parameter)}`,
  );
}
