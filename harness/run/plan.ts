/**
 * `plan.json`: the explicit operations and faults that a simulated run performed, by phase, enough to perform them
 * again without generators, and to leave some out.
 */
import { z } from 'zod';
import { HarnessError } from '../errors.ts';
import { type PlanEntry, planOf } from '../generator/index.ts';
import type { History } from '../history/history.ts';

const PLAN_FORMAT = 'shaketable-plan';
const PLAN_VERSION = 1;

export interface Plan {
  readonly format: typeof PLAN_FORMAT;
  readonly version: typeof PLAN_VERSION;
  /** Of the phase with faults. */
  readonly main: readonly PlanEntry[];
  /** When healing begins, in nanoseconds since the run began. */
  readonly healTime: number;
  /** Of the phase after the quiet period. */
  readonly final: readonly PlanEntry[];
  /** When that begins; null when there is none. */
  readonly finalTime: number | null;
  /** When the run was interrupted; null when it was not. */
  readonly interruptTime: number | null;
}

/** When the phases of a run were. */
export interface PhaseTimes {
  /** When the main phase was over and healing began, in nanoseconds since the run began. */
  readonly healTime: number;
  /** Index of the first operation of the healing: what the main phase did last may have the same time. */
  readonly healIndex: number;
  /** When the final phase began; null when there was none. */
  readonly finalTime: number | null;
  /** Index of its first operation; of the first that is missing when there was none. */
  readonly finalIndex: number;
  /** When an interrupt ended the phase that it came in; null when none came. */
  readonly interruptTime: number | null;
}

/** Healing is not part of the plan: it ends what is in force, whatever was left out. */
export function planOfRun({ operations }: History, phases: PhaseTimes): Plan {
  const { healTime, healIndex, finalTime, finalIndex, interruptTime } = phases;
  return {
    format: PLAN_FORMAT,
    version: PLAN_VERSION,
    main: planOf(operations.slice(0, healIndex)),
    healTime,
    final: planOf(operations.slice(finalIndex)),
    finalTime,
    interruptTime,
  };
}

const headerSchema = z.object({ format: z.literal(PLAN_FORMAT), version: z.number() });

/** Of a {@link PlanEntry}. */
export const planEntrySchema = z.object({
  time: z.number().min(0),
  process: z.union([z.int().min(0), z.literal('nemesis')]),
  f: z.string(),
  key: z.union([z.string(), z.number()]).optional(),
  value: z.json(),
});

const planSchema = z.object({
  main: z.array(planEntrySchema),
  healTime: z.number().min(0),
  final: z.array(planEntrySchema),
  finalTime: z.number().min(0).nullable(),
  interruptTime: z.number().min(0).nullable().default(null),
});

export function parsePlan(text: string, path: string): Plan {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new HarnessError('bad-format', `${path} is not JSON: is it cut off?`, { cause: error });
  }
  const header = headerSchema.safeParse(json);
  if (!header.success) throw new HarnessError('bad-format', `${path} is no shaketable plan`);
  if (header.data.version !== PLAN_VERSION) {
    throw new HarnessError(
      'unsupported-version',
      `${path} has format version ${header.data.version}; this shaketable reads version ${PLAN_VERSION}`,
    );
  }
  const plan = planSchema.safeParse(json);
  if (!plan.success) {
    const issue = plan.error.issues[0];
    throw new HarnessError(
      'bad-format',
      `${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`,
    );
  }
  return { format: PLAN_FORMAT, version: PLAN_VERSION, ...(plan.data as Omit<Plan, 'format' | 'version'>) };
}
