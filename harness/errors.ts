/**
 * What the harness or the machine could not do.
 *
 * What a *system* answered is never one of these: it is a value (`fail` or `info`), decided by the
 * system's error table. A HarnessError says what went wrong and what to do about it in one line; the
 * command prints that line alone and exits with `exitCode`.
 */

/** Exit codes of every `shaketable` command (docs/ARCHITECTURE.md, "The command"). */
export const EXIT = {
  /** Every verdict is true. */
  valid: 0,
  /** Some verdict is false. */
  invalid: 1,
  /** No verdict is false, some is unknown. */
  unknown: 2,
  /** The user asked for something that does not exist or cannot be. */
  usage: 64,
  /** The harness or the machine failed. */
  harness: 70,
} as const;

export type HarnessErrorCode =
  | 'usage'
  | 'unknown-name'
  | 'bad-history'
  | 'bad-format'
  | 'unsupported-version'
  | 'missing-capability'
  | 'io'
  | 'non-determinism'
  | 'generator'
  | 'client'
  | 'nemesis'
  | 'interrupted'
  | 'internal';

const USAGE_CODES: ReadonlySet<HarnessErrorCode> = new Set([
  'usage',
  'unknown-name',
  'bad-history',
  'bad-format',
  'unsupported-version',
  'missing-capability',
]);

export class HarnessError extends Error {
  override readonly name = 'HarnessError';
  readonly code: HarnessErrorCode;

  constructor(code: HarnessErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** 64 when the user can mend the command or the file, 2 when the user wanted no more of it, 70 when the machine or the harness failed. */
  get exitCode(): number {
    if (this.code === 'interrupted') return EXIT.unknown;
    return USAGE_CODES.has(this.code) ? EXIT.usage : EXIT.harness;
  }

  /** Wraps anything thrown; a HarnessError passes through unchanged. */
  static from(thrown: unknown, code: HarnessErrorCode = 'internal', context?: string): HarnessError {
    if (thrown instanceof HarnessError) return thrown;
    const message = messageOf(thrown);
    return new HarnessError(code, context === undefined ? message : `${context}: ${message}`, {
      cause: thrown,
    });
  }
}

/** What whatever was thrown says: it need not be an Error. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

/** A programmer's error: crashes, is never caught to be reported as a verdict. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}
