/**
 * Why a call of a client did not succeed, and whether it certainly took no effect.
 *
 *     throw ClientError.answered(ERROR.NOT_ENOUGH_REPLICAS, 'a produce to t0-1'); // definite: nothing was appended
 *     throw ClientError.unanswered({ reason: 'n1:9092 did not answer in time', sent: true }, 'a produce to t0-1'); // not
 *
 * The codes are Kafka's names of errors, and a few of our own: what no broker said. It is the caller who knows whether
 * what he asked could have an effect at all: a read without an answer observed nothing.
 */
import type { SystemError } from '../../system.ts';
import { errorName, isDefinite } from '../wire/error-codes.ts';

const OWN = {
  'no-answer': [10_001, false, 'the request was sent, and no answer came in time, or the connection ended'],
  'not-sent': [10_002, true, 'the connection never opened; the request was not sent'],
  malformed: [10_003, true, 'the operation, or an answer, is not in the form that it should have'],
  'corrupt-batch': [10_004, true, 'a batch that was fetched has a wrong checksum or form'],
  'no-leader': [10_005, true, 'nobody was found in time that leads the partition; nothing was sent'],
  'no-coordinator': [10_006, true, 'nobody was found in time that coordinates the group or transaction'],
  'torn-transfer': [10_007, true, 'a read found one half of a transfer, and the other stayed out'],
  'not-prepared': [
    10_008,
    true,
    'what the operation needs first (a topic, a producer id, a generation) failed',
  ],
  'acks-0': [10_009, false, 'nobody answers to acks=0'],
  closed: [10_010, false, 'the client was closed meanwhile'],
} as const satisfies Readonly<Record<string, readonly [number, boolean, string]>>;

export type OwnCode = keyof typeof OWN;

/** What the client adds to the system's table of errors. */
export const CLIENT_ERRORS: readonly SystemError[] = Object.entries(OWN).map(
  ([name, [code, definite, meaning]]) => ({ code, name, definite, meaning }),
);

export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** Kafka's name of the error, or one of our own codes. */
  readonly code: string;
  /** The request certainly took no effect. */
  readonly isDefinite: boolean;
  /** As a broker answered; null where none did. */
  readonly errorCode: number | null;

  private constructor(code: string, isDefinite: boolean, errorCode: number | null, message: string) {
    super(message);
    this.code = code;
    this.isDefinite = isDefinite;
    this.errorCode = errorCode;
  }

  /** @param errorCode - that a broker gave */
  static answered(errorCode: number, what: string): ClientError {
    const name = errorName(errorCode);
    return new ClientError(name, isDefinite(errorCode), errorCode, `${what}: ${name}`);
  }

  static unanswered(failure: { readonly reason: string; readonly sent: boolean }, what: string): ClientError {
    return ClientError.own(failure.sent ? 'no-answer' : 'not-sent', `${what}: ${failure.reason}`);
  }

  static own(code: OwnCode, message: string): ClientError {
    return new ClientError(code, OWN[code][1], null, message);
  }

  /** The same, of something that had no effect whatever the answer means: a read, a preparation. */
  asDefinite(): ClientError {
    return this.isDefinite ? this : new ClientError(this.code, true, this.errorCode, this.message);
  }

  /** The same, after something that may have had an effect. */
  asIndefinite(): ClientError {
    return this.isDefinite ? new ClientError(this.code, false, this.errorCode, this.message) : this;
  }
}

/** @throws ClientError unless the code is NONE */
export function checkCode(errorCode: number, what: string): void {
  if (errorCode !== 0) throw ClientError.answered(errorCode, what);
}

/** For `catch`: what failed had no effect. */
export function definitely(error: unknown): never {
  throw error instanceof ClientError ? error.asDefinite() : error;
}
