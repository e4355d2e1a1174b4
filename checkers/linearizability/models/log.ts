/**
 * `log`: elements at offsets 0, 1, 2, …
 *
 *     append v → v, or [offset, v]     it is the last; where the offset is told, it is that one
 *     read null → [v, …]               all elements
 *     read offset → [v, …]             all from that offset on
 *     poll null → [[offset, v], …]     some elements that are there, where they are
 *
 * Offsets without gaps only: for Kafka's, with transaction markers and compaction, see the checker of logs.
 */
import type { Json } from '../../../harness/history/operation.ts';
import { configurableInit, describeJson, isArray, sameJson } from '../model.ts';
import type { Call, Model } from '../model.ts';

export const log: Model = configurableInit({
  name: 'log',
  summary: 'appends to a log without gaps, and reads from an offset',
  init: [],
  functions: { append: {}, read: { reads: true }, poll: { reads: true } },
  check: ({ f, argument }) =>
    f === 'read' && argument !== null && !isOffset(argument) ? 'an offset, or null for 0' : null,
  step: (state, call) => {
    const elements = state as readonly Json[];
    if (call.f === 'append') {
      const offset = offsetOf(call);
      return offset === null || offset === elements.length ? [...elements, call.argument] : undefined;
    }
    const fits =
      call.f === 'poll'
        ? isPollOf(call.result ?? [], elements)
        : sameJson(elements.slice((call.argument as number | null) ?? 0), call.result ?? []);
    return fits ? state : undefined;
  },
  describeCall: (call, name) => {
    if (call.f === 'append') {
      const offset = offsetOf(call);
      return `append of ${describeJson(call.argument)} to ${name}${offset === null ? '' : ` at offset ${offset}`}`;
    }
    const from =
      call.f === 'read' && call.argument !== null ? ` from offset ${describeJson(call.argument)}` : '';
    return `${call.f} of ${name}${from} returned ${describeJson(call.result)}`;
  },
  describeState: describeJson,
});

const isOffset = (value: Json | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

export function offsetOf({ outcome, argument, result }: Call): number | null {
  if (outcome !== 'ok' || !isArray(result) || result.length !== 2) return null;
  const [offset, value] = result;
  return isOffset(offset) && sameJson(value as Json, argument) && !sameJson(result, argument) ? offset : null;
}

function isPollOf(records: Json, elements: readonly Json[]): boolean {
  return (
    isArray(records) &&
    records.every((record) => {
      if (!isArray(record) || record.length !== 2 || !isOffset(record[0])) return false;
      const element = elements[record[0]];
      return element !== undefined && sameJson(element, record[1] as Json);
    })
  );
}
