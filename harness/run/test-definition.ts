/**
 * Everything that defines a run: `test.json` of a run directory. Together with the code it decides a simulated
 * run completely; `replay` and `check` start from it.
 */
import { z } from 'zod';
import { HarnessError } from '../errors.ts';
import type { PlanEntry } from '../generator/index.ts';
import { planEntrySchema } from './plan.ts';

export const TEST_FORMAT = 'shaketable-test';
export const TEST_VERSION = 1;

const scalar = z.union([z.number(), z.boolean(), z.string()]);

const testSchema = z.object({
  format: z.literal(TEST_FORMAT),
  version: z.literal(TEST_VERSION),
  /** Of the package that ran it. */
  shaketableVersion: z.string(),
  /** Commit of the code that ran it: of the user's project, or of a checkout of Shaketable; with `+` when it had changes, null without git. */
  gitRevision: z.string().nullable(),
  /** UTC, ISO 8601. */
  startedAt: z.string(),
  commandLine: z.string(),
  system: z.string(),
  workload: z.string(),
  cluster: z.enum(['sim', 'process', 'docker']),
  nemeses: z.array(z.string()),
  nodes: z.array(z.string()).min(1),
  /** Client threads. */
  concurrency: z.int().min(1),
  /** Client operations a second over all threads, on average. */
  rate: z.number().positive(),
  /** How long clients and nemeses run before everything is healed. */
  timeLimitS: z.number().positive(),
  /** How long the cluster is left alone before the final reads. */
  quietS: z.number().min(0),
  /** Mean time between faults of one nemesis. */
  nemesisIntervalS: z.number().positive(),
  operationTimeoutMs: z.number().positive(),
  /** In real time: how long nodes may take until they serve. */
  readyTimeoutS: z.number().positive().optional(),
  /** In containers: what our nodes run on, instead of an image of ours. */
  image: z.string().optional(),
  seed: z.int().min(0),
  /** Its operations and faults are those of `plan.json`, not what the generators of the seed say. */
  planned: z.boolean().optional(),
  script: z.array(planEntrySchema).optional(),
  /** Made smaller of another run: which one, what had to remain (`checker/anomaly`), and how large it was. */
  shrunk: z
    .object({
      from: z.string(),
      anomaly: z.string(),
      operations: z.int().min(0),
      faults: z.int().min(0),
      nodes: z.int().min(1),
      /** What that run is known by, for triage: results/signatures.ts. Older releases have not written it. */
      failure: z.object({ signature: z.string(), shape: z.string() }).optional(),
    })
    .optional(),
  bugs: z.array(z.string()),
  systemOptions: z.record(z.string(), scalar),
  workloadOptions: z.record(z.string(), scalar),
  /** The user's own modules that it was run with: paths from the folder where it was started, with `/`. */
  systemModule: z.string().optional(),
  workloadModule: z.string().optional(),
  nemesisModules: z.array(z.string()).optional(),
  /** The configuration that named others. */
  configFile: z.string().optional(),
});

export type TestDefinition = Readonly<Omit<z.infer<typeof testSchema>, 'script'>> & {
  /** What its nemeses do and when, instead of what they choose themselves. */
  readonly script?: readonly PlanEntry[];
};

/** Reads `test.json`; throws HarnessError naming the first field that is wrong. */
export function parseTestDefinition(text: string, path: string): TestDefinition {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new HarnessError('bad-format', `${path} is not JSON: is it cut off, or no run directory?`, {
      cause: error,
    });
  }
  const version = z.object({ format: z.literal(TEST_FORMAT), version: z.number() }).safeParse(json);
  if (!version.success) {
    throw new HarnessError('bad-format', `${path} is not the test.json of a shaketable run`);
  }
  if (version.data.version !== TEST_VERSION) {
    throw new HarnessError(
      'unsupported-version',
      `${path} has format version ${version.data.version}; this shaketable reads version ${TEST_VERSION}: use the release that wrote it`,
    );
  }
  const result = testSchema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0];
    const where = issue?.path.join('.') ?? '';
    throw new HarnessError('bad-format', `${path}: ${where}: ${issue?.message ?? 'invalid'}`);
  }
  return result.data as TestDefinition;
}
