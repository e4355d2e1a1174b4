/**
 * What can be wrong with bytes, and with what is to become bytes.
 *
 *     try { decode(reader) } catch (error) { if (error instanceof MalformedError) closeConnection() }
 */

/** The bytes are not what the protocol says. Always caught where the bytes came from outside. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/** A value cannot be written as it is: too long, too large, or not to be had in that version. A mistake of the caller. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
}
