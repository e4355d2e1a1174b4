/** What a plan asks for, read and looked up, before anything is started: the head of a sweep's ledger. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { HarnessError } from '../errors.ts';
import { type Cell, cellsOf } from '../sweep/cells.ts';
import { SWEEP_FORMAT, SWEEP_VERSION, type SweepHeader } from '../sweep/ledger.ts';
import { readPlan } from '../sweep/plan.ts';
import type { Shard } from '../sweep/schedule.ts';
import { requireEngine } from './clusters.ts';
import { testOfCell } from './sweep-tests.ts';
import { recordedCode } from './version.ts';

/**
 * @param runsHere - see `requireCells`
 * @throws HarnessError `usage` or `bad-format`, with the line of the plan, or the cell
 */
export async function headerOfPlan(
  planFile: string,
  shard: Shard | null,
  runsHere = true,
): Promise<SweepHeader> {
  const plan = readPlan(readPlanFile(planFile), planFile);
  return {
    format: SWEEP_FORMAT,
    version: SWEEP_VERSION,
    name: plan.name ?? basename(planFile).replace(/\.\w+$/, ''),
    ...recordedCode(),
    startedAt: new Date().toISOString(),
    keep: plan.keep ?? 'failures',
    shard,
    cells: await requireCells(cellsOf(plan), runsHere),
  };
}

function readPlanFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new HarnessError('usage', code === 'ENOENT' ? `${file} does not exist` : `${file} cannot be read`);
  }
}

/**
 * Looks up everything that cells name.
 *
 * @param runsHere - they run on this machine: the clusters that they need are looked for, too
 * @returns the cells, with what everything is called
 * @throws HarnessError that names the cell
 */
export async function requireCells(cells: readonly Cell[], runsHere = true): Promise<SweepHeader['cells']> {
  const clusters = new Set<string>();
  const found: SweepHeader['cells'] = [];
  for (const cell of cells) {
    const test = await testOfCell(cell, cell.seeds.first);
    const { system, workload, nemeses } = test;
    const options = cell.options.map(([name, value]): [string, string] => [name, value]);
    found.push({ ...cell, options, names: { system, workload, nemeses } });
    if (clusters.has(test.cluster) || !runsHere) continue;
    clusters.add(test.cluster);
    await requireEngine(test);
  }
  return found;
}
