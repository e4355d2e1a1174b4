/**
 * What may lie in a topic of a coordinator that no coordinator wrote there.
 *
 *     fc.array(fc.oneof(plausible, damaged(plausible), anyRecord))
 */
import fc from 'fast-check';
import type { LogRecord } from '../coordinator-log.ts';

/** Bytes of the value, or of a tombstone's key, changed and cut off. */
export const damaged = (plausible: fc.Arbitrary<LogRecord>): fc.Arbitrary<LogRecord> =>
  fc
    .tuple(
      plausible,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
      fc.nat(40),
    )
    .map(([{ key, value }, changes, cut]): LogRecord => {
      const bytes = (value ?? key).slice(0, cut < 10 ? cut : undefined);
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return value === null ? { key: bytes, value } : { key, value: bytes };
    });

export const anyRecord: fc.Arbitrary<LogRecord> = fc.record({
  key: fc.uint8Array({ maxLength: 12 }),
  value: fc.option(fc.uint8Array({ maxLength: 60 })),
});
