/**
 * Random ids of clusters and directories: what `kraft storage random-uuid` prints, 22 characters as Kafka's.
 *
 *     randomUuid(random) // 'MkU3OEVBNTcwNTJENDM2Qg'
 */
import type { Random } from '../../../harness/random.ts';
import { uuidFromBytes } from '../wire/bytes.ts';

/** A random UUID (version 4 of RFC 9562). None begins with a dash: a command line would take it for an option. */
export function randomUuid(random: Random): string {
  for (;;) {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < 16; at += 4) view.setUint32(at, random.uint32());
    view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x40);
    view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
    const text = uuidFromBytes(bytes) as string;
    // One in 64 begins so; a stream of random numbers that gives nothing else is none.
    if (!text.startsWith('-')) return text;
  }
}
