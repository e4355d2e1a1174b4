/**
 * What may stand in the plan of a sweep; and the same as JSON Schema, by which editors complete and check it:
 *
 *     # yaml-language-server: $schema=./node_modules/shaketable/schemas/sweep-plan.schema.json
 *     matrix:
 *       - { system: raft, workload: register }
 *
 * The file is `planJsonSchema()`, and a test keeps it so.
 */
import { z } from 'zod';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);
const text = z.string().min(1);
const amount = z.number().nonnegative();
const axis = <T extends z.ZodType>(item: T, description: string) =>
  oneOrMore(item).describe(`${description}; a list multiplies`);

/** Of a cell; who wants more gives a budget. */
const MAX_SEEDS = 1_000_000;
const NO_BUDGET = 'must be more than 0: seconds, or like 90s, 10m, 2h';
const TOO_MANY_SEEDS = `at most ${MAX_SEEDS} seeds, and none above ${Number.MAX_SAFE_INTEGER}`;

/** What is no FROM-TO is told by another rule. */
function areSeedsInBounds(text: string): boolean {
  const [first, last] = text.split('-').map(Number) as [number, number];
  return !(first > Number.MAX_SAFE_INTEGER || last > Number.MAX_SAFE_INTEGER || last - first >= MAX_SEEDS);
}

/** Run directories that a sweep keeps. */
export const keepSchema = z
  .enum(['failures', 'thin', 'all'])
  .describe(
    'Run directories: failures: of what is not as expected; thin: of the others test.json and verdict.json, too; all: all, whole',
  );

const settingsSchema = z.strictObject({
  cluster: axis(z.enum(['sim', 'process', 'docker']), 'Where nodes run').optional(),
  nodes: axis(z.int().min(1), 'How many nodes').optional(),
  concurrency: axis(amount, 'Client threads').optional(),
  rate: axis(amount, 'Operations a second, in all').optional(),
  'time-limit': axis(amount, 'Seconds with clients and faults').optional(),
  quiet: axis(amount, 'Seconds of rest between the healing and the final reads').optional(),
  nemesis: axis(text, 'Faults, with commas, or none').optional(),
  'nemesis-interval': axis(amount, 'Seconds between faults').optional(),
  'operation-timeout': axis(amount, 'Seconds after which a client gives up').optional(),
  'ready-timeout': axis(amount, 'Seconds in which the cluster must be ready').optional(),
  image: axis(text, 'Docker image of the nodes').optional(),
  bug: axis(text, 'A bug that nodes run with').optional(),
  option: z
    .record(z.string(), oneOrMore(scalar))
    .describe('Options of the system and the workload; a list multiplies')
    .optional(),
  'check-budget': amount.describe('Seconds for judging one run').optional(),
  seeds: z
    .union([
      z.int().min(1).max(MAX_SEEDS, TOO_MANY_SEEDS),
      z
        .string()
        .regex(/^\d+-\d+$/, 'must be a number, or FROM-TO')
        .refine(areSeedsInBounds, TOO_MANY_SEEDS),
    ])
    .describe('How many, from 1 on, or FROM-TO')
    .optional(),
  budget: z
    .union([z.number().positive(NO_BUDGET), z.string().regex(/^(?=.*[1-9])\d+(\.\d+)?(s|m|h)$/, NO_BUDGET)])
    .describe('No seed begins when the cell has run so long: seconds, or 90s, 10m, 2h')
    .optional(),
  expect: z
    .enum(['valid', 'invalid'])
    .describe('invalid: some seed must be, since the bug has to be found')
    .optional(),
  'max-unknown': z
    .number()
    .min(0)
    .max(1)
    .describe("The share of the cell's seeds that may prove nothing")
    .optional(),
});

export const entrySchema = settingsSchema.extend({
  system: axis(text, 'What is tested: a name, or the path of a module'),
  workload: axis(text, 'What clients do: a name, or the path of a module'),
});

export const planSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes')
    .describe("Of the sweep's folder; the plan file's name where absent")
    .optional(),
  defaults: settingsSchema.describe('For all of the matrix').optional(),
  matrix: z.array(entrySchema).min(1).describe('Each entry is as many cells as its lists multiply to'),
  keep: keepSchema.optional(),
});

export type SweepPlan = z.infer<typeof planSchema>;
export type PlanSettings = z.infer<typeof settingsSchema>;

/** As JSON text that ends with a newline. Draft 7: what editors' YAML servers know best. */
export function planJsonSchema(): string {
  const schema = z.toJSONSchema(planSchema, { target: 'draft-7', io: 'input' });
  return `${JSON.stringify({ title: 'Plan of shaketable sweep', ...schema }, null, 2)}\n`;
}
