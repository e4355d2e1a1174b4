/**
 * What a log cannot do.
 *
 *     throw new LogCorruptError('t-0/00000000000000000000.log', 4096, 'a checksum does not match');
 */

/** A durable file says what it cannot say: the node must not start, or must stop. */
export class LogCorruptError extends Error {
  override readonly name = 'LogCorruptError';
  readonly path: string;
  readonly positionBytes: number;

  constructor(path: string, positionBytes: number, what: string, options?: { cause?: unknown }) {
    const advice =
      'restore the file, or remove the folder of this log and let it be fetched anew from another node';
    super(`${path} is corrupt at byte ${positionBytes}: ${what}; ${advice}`, options);
    this.path = path;
    this.positionBytes = positionBytes;
  }
}

/** An offset that the log does not have: it is below the log start or above the end of what may be read. */
export class OffsetOutOfRangeError extends Error {
  override readonly name = 'OffsetOutOfRangeError';
  readonly offset: number;

  constructor(offset: number, startOffset: number, endOffset: number) {
    super(`offset ${offset} is not in ${startOffset} to ${endOffset}`);
    this.offset = offset;
  }
}

/** Batches whose offsets do not follow the log: a follower was sent them, and nothing was appended. */
export class UnexpectedOffsetError extends Error {
  override readonly name = 'UnexpectedOffsetError';

  constructor(offset: number, logEndOffset: number) {
    super(`a batch from offset ${offset} cannot follow a log that ends at ${logEndOffset}`);
  }
}
