/**
 * Producer ids: what a broker was given, nobody else is given, ever. Two producers with one id take each other's sequence numbers
 * for their own, and a broker drops what it takes for a repetition.
 *
 *     n1 producer-ids  0 to 999       n2 producer-ids  1000 to 1999       n1 producer-ids  1000 to 1999: producer-ids-given-twice
 *
 * Every record counts by itself, whatever the order of different brokers. Blocks are few: a broker asks for one when it has none left.
 */
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { Anomaly } from '../checker.ts';
import { toAnomaly } from './monitor.ts';
import { row, tableOf } from './rule.ts';

const INVARIANTS = tableOf({
  'producer-ids-given-twice': row('A producer id is given to one broker, and once.', 'KIP-730'),
});

interface Block {
  readonly firstId: number;
  readonly endId: number;
  readonly record: TraceRecord;
}

export class ProducerIds {
  readonly #blocks: Block[] = [];

  /** The anomaly that this record brings to light. */
  observe(record: TraceRecord): Anomaly | undefined {
    const { event, node } = record;
    if (event.kind !== 'producer-ids') return undefined;
    const { firstId } = event;
    const endId = firstId + event.count;
    const other = this.#blocks.find((block) => block.firstId < endId && firstId < block.endId);
    this.#blocks.push({ firstId, endId, record });
    if (other === undefined) return undefined;
    const id = Math.max(firstId, other.firstId);
    const detail = `${node} is given producer id ${id}, which ${other.record.node} has been given`;
    return toAnomaly(
      { name: 'producer-ids-given-twice', first: other.record, second: record, detail },
      INVARIANTS,
    );
  }

  figures(): { readonly producerIdBlocks: number } {
    return { producerIdBlocks: this.#blocks.length };
  }
}
