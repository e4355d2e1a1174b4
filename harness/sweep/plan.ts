/**
 * The plan of a sweep, as its YAML file says it:
 *
 *     name: nightly
 *     defaults: { seeds: 20, time-limit: 20 }
 *     matrix:
 *       - system: raft
 *         workload: [register, append]                    # lists multiply: four cells
 *         nemesis: [none, 'partition,kill']
 *       - system: raft
 *         workload: register
 *         bug: [stale-read, ack-before-quorum]
 *         expect: invalid                                 # each must be found
 *
 * Keys are the long options of `shaketable run`, and `seeds`, `budget`, `expect`, `max-unknown`.
 */
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { HarnessError } from '../errors.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);
const text = z.string().min(1);
const amount = z.number().nonnegative();

const seedsSchema = z.union([z.int().min(1), z.string().regex(/^\d+-\d+$/, 'must be a number, or FROM-TO')]);

const settingsSchema = z.strictObject({
  cluster: oneOrMore(z.enum(['sim', 'process', 'docker'])).optional(),
  nodes: oneOrMore(z.int().min(1)).optional(),
  concurrency: oneOrMore(amount).optional(),
  rate: oneOrMore(amount).optional(),
  'time-limit': oneOrMore(amount).optional(),
  quiet: oneOrMore(amount).optional(),
  nemesis: oneOrMore(text).optional(),
  'nemesis-interval': oneOrMore(amount).optional(),
  'operation-timeout': oneOrMore(amount).optional(),
  'ready-timeout': oneOrMore(amount).optional(),
  image: oneOrMore(text).optional(),
  bug: oneOrMore(text).optional(),
  option: z.record(z.string(), oneOrMore(scalar)).optional(),
  'check-budget': amount.optional(),
  /** How many, from 1 on, or FROM-TO. */
  seeds: seedsSchema.optional(),
  /** No seed begins when a cell has taken so long, in seconds, or with a unit. */
  budget: z
    .union([amount, z.string().regex(/^\d+(\.\d+)?(s|m|h)$/, 'must be like 90s, 10m or 2h')])
    .optional(),
  /** `invalid`: some seed must be, since the bug has to be found. */
  expect: z.enum(['valid', 'invalid']).optional(),
  /** The share of a cell's seeds that may prove nothing. */
  'max-unknown': z.number().min(0).max(1).optional(),
});

const entrySchema = settingsSchema.extend({ system: oneOrMore(text), workload: oneOrMore(text) });

export const planSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes')
    .optional(),
  defaults: settingsSchema.optional(),
  matrix: z.array(entrySchema).min(1),
  /** Run directories: of what is not as expected, or of all. */
  keep: z.enum(['failures', 'all']).optional(),
});

export type SweepPlan = z.infer<typeof planSchema>;
export type PlanEntry = z.infer<typeof entrySchema>;
export type PlanSettings = z.infer<typeof settingsSchema>;

/** @throws HarnessError `bad-format`, a line for each thing that is wrong, with the line of the file */
export function readPlan(yaml: string, file: string): SweepPlan {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line } = lines.linePos(broken.pos[0]);
    throw new HarnessError('bad-format', `${file} line ${line}: ${firstLineOf(broken.message)}`);
  }
  const parsed = planSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const placeOf = (path: readonly PropertyKey[]): string => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number] } | undefined;
      if (node?.range !== undefined) return `${file} line ${lines.linePos(node.range[0]).line}`;
    }
    return file;
  };
  const problems = parsed.error.issues
    .flatMap((issue) => innermost(issue))
    .map(({ path, message }) => `${placeOf(path)}: ${pathText(path)}${message}`);
  throw new HarnessError('bad-format', [...new Set(problems)].join('\n'));
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Of a union the branch that got furthest says what is wrong. */
function innermost(issue: z.core.$ZodIssue): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(entrySchema.shape).join(', ');
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: issue.path.length === 0 ? 'unknown key' : `unknown key: known are ${known}`,
    }));
  }
  if (issue.code !== 'invalid_union') return [{ path: issue.path, message: issue.message }];
  const branches = issue.errors.map((branch) =>
    branch.flatMap((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] })),
  );
  const deepest = branches.toSorted((a, b) => depthOf(b) - depthOf(a))[0];
  return deepest ?? [{ path: issue.path, message: issue.message }];
}

const depthOf = (problems: readonly Problem[]): number =>
  Math.max(0, ...problems.map(({ path }) => path.length));

const pathText = (path: readonly PropertyKey[]): string => {
  if (path.length === 0) return '';
  const words = path.map((key, i) =>
    typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`,
  );
  return `${words.join('')}: `;
};

const firstLineOf = (message: string): string => message.split('\n')[0] as string;

const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Seconds of `90`, `90s`, `10m`, `2h`. */
export function secondsOf(duration: number | string): number {
  if (typeof duration === 'number') return duration;
  return Number(duration.slice(0, -1)) * (UNIT_S[duration.slice(-1)] ?? 1);
}
