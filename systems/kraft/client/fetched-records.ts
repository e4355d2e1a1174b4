/**
 * The records in a partition's part of a fetch response, as a consumer sees them.
 *
 *     readFetched(records, { fromOffset: 7, aborted: [{ producerId: 3, firstOffset: 5 }], isolation: 'read-committed' });
 *     // { records: [{ offset: 9, value, … }], nextOffset: 10 }
 *
 * Left out are records before the offset that was asked for (a batch comes whole), control batches, and, read committed, the
 * records of aborted transactions: those of a producer in the list, from the transaction's first offset to its marker
 * (KIP-98). A batch that is cut off at the end is left for the next fetch. Every checksum is verified.
 */
import { readBatches, type RecordBatch } from '../records/batch.ts';
import { decodeControlBatch } from '../records/control.ts';
import { RecordError } from '../records/errors.ts';
import type { Record } from '../records/record.ts';
import { readRecords } from '../records/record.ts';

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface Fetched {
  readonly records: readonly Record[];
  /** Where to go on: also behind what was left out. */
  readonly nextOffset: number;
}

/** @throws RecordError for bytes that are damaged */
export function readFetched(
  bytes: Uint8Array,
  options: {
    readonly fromOffset: number;
    readonly aborted: readonly AbortedTransaction[];
    readonly isolation: 'read-committed' | 'read-uncommitted';
  },
): Fetched {
  const { fromOffset, isolation } = options;
  const aborted = [...options.aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const abortedNow = new Set<number>();
  const records: Record[] = [];
  let nextOffset = fromOffset;
  for (const batch of wholeBatches(bytes)) {
    const { lastOffset } = batch;
    if (lastOffset < fromOffset) continue;
    nextOffset = lastOffset + 1;
    while (aborted[0] !== undefined && aborted[0].firstOffset <= lastOffset) {
      abortedNow.add((aborted.shift() as AbortedTransaction).producerId);
    }
    if (batch.isControl) {
      // Of a producer that has nothing aborted here, it ends nothing.
      if (abortedNow.has(batch.producerId) && isAbort(batch)) abortedNow.delete(batch.producerId);
      continue;
    }
    if (isolation === 'read-committed' && batch.isTransactional && abortedNow.has(batch.producerId)) continue;
    for (const record of readRecords(batch)) if (record.offset >= fromOffset) records.push(record);
  }
  return { records, nextOffset };
}

const isAbort = (batch: RecordBatch): boolean =>
  decodeControlBatch(batch).some(({ type }) => type === 'abort');

function* wholeBatches(bytes: Uint8Array) {
  try {
    yield* readBatches(bytes, { verify: true });
  } catch (error) {
    // A broker cuts at a number of bytes, and not between batches.
    if (!(error instanceof RecordError) || error.code !== 'truncated') throw error;
  }
}
