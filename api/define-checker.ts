/**
 * What a user's own checker is: a pure function of what was recorded.
 *
 *     export default defineChecker({
 *       name: 'no-negative-reads',
 *       check: ({ history }) => ({
 *         anomalies: history.operations
 *           .filter(({ type, f, value }) => type === 'ok' && f === 'read' && Number(value) < 0)
 *           .map(({ index, value }) => ({
 *             name: 'negative-read',
 *             explanation: `A read returned ${value}.`,
 *             operations: [index],
 *           })),
 *       }),
 *     });
 */
import { z } from 'zod';
import type { Checker, CheckInput, Validity, Verdict } from '../checkers/checker.ts';
import { functionSchema, nameSchema, refuse, requireValid, textSchema } from './definition-error.ts';

/** A verdict as a user writes it. Without `valid`, anomalies make it false, a reason unknown, and nothing true. */
export interface Findings extends Omit<Verdict, 'checker' | 'valid'> {
  readonly valid?: Validity;
}

export interface CheckerDefinition {
  readonly name: string;
  check(input: CheckInput): Findings;
}

const checkerSchema = z.strictObject({ name: nameSchema, check: functionSchema });

const anomalySchema = z.strictObject({
  name: nameSchema,
  explanation: textSchema,
  operations: z.array(z.int().min(0), 'must be a list of indexes of operations'),
  evidence: z.json().optional(),
  picture: z.unknown().optional(),
  morePictures: z.array(z.unknown()).optional(),
});

const findingsSchema = z.strictObject({
  valid: z.union([z.boolean(), z.literal('unknown')], 'must be true, false or "unknown"').optional(),
  reason: textSchema.optional(),
  anomalies: z.array(anomalySchema, 'must be a list'),
  allowed: z.array(anomalySchema, 'must be a list').optional(),
  notes: z.array(textSchema, 'must be a list of sentences').optional(),
  statistics: z.json().optional(),
});

/** @throws HarnessError `usage` in one line that names the field; from `check`, too */
export function defineChecker(definition: CheckerDefinition): Checker {
  requireValid('checker', checkerSchema, definition);
  const { name } = definition;
  return Object.freeze<Checker>({ name, check: (input) => verdictOf(name, definition.check(input)) });
}

function verdictOf(name: string, findings: Findings): Verdict {
  if (typeof (findings as unknown) !== 'object' || (findings as unknown) === null) {
    refuse('checker', { name }, 'check must return an object of anomalies');
  }
  requireValid(`what check returned of checker "${name}"`, findingsSchema, findings);
  const { valid, anomalies, reason } = findings;
  const judged = valid ?? (anomalies.length > 0 ? false : reason === undefined ? true : 'unknown');
  return { ...findings, checker: name, valid: judged };
}
