/** `shaketable merge`: the shards of a sweep, from as many machines, as one. */
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { HarnessError } from '../errors.ts';
import type { Ledger } from '../sweep/ledger.ts';
import { outcomeOf } from '../sweep/outcome.ts';
import { cellText } from '../sweep/summaries.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';
import { readSweep, SweepFolder } from './sweep-folder.ts';
import { sumUp } from './sweep-summary.ts';

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
Exit codes: as of the sweep; 2 also where a shard is missing.`;

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

function merge(folders: readonly string[], { output: target, json }: Options, output: Output): number {
  const shards = folders.map((path) => ({ path, ...readSweep(path) }));
  requireShardsOfOne(shards);
  const [first] = shards as [(typeof shards)[number]];
  const whole = SweepFolder.create(target, { ...first.header, shard: null });
  for (const { path, records } of shards) {
    if (existsSync(join(path, 'runs'))) cpSync(join(path, 'runs'), join(target, 'runs'), { recursive: true });
    for (const record of records) whole.record(record);
  }
  whole.close();
  const count = first.header.shard?.count ?? 1;
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter(
    (index) => !shards.some(({ header: { shard } }) => shard?.index === index),
  );
  if (missing.length > 0) output.note(`missing: ${missing.map((index) => `${index}/${count}`).join(', ')}`);
  const outcome = outcomeOf({ ...first.header, shard: null }, whole.records, missing.length === 0);
  for (const cell of outcome.cells) output.note(cellText(cell));
  return sumUp(whole, outcome, output, json === true);
}

/** @throws HarnessError `usage` where they are not different shards of one plan */
function requireShardsOfOne(shards: readonly (Ledger & { readonly path: string })[]): void {
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
    const before = seen.get(shard.index);
    if (before !== undefined)
      throw new HarnessError('usage', `${before} and ${path} are both shard ${shard.index}/${shard.count}`);
    seen.set(shard.index, path);
  }
}
