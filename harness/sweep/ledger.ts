/**
 * What a sweep has done, a line for each seed, in `sweep.jsonl` of its folder: who goes on with a sweep begins there.
 *
 *     {"format":"shaketable-sweep","version":1,"name":"nightly","cells":[…],…}
 *     {"cell":"raft register --nemesis kill","seed":7,"outcome":"invalid","why":"nonlinearizable: …","directory":"runs/raft-register/20261128T…-7",…}
 */
import { z } from 'zod';
import { HarnessError } from '../errors.ts';
import { keepSchema } from './plan-schema.ts';

export const SWEEP_FORMAT = 'shaketable-sweep';
export const SWEEP_VERSION = 1;

const cellSchema = z.object({
  key: z.string(),
  system: z.string(),
  workload: z.string(),
  /** What they and the nemeses are called, where a plan may name modules; absent in ledgers of older releases. */
  names: z.object({ system: z.string(), workload: z.string(), nemeses: z.array(z.string()) }).optional(),
  options: z.array(z.tuple([z.string(), z.string()])),
  seeds: z.object({ first: z.int(), last: z.int().nullable() }),
  budgetS: z.number().nullable(),
  expect: z.enum(['valid', 'invalid']),
  maxUnknown: z.number(),
  checkBudgetS: z.number().nullable(),
  isRealTime: z.boolean(),
});

const headerSchema = z.object({
  format: z.literal(SWEEP_FORMAT),
  version: z.literal(SWEEP_VERSION),
  name: z.string(),
  shaketableVersion: z.string(),
  gitRevision: z.string().nullable(),
  startedAt: z.string(),
  keep: keepSchema,
  /** Which part of the sweep this is; null: all of it. */
  shard: z.object({ index: z.int(), count: z.int() }).nullable(),
  cells: z.array(cellSchema),
});

const recordSchema = z.object({
  cell: z.string(),
  seed: z.int(),
  /** `error`: the harness or the machine failed. */
  outcome: z.enum(['valid', 'invalid', 'unknown', 'error']),
  /** The sentence of the first anomaly, or why nothing is known. */
  why: z.string().nullable(),
  /** The checker and the anomaly's name, of what is invalid. */
  anomaly: z.string().nullable(),
  /** What its failures are known by; none in ledgers of older releases. */
  signatures: z.array(z.string()).default([]),
  /** Of the run, from the sweep's folder; null where it was not kept. */
  directory: z.string().nullable(),
  /** Of the directory there are only test.json and verdict.json. */
  isThin: z.boolean().default(false),
  /** The command that does it again. */
  again: z.string().nullable(),
  operations: z.int(),
  /** Run and check, in milliseconds. */
  tookMs: z.number(),
});

export type SweepHeader = z.infer<typeof headerSchema>;
export type SeedRecord = z.infer<typeof recordSchema>;

/** Of a seed about whose run nothing is known but that it failed. */
export function errorRecord(
  cell: { readonly key: string },
  seed: number,
  why: string,
  tookMs = 0,
): SeedRecord {
  return {
    cell: cell.key,
    seed,
    outcome: 'error',
    why,
    anomaly: null,
    signatures: [],
    directory: null,
    isThin: false,
    again: `npx shaketable run ${cell.key} --seed ${seed}`,
    operations: 0,
    tookMs,
  };
}

export interface Ledger {
  readonly header: SweepHeader;
  readonly records: readonly SeedRecord[];
}

/**
 * A line that was cut off at the end is left out: its seed is run again.
 *
 * @param file - for messages
 * @throws HarnessError `bad-format`, `unsupported-version`
 */
export function parseLedger(text: string, file: string): Ledger {
  const lines = text.split('\n');
  // Behind the last newline is nothing, or what a killed process did not finish.
  lines.pop();
  const [first, ...rest] = lines.map((line, i) => jsonOf(line, `${file} line ${i + 1}`));
  const head = z.object({ format: z.literal(SWEEP_FORMAT), version: z.number() }).safeParse(first);
  if (!head.success) throw new HarnessError('bad-format', `${file}: this is no sweep`);
  if (head.data.version !== SWEEP_VERSION) {
    throw new HarnessError(
      'unsupported-version',
      `${file} is a sweep of version ${head.data.version}; this release reads version ${SWEEP_VERSION}`,
    );
  }
  const header = headerSchema.safeParse(first);
  if (!header.success)
    throw new HarnessError('bad-format', `${file} line 1: ${z.prettifyError(header.error)}`);
  const records = rest.map((json, i) => {
    const record = recordSchema.safeParse(json);
    if (record.success) return record.data;
    throw new HarnessError('bad-format', `${file} line ${i + 2}: ${z.prettifyError(record.error)}`);
  });
  return { header: header.data, records };
}

function jsonOf(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new HarnessError('bad-format', `${place} is not JSON`);
  }
}
