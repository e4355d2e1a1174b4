/**
 * Kafka's primitives: writing and reading big-endian binary data.
 *
 *     const writer = new Writer();
 *     writer.int32(7);
 *     writer.compactString('orders');
 *     const reader = new Reader(writer.take());
 *     reader.int32(); // 7
 *     reader.compactString(); // 'orders'
 *
 *     int8 int16 int32 int64          two's complement, most significant byte first; uint16 and uint32 without a sign
 *     unsignedVarint                  LEB128 of 32 bits; varint, varlong: the same of the zigzag of 32, of 64 bits
 *     string, nullableString          int16 length (−1: null) and UTF-8; the compact ones: unsignedVarint of length + 1
 *     bytes, nullableBytes            int32 length (−1: null) and bytes; the compact ones: unsignedVarint of length + 1
 *     array                           int32 count (−1: null); compact: unsignedVarint of count + 1 (0: null)
 *     uuid                            16 bytes, here as Kafka prints them: 22 characters of base64url without padding
 *
 * An int64 is a `number` here: offsets, timestamps and producer ids stay below 2⁵³, and one beyond is refused when it is
 * read rather than rounded. A Reader throws {@link MalformedError} on anything that does not fit, never reads beyond its
 * end, and hands out views, not copies. A Writer throws {@link EncodeError} for a value that its type cannot hold.
 */
export { EncodeError, MalformedError } from './codec-error.ts';
export { Reader } from './reader.ts';
export { uuidFromBytes, uuidToBytes, ZERO_UUID } from './uuid.ts';
export { Writer } from './writer.ts';
