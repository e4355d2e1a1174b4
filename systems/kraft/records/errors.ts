/**
 * What is wrong with bytes that claim to be record batches. Always caught where bytes came from outside, and answered with
 * Kafka's error of that meaning (CORRUPT_MESSAGE, UNSUPPORTED_COMPRESSION_TYPE, INVALID_RECORD, INVALID_TIMESTAMP).
 *
 *     throw new RecordError('bad-crc', 4096, 'the CRC is 1234abcd, and the bytes have 0badcafe');
 */
export type RecordErrorCode =
  /** The bytes end inside a batch, a record or a compressed block. */
  | 'truncated'
  /** Not record batch v2: an older format, or no batch at all. */
  | 'bad-magic'
  /** A length that no batch can have, or more than is allowed. */
  | 'bad-length'
  | 'bad-crc'
  /** A field or a record that contradicts the format. */
  | 'bad-record'
  /** A time of a record that is too far from now. */
  | 'bad-timestamp'
  | 'bad-compression'
  /** Compressed records that come to more bytes than is allowed: a decompression bomb. */
  | 'too-large';

export class RecordError extends Error {
  override readonly name = 'RecordError';
  readonly code: RecordErrorCode;
  /** Where in the bytes that were read. */
  readonly positionBytes: number;

  constructor(code: RecordErrorCode, positionBytes: number, message: string, options?: { cause?: unknown }) {
    super(`${code} at byte ${positionBytes}: ${message}`, options);
    this.code = code;
    this.positionBytes = positionBytes;
  }
}
