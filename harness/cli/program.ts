/**
 * The command line as a whole: which subcommands there are, and what a mistake looks like. Each subcommand is a file of
 * its own beside this one and says an exit code (harness/errors.ts, `EXIT`).
 */
import { Command, CommanderError } from 'commander';
import { EXIT, HarnessError } from '../errors.ts';
import { addBisectCommand } from './bisect.ts';
import { addCheckCommand } from './check.ts';
import { addCleanCommand } from './clean.ts';
import type { CommandContext } from './command-context.ts';
import { addCompareCommand } from './compare.ts';
import { addIndexCommand } from './index-runs.ts';
import { addFleetCommand } from './fleet.ts';
import { addInitCommand } from './init.ts';
import { addImageCommand } from './image.ts';
import { addListCommand } from './list.ts';
import { unknownName } from './names.ts';
import { loadConfig } from './own/config-file.ts';
import { processOutput } from './output.ts';
import { addMergeCommand } from './merge.ts';
import { addPromoteCommand } from './promote.ts';
import { addReplayCommand } from './replay.ts';
import { addReportCommand } from './report.ts';
import { addRunCommand } from './run.ts';
import { addServeCommand } from './serve.ts';
import { addShrinkCommand } from './shrink.ts';
import { addSweepCommand } from './sweep.ts';
import { addTriageCommand } from './triage.ts';
import { shaketableVersion } from './version.ts';

const EXAMPLES = `
Examples:
  shaketable run raft register                          shake a simulated Raft cluster
  shaketable run raft register --bug stale-read         break it first, and see that it is found
  shaketable run raft register --nemesis kill --count 50    fifty seeds, stop at the first failure
  shaketable sweep nightly.yaml                         a matrix of tests and seeds, on all cores
  shaketable fleet submit nightly.yaml                  the same, on many machines
  shaketable triage --since 24h                         which failures are new
  shaketable check results/runs/raft-register/*         judge saved runs again
  shaketable check --model cas-register history.edn     judge a Jepsen history
  shaketable replay RUN                                 run it again, exactly
  shaketable shrink RUN                                 the same failure, as small as can be
  shaketable serve                                      browse all runs, and watch what runs now
  shaketable compare isr raft                           measure two ways of replication side by side
  shaketable list bugs                                  what it can be broken with
  shaketable init                                       write an example of your own system

Exit codes: 0 valid, 1 invalid, 2 unknown, 64 usage error, 70 the harness itself failed.`;

/** Commands that need no names of the user's. */
const WITHOUT_CONFIG: ReadonlySet<string> = new Set(['init']);

/** Descriptions are broken into lines down to this width, also behind the longest command. */
const MIN_HELP_COLUMNS = 30;

function buildProgram(context: CommandContext): Command {
  const program = new Command('shaketable');
  program
    .description(
      'Shake a distributed system until it breaks, prove from the record that it did, and replay it.',
    )
    .version(shaketableVersion())
    // What stands behind the name of a command is its own, also where the command above has an option of that name.
    .enablePositionalOptions()
    .configureHelp({ minWidthToWrap: MIN_HELP_COLUMNS })
    .addHelpText('after', EXAMPLES);
  addRunCommand(program, context);
  addSweepCommand(program, context);
  addMergeCommand(program, context);
  addFleetCommand(program, context);
  addTriageCommand(program, context);
  addBisectCommand(program, context);
  addCheckCommand(program, context);
  addReplayCommand(program, context);
  addShrinkCommand(program, context);
  addPromoteCommand(program, context);
  addCompareCommand(program, context);
  addReportCommand(program, context);
  addServeCommand(program, context);
  addIndexCommand(program, context);
  addListCommand(program, context);
  addImageCommand(program, context);
  addCleanCommand(program, context);
  addInitCommand(program, context);
  program.hook('preAction', async (_, command) => {
    if (!WITHOUT_CONFIG.has(command.name())) await loadConfig();
  });
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap((each) => each.commands),
  ]) {
    command.exitOverride().configureOutput({
      outputError: (text) => context.output.note(usageLine(command, text)),
    });
  }
  return program;
}

/** `shaketable: unknown option '--sede' (did you mean --seed?); see shaketable run --help`. */
function usageLine(command: Command, text: string): string {
  const sentence = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*\(D/, ' (d')
    .replace(/\.$/, '');
  const names: string[] = [];
  for (let each: Command | null = command; each !== null; each = each.parent) names.unshift(each.name());
  return `shaketable: ${sentence}; see ${names.join(' ')} --help`;
}

/** The exit code of one command line. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.valid;
  const output = processOutput();
  const program = buildProgram({
    output,
    finish: (code) => {
      exitCode = code;
    },
  });
  const typed = argv[0];
  const known = program.commands.map((command) => command.name());
  try {
    if (typed !== undefined && !typed.startsWith('-') && typed !== 'help' && !known.includes(typed)) {
      throw unknownName('command', known, typed);
    }
    await program.parseAsync(argv.slice(), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has already printed; help and version are no errors.
      return error.exitCode === 0 ? EXIT.valid : EXIT.usage;
    }
    const failure = HarnessError.from(error);
    output.note(`shaketable: ${failure.message}`);
    // Ours to mend, and the stack says where.
    if (failure.code === 'internal' && failure.cause instanceof Error) {
      output.note(failure.cause.stack ?? '');
    }
    return failure.exitCode;
  }
}
