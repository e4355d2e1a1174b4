/**
 * Checks what a user's module defines, and says the first mistake in one line that names the field:
 *
 *     system "kv": functions must be a non-empty list of names
 *     system "kv": server.entry must be an absolute path: join(import.meta.dirname, 'server.mjs')
 *     system "kv": it has no field "fucntions": did you mean "functions"?
 */
import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { HarnessError } from '../harness/errors.ts';

/** Letters, digits, `-`, `_`, `.`: names are typed on command lines, listed with commas, and name folders. */
const NAME = /^[A-Za-z0-9][\w.-]*$/;

const NAME_MISTAKE = 'must be a name of letters, digits, "-", "_" and "."';

export const nameSchema = z.string(NAME_MISTAKE).regex(NAME, NAME_MISTAKE);

export const textSchema = z.string('must be a text');

export const functionSchema = z.custom<(...parameters: never[]) => unknown>(
  (value) => typeof value === 'function',
  'must be a function',
);

export const optionalFunction = functionSchema.optional();

export const scalarSchema = z.union(
  [z.number(), z.boolean(), z.string()],
  'must be a number, a boolean or a text',
);

const NAMES_MISTAKE = 'must be a non-empty list of names';

/** The functions of a system or a workload. */
export const namesSchema = z
  .array(z.string(NAMES_MISTAKE).min(1, NAMES_MISTAKE), NAMES_MISTAKE)
  .min(1, NAMES_MISTAKE);

export const optionsSchema = z.array(
  z.strictObject(
    { name: nameSchema, default: scalarSchema, meaning: textSchema },
    'must be an object of name, default and meaning',
  ),
  'must be a list',
);

export function portSchema(): z.ZodType<number> {
  const mistake = 'must be a port: a whole number from 1 to 65535';
  return z.int(mistake).min(1, mistake).max(65_535, mistake);
}

/**
 * @param kind - `system`, for the message
 * @throws HarnessError `usage` with the first mistake
 */
export function requireValid(kind: string, schema: z.ZodType, given: unknown): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new HarnessError('usage', `a ${kind} must be an object, and this is ${describeValue(given)}`);
  }
  const result = schema.safeParse(given);
  if (result.success) return;
  const issue = result.error.issues[0];
  throw new HarnessError(
    'usage',
    `${titleOf(kind, given)}: ${issue === undefined ? 'is wrong' : sentence(issue, schema)}`,
    {
      cause: result.error,
    },
  );
}

/** What is no object stays as it is: {@link requireValid} says so. */
export function withDefaults(given: unknown, defaults: object): unknown {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  return isObject ? { ...defaults, ...given } : given;
}

/** A mistake that no schema tells. */
export function refuse(kind: string, given: object, mistake: string): never {
  throw new HarnessError('usage', `${titleOf(kind, given)}: ${mistake}`);
}

function titleOf(kind: string, given: object): string {
  const { name } = given as { readonly name?: unknown };
  return typeof name === 'string' && name !== '' ? `${kind} "${name}"` : kind;
}

function sentence(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  const where = issue.path.reduce<string>(
    (path, part) =>
      typeof part === 'number' ? `${path}[${part}]` : path === '' ? String(part) : `${path}.${String(part)}`,
    '',
  );
  if (issue.code === 'unrecognized_keys') {
    const [unknown = ''] = issue.keys;
    const known = where === '' && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    const hint = known.length === 0 ? '' : `: did you mean "${closest(unknown, known)}"?`;
    return `${where === '' ? 'it' : where} has no field "${unknown}"${hint}`;
  }
  return where === '' ? issue.message : `${where} ${issue.message}`;
}

/** For a message: `a function`, `an array`, `"text"`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return JSON.stringify(value) ?? typeof value;
}

/** The first name that comes twice, if there is one. */
export function repeatedName(named: readonly { readonly name: string }[]): string | undefined {
  return named.find(({ name }, i) => named.findIndex((other) => other.name === name) < i)?.name;
}
