/**
 * Stores of strings with appends. `kv` is one string; a history with keys holds one a key. `kv-store` is the whole
 * store as one object, for histories that shall be judged without the use of locality.
 */
import type { Json } from '../../../harness/history/operation.ts';
import { describeJson } from '../model.ts';
import type { Call, Model } from '../model.ts';
import { describeRegisterCall, effectOnRegister } from './registers.ts';

/** What `append` adds goes to the end. A key that was never written reads as `""` or null. */
export const kv: Model = {
  name: 'kv',
  summary: 'reads, writes, appends and deletes of strings, empty at first',
  noun: 'string',
  init: '',
  functions: { read: { reads: true }, write: {}, append: {}, delete: {} },
  check: (call) =>
    (call.f === 'append' || call.f === 'write') && typeof call.argument !== 'string' ? 'a string' : null,
  step: (state, call) => stepText(state as string, call),
  onlyObserves: (call) => call.f === 'append' && call.argument === '',
  lineage: {
    effect: (call) => {
      if (call.f === 'append') return call.argument === '' ? undefined : { extends: call.argument as string };
      return call.f === 'delete' ? { sets: '' } : effectOnRegister(call);
    },
    observed: (call) => (call.f === 'read' ? (call.result ?? '') : undefined),
  },
  describeCall: (call, name) =>
    call.f === 'append'
      ? `append of ${describeJson(call.argument)} to ${name}`
      : describeRegisterCall(call, name),
  describeState: describeJson,
};

function stepText(text: string, call: Call): string | undefined {
  switch (call.f) {
    case 'read':
      return (call.result ?? '') === text ? text : undefined;
    case 'write':
      return call.argument as string;
    case 'append':
      return text + (call.argument as string);
    case 'delete':
      return '';
    default:
      return undefined;
  }
}

const { lineage: _, ...withoutLineage } = kv;

/** All keys of a `kv` in one state: the texts that are not empty, each after its key, in the order of the keys. */
export const kvStore: Model = {
  ...withoutLineage,
  name: 'kv-store',
  summary: 'kv with all keys as one object, judged together',
  noun: 'store',
  acrossKeys: true,
  step: (state, call) => {
    const store = state as string;
    const { key, from, to, textFrom } = locate(store, call.key ?? null);
    const before = store.slice(textFrom, to);
    const after = stepText(before, call);
    if (after === undefined || after === before) return after === undefined ? undefined : store;
    const entry = after === '' ? '' : `${key}${after.length}:${after}`;
    return store.slice(0, from) + entry + store.slice(to);
  },
  describeCall: (call, name) => kv.describeCall(call, call.key === undefined ? name : nameOfKey(call.key)),
  describeState: (state) => describeJson(decode(state as string)),
};

const nameOfKey = (key: string | number): string => (typeof key === 'string' ? key : `key ${key}`);

interface Place {
  /** As it stands in the store: JSON and a colon. */
  readonly key: string;
  /** Of the key's entry, or empty where it has none. */
  readonly from: number;
  readonly to: number;
  readonly textFrom: number;
}

function locate(store: string, key: string | number | null): Place {
  const sought = `${JSON.stringify(key)}:`;
  let from = 0;
  while (from < store.length) {
    const entry = entryAt(store, from);
    if (entry.key === sought) return entry;
    if (entry.key > sought) break;
    from = entry.to;
  }
  return { key: sought, from, to: from, textFrom: from };
}

/** `"x":5:hello`: the text's length tells where it ends, and the quotes where the key does. */
function entryAt(store: string, from: number): Place {
  let keyEnd = from;
  if (store.charCodeAt(from) === QUOTE) {
    keyEnd = from + 1;
    while (store.charCodeAt(keyEnd) !== QUOTE) keyEnd += store.charCodeAt(keyEnd) === BACKSLASH ? 2 : 1;
  }
  keyEnd = store.indexOf(':', keyEnd) + 1;
  const textFrom = store.indexOf(':', keyEnd) + 1;
  const to = textFrom + Number(store.slice(keyEnd, textFrom - 1));
  return { key: store.slice(from, keyEnd), from, to, textFrom };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function decode(store: string): Json {
  const texts: Record<string, string> = {};
  for (let from = 0; from < store.length;) {
    const { key, to, textFrom } = entryAt(store, from);
    texts[String(JSON.parse(key.slice(0, -1)))] = store.slice(textFrom, to);
    from = to;
  }
  return texts;
}
