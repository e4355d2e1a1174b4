/**
 * Objects whose answers tell a version: `versioned-register`, and `versioned-kv`, a store with one revision for all keys.
 *
 *     write [null, "a"] → [1, "a"]       the first version, as in Jepsen's tests of etcd
 *     write "b" → "b" at position 2      the same, told as the operation's position
 *     read null → [2, "b"]
 *     cas ["b", "c"] → [3, ["b", "c"]]
 *
 * Here versions are part of the answers, so what contradicts them is not linearizable, even where the values alone
 * would be. Who does not want to hear that takes `cas-register`, of which positions can only accept an order.
 */
import { HarnessError } from '../../../harness/errors.ts';
import type { Json, Operation } from '../../../harness/history/operation.ts';
import { describeJson, isArray, sameJson } from '../model.ts';
import type { Call, Model } from '../model.ts';
import { attempt, ending } from './attempt.ts';

/** What an answer tells; null where it does not. */
export interface Told {
  /** Of the value that was left or read. */
  readonly version: number | null;
  readonly value: Json;
  /** Where the system put the operation. */
  readonly position: number | null;
}

/** A change: the value it leaves, and the one that it needs to find. */
export interface Change {
  readonly value: Json;
  readonly expected?: Json;
}

/**
 * An answer is the value, or [version, value]; that of a change tells a version only where the value is what was asked for, so
 * that the echo of a cas [1, 2] is none.
 */
export function toldBy(call: Call): Told {
  const { result } = call;
  const isPositioned =
    isFields(result) && Object.keys(result).length === 2 && typeof result['position'] === 'number';
  const answered = isPositioned ? (result['told'] ?? null) : result;
  const position = isPositioned ? (result['position'] as number) : null;
  if (
    isPair(answered) &&
    isVersion(answered[0]) &&
    (call.f === 'read' || sameJson(answered[1], askedBy(call)))
  ) {
    return { version: answered[0], value: answered[1], position };
  }
  return { version: null, value: answered, position };
}

function isFields(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !isArray(value);
}

const isVersion = (version: Json): version is number | null =>
  version === null || Number.isSafeInteger(version);

/** Null of a read. */
export function changeOf(call: Call): Change | null {
  const { f } = call;
  if (f === 'read') return null;
  if (f === 'delete') return { value: null };
  const asked = askedBy(call);
  if (f === 'write') return { value: asked };
  const [expected, value] = asked as readonly [Json, Json];
  return { value, expected };
}

/** The argument, or what stands in it beside null in place of a version. */
function askedBy({ f, argument }: Call): Json {
  const isVersioned = isPair(argument) && argument[0] === null && (f === 'write' || isPair(argument[1]));
  return isVersioned ? argument[1] : argument;
}

function isPair(value: Json): value is readonly [Json, Json] {
  return isArray(value) && value.length === 2;
}

const answer = ({ value, position }: Operation): Json =>
  position === undefined ? value : { told: value, position: position.index };

const common = {
  functions: { read: { reads: true }, write: {}, cas: { refusable: true } },
  check: (call) => (call.f === 'cas' && !isPair(call.argument) ? '[expected, new]' : null),
  answer,
  describeCall: (call, object) => {
    const name =
      call.key === undefined ? object : typeof call.key === 'string' ? call.key : `key ${call.key}`;
    const { version, value, position } = toldBy(call);
    const at = [
      ...(version === null ? [] : [`version ${version}`]),
      ...(position === null ? [] : [`position ${position}`]),
    ].join(', ');
    const where = at === '' ? '' : ` (${at})`;
    const change = changeOf(call);
    if (change === null) return `read of ${name} returned ${describeJson(value)}${where}`;
    if (call.f === 'delete') return `delete of ${name}${where}`;
    if (change.expected === undefined) return `write of ${describeJson(change.value)} to ${name}${where}`;
    const [from, to] = [describeJson(change.expected), describeJson(change.value)];
    return `cas of ${name} from ${from} to ${to}${call.outcome === 'ok' ? ' succeeded' : ending(call)}${where}`;
  },
  describeState: describeJson,
} satisfies Partial<Model>;

/** The version that an answer of a versioned register tells: its own, or its position. */
export function registerVersion(call: Call): number | null {
  const { version, position } = toldBy(call);
  return version ?? position;
}

/** The state is [version, value]; each change makes the next version. `versioned-register=[0,"a"]` is another beginning. */
export const versionedRegister: Model = versionedFrom([0, null]);

function versionedFrom(init: Json): Model {
  return {
    ...common,
    name: 'versioned-register',
    summary: 'reads, writes and cas that tell versions; each change makes the next one, from 0',
    noun: 'register',
    init,
    step: stepRegister,
    configure: (parameter) => {
      if (!isPair(parameter) || !Number.isSafeInteger(parameter[0])) {
        throw new HarnessError(
          'usage',
          `--model versioned-register=… takes [version, value], such as [0, null]`,
        );
      }
      return versionedFrom(parameter);
    },
  };
}

function stepRegister(state: Json, call: Call): Json | undefined {
  const [version, value] = state as readonly [number, Json];
  const told = call.outcome === 'ok' ? registerVersion(call) : null;
  const change = changeOf(call);
  if (change === null && call.outcome !== 'ok') return state;
  if (change === null) {
    return (told ?? version) === version && sameJson(toldBy(call).value, value) ? state : undefined;
  }
  const fits = change.expected === undefined || sameJson(change.expected, value);
  if (fits && (told ?? version + 1) !== version + 1) return undefined;
  return attempt(call, fits, state, () => [version + 1, change.value]);
}

/**
 * The last change of a key, which has a revision between `low` and `high`, exclusive; `low` where they are equal. `high` is null
 * where nothing bounds it.
 */
type Written = readonly [key: string | number | null, low: number, high: number | null, value: Json];

interface Store {
  /** Later changes have a greater revision. */
  readonly revision: number;
  /** The last change of each key, in their order. */
  readonly written: readonly Written[];
}

/** Revisions are whole numbers: what is at most 7 is below this much above 7. */
const ABOVE = 0.5;

/**
 * Revisions grow with each change of any key, perhaps by more than one. A read tells the revision at which its key was changed
 * last, 0 or null where it is not there; its position is the revision of the store that it saw. A change of unknown outcome has a
 * revision that nobody told: some number between those of the changes around it.
 */
export const versionedKv: Model = {
  ...common,
  name: 'versioned-kv',
  summary: 'a store whose answers tell revisions, which grow with each change of any key',
  noun: 'store',
  acrossKeys: true,
  init: { revision: 0, written: [] },
  functions: { ...common.functions, delete: {} },
  step: (state, call) => {
    const store = state as unknown as Store;
    const key = call.key ?? null;
    const last = store.written.find(([name]) => name === key);
    const value = last?.[3] ?? null;
    const change = changeOf(call);
    if (change === null) {
      return call.outcome === 'ok' ? (read(store, last, value, toldBy(call)) as unknown as Json) : state;
    }
    const told = call.outcome === 'ok' ? toldBy(call) : null;
    const fits = change.expected === undefined || sameJson(change.expected, value);
    const revision = told?.version ?? told?.position ?? null;
    if (fits && revision !== null && revision <= store.revision) return undefined;
    return attempt(call, fits, state, () => changed(store, key, revision, change.value) as unknown as Json);
  },
};

function read(store: Store, last: Written | undefined, value: Json, told: Told): Store | undefined {
  const { version, position } = told;
  if (!sameJson(told.value, value)) return undefined;
  let { revision, written } = store;
  if (version !== null && (value !== null || version !== 0)) {
    if (last === undefined) return undefined;
    const [, low, high] = last;
    const isKnown = low === high;
    if (isKnown ? version !== low : version <= low || version >= (high ?? Infinity)) return undefined;
    if (!isKnown) {
      const at = written.indexOf(last);
      written = written.map((other, i): Written => {
        const [key, from, to, left] = other;
        if (from === to) return other;
        if (i === at) return [key, version, version, left];
        return i < at
          ? [key, from, Math.min(to ?? Infinity, version), left]
          : [key, Math.max(from, version), to, left];
      });
      revision = Math.max(revision, version);
    }
  }
  if (position !== null) {
    if (position < revision) return undefined;
    if (written.some(([, low, high]) => low !== high && low >= position)) return undefined;
    written = boundedBy(written, position + ABOVE);
    revision = position;
  }
  return { revision, written };
}

function changed(store: Store, key: Written[0], revision: number | null, value: Json): Store {
  const others = store.written.filter(([name]) => name !== key);
  if (revision === null) {
    return { revision: store.revision, written: [...others, [key, store.revision, null, value]] };
  }
  return { revision, written: [...boundedBy(others, revision), [key, revision, revision, value]] };
}

const boundedBy = (written: readonly Written[], bound: number): readonly Written[] =>
  written.map((one): Written => {
    const [key, low, high, value] = one;
    return low === high ? one : [key, low, Math.min(high ?? Infinity, bound), value];
  });
