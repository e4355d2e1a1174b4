/**
 * Stores of strings with appends. `kv` is one string; a history with keys holds one a key. `kv-store` is the whole
 * store as one object, for histories that shall be judged without the use of locality.
 */
import type { Json } from '../../../harness/history/operation.ts';
import { describeJson } from '../model.ts';
import type { Call, Model } from '../model.ts';
import { overKeys } from './over-keys.ts';
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
  step: stepText,
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

function stepText(text: Json, call: Call): Json | undefined {
  switch (call.f) {
    case 'read':
      return (call.result ?? '') === text ? text : undefined;
    case 'write':
      return call.argument;
    case 'append':
      return (text as string) + (call.argument as string);
    case 'delete':
      return '';
    default:
      return undefined;
  }
}

const { lineage: _, ...withoutLineage } = kv;

/** Every key's `kv` in one state. */
export const kvStore: Model = overKeys(
  { ...withoutLineage, describeCall: (call, name) => kv.describeCall(call, nameOfKey(call, name)) },
  { name: 'kv-store', summary: 'kv with all keys as one object, judged together', noun: 'store' },
);

const nameOfKey = ({ key }: Call, store: string): string =>
  key === undefined ? store : typeof key === 'string' ? key : `key ${key}`;
