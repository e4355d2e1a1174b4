/** One topic as an object: absent (null), or there with a number of partitions. */
import type { Json } from '../../harness/history/operation.ts';
import { type Call, describeJson, type Model } from '../linearizability/model.ts';
import { ending } from '../linearizability/models/attempt.ts';

export const CREATE = 'create-topic';
export const DELETE = 'delete-topic';
export const DESCRIBE = 'describe-topic';
/** By function, the broker's error that says how the topic was: there, or absent. */
export const REFUSALS: ReadonlyMap<string, string> = new Map([
  [CREATE, 'TOPIC_ALREADY_EXISTS'],
  [DELETE, 'UNKNOWN_TOPIC_OR_PARTITION'],
]);

export const topicModel: Model = {
  name: 'topic',
  summary: 'creations and deletions of a topic, absent at first',
  init: null,
  functions: { [CREATE]: { refusable: true }, [DELETE]: { refusable: true } },
  check: () => null,
  step: (state, call) => {
    const isThere = state !== null;
    const holds = call.f === CREATE ? !isThere : isThere;
    const next: Json = call.f === CREATE ? partitionsOf(call.argument) : null;
    if (call.outcome === 'ok') return holds ? next : undefined;
    if (call.outcome === 'refused') return holds ? undefined : state;
    return holds ? next : state;
  },
  describeCall: (call, name) => `${describe(call)} of ${name}${ending(call)}`,
  describeState: (state) => (state === null ? 'absent' : `there with ${describeJson(state)} partitions`),
};

function describe({ f, argument }: Call): string {
  return f === CREATE ? `creation (${String(partitionsOf(argument))} partitions)` : 'deletion';
}

/** Zero where the invocation does not say. */
export function partitionsOf(value: Json): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 0;
  const { partitions } = value as { readonly partitions?: Json };
  return typeof partitions === 'number' ? partitions : 0;
}
