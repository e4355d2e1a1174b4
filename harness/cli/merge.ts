/** `shaketable merge`: the shards of a sweep, from as many machines, as one. */
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { HarnessError } from '../errors.ts';
import type { Ledger, SeedRecord } from '../sweep/ledger.ts';
import { outcomeOf } from '../sweep/outcome.ts';
import { Schedule } from '../sweep/schedule.ts';
import { cellText } from '../sweep/summaries.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';
import { readSweep, SweepFolder } from './sweep-folder.ts';
import { sumUp } from './sweep-summary.ts';
import { noteChanges } from './version.ts';

interface Options {
  readonly output: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  shaketable merge shard-1 shard-2 shard-3 --output nightly
  shaketable merge artifacts/*/ --output nightly

Each folder is that of one \`shaketable sweep PLAN --shard I/N\`. Ledgers are joined, runs that were
kept are copied, and the summaries are written anew.
Exit codes: as of the sweep; 2 also where a shard is missing or unfinished.`;

export function addMergeCommand(program: Command, context: CommandContext): void {
  program
    .command('merge')
    .description('join the shards of a sweep')
    .argument('<folders...>', 'of the shards')
    .requiredOption('--output <folder>', 'where the whole goes; it is made')
    .option('--json', 'the summary for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action((folders: readonly string[], options: Options) => {
      context.finish(merge(folders, options, context.output));
    });
}

interface ShardSweep extends Ledger {
  readonly path: string;
}

function merge(folders: readonly string[], { output: target, json }: Options, output: Output): number {
  const shards = folders.map((path): ShardSweep => ({ path, ...readSweep(path) }));
  requireShardsOfOne(shards);
  const [first] = shards as [ShardSweep];
  noteChanges(first.header.gitRevision, output);
  const whole = SweepFolder.createMerged(target, { ...first.header, shard: null });
  for (const { path, records } of shards) {
    for (const record of records) whole.record(withRun(record, path, target));
  }
  const count = first.header.shard?.count ?? 1;
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter(
    (index) => !shards.some(({ header: { shard } }) => shard?.index === index),
  );
  if (missing.length > 0) output.note(`missing: ${missing.map((index) => `${index}/${count}`).join(', ')}`);
  const unfinished = shards.filter(
    ({ header: { shard, cells }, records }) => !new Schedule(cells, { shard, records }).isFinished(),
  );
  for (const { path, header } of unfinished)
    output.note(
      `unfinished: ${header.shard?.index ?? 1}/${count}: go on by npx shaketable sweep --resume ${path}`,
    );
  const isFinished = missing.length === 0 && unfinished.length === 0;
  const outcome = outcomeOf({ ...first.header, shard: null }, whole.records, isFinished);
  for (const cell of outcome.cells) output.note(cellText(cell));
  const exitCode = sumUp(whole, outcome, output, json === true);
  whole.close();
  return exitCode;
}

/** Copies the run, if it was kept. Two machines may have given one name to a run each: the second gets a suffix. */
function withRun(record: SeedRecord, from: string, to: string): SeedRecord {
  const { directory } = record;
  if (directory === null || !existsSync(join(from, directory))) return record;
  let free = directory;
  for (let attempt = 2; existsSync(join(to, free)); attempt++) free = `${directory}-${attempt}`;
  cpSync(join(from, directory), join(to, free), { recursive: true });
  return { ...record, directory: free };
}

/** @throws HarnessError `usage` where they are not different shards of one plan */
function requireShardsOfOne(shards: readonly ShardSweep[]): void {
  const [first] = shards;
  const seen = new Map<number, string>();
  for (const { path, header } of shards) {
    const { shard } = header;
    if (shard === null) throw new HarnessError('usage', `${path} is a whole sweep, and no shard of one`);
    if (
      shard.count !== first?.header.shard?.count ||
      JSON.stringify(header.cells) !== JSON.stringify(first.header.cells)
    )
      throw new HarnessError('usage', `${path} and ${first?.path ?? ''} are of different sweeps`);
    for (const key of ['name', 'shaketableVersion', 'gitRevision'] as const) {
      if (header[key] !== first.header[key])
        throw new HarnessError(
          'usage',
          `${path} and ${first.path} are of different sweeps: ${key} ${header[key] ?? 'unknown'} and ${first.header[key] ?? 'unknown'}`,
        );
    }
    const before = seen.get(shard.index);
    if (before !== undefined)
      throw new HarnessError('usage', `${before} and ${path} are both shard ${shard.index}/${shard.count}`);
    seen.set(shard.index, path);
  }
}
