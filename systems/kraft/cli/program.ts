/**
 * The command line of `kraft` as a whole: which commands there are, and what a mistake looks like. Each is a file of its own
 * beside this one; exit codes are in exit-codes.ts.
 */
import { Command, CommanderError } from 'commander';
import { HarnessError } from '../../../harness/errors.ts';
import { EXIT, RefusedError } from './exit-codes.ts';
import { commandName, unknownName } from './names.ts';
import { processOutput } from './output.ts';
import type { CommandContext, Output } from './output.ts';
import { addConfigsCommand } from './configs.ts';
import { addConsoleConsumerCommand } from './console-consumer.ts';
import { addConsoleProducerCommand } from './console-producer.ts';
import { addConsumerGroupsCommand } from './consumer-groups.ts';
import { addGetOffsetsCommand } from './get-offsets.ts';
import { addMetadataQuorumCommand } from './metadata-quorum.ts';
import { addTopicsCommand } from './topics.ts';
import { addServerStartCommand } from './server-start.ts';
import { addServerStopCommand } from './server-stop.ts';
import { addStorageCommand } from './storage.ts';

const EXAMPLES = `
Examples: one server, from nothing to a message and back
  kraft storage random-uuid                                        an id for the cluster
  kraft storage format -t UUID -c server.properties                once for each server
  kraft server-start server.properties                             and leave it running
  kraft topics --create --topic orders --bootstrap-server localhost:9092
  kraft console-producer --topic orders --bootstrap-server localhost:9092
  kraft console-consumer --topic orders --from-beginning --bootstrap-server localhost:9092
  kraft server-stop

Names of Kafka's scripts work, too: kraft kafka-topics.sh --list …
Exit codes: 0 done, 1 a broker refused, 64 usage error, 70 no broker answers or the machine failed.`;

function buildProgram(context: CommandContext): Command {
  const program = new Command('kraft')
    .description('Run brokers and controllers that speak Kafka’s protocol, and operate them.')
    .addHelpText('after', EXAMPLES);
  addStorageCommand(program, context);
  addServerStartCommand(program, context);
  addServerStopCommand(program, context);
  addTopicsCommand(program, context);
  addConsoleProducerCommand(program, context);
  addConsoleConsumerCommand(program, context);
  addConsumerGroupsCommand(program, context);
  addConfigsCommand(program, context);
  addGetOffsetsCommand(program, context);
  addMetadataQuorumCommand(program, context);
  for (const command of withDescendants(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => context.output.print(text.trimEnd()),
      outputError: (text) => context.output.note(usageLine(command, text)),
    });
  }
  return program;
}

function withDescendants(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}

/** `kraft: unknown option '--topci' (did you mean --topic?); see kraft topics --help`. */
function usageLine(command: Command, text: string): string {
  const sentence = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*\(D/, ' (d')
    .replace(/\.$/, '');
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `kraft: ${sentence}; see ${names.join(' ')} --help`;
}

/** Kafka's scripts take options of several letters behind one dash. */
const LONG_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['-daemon', '--daemon'],
  ['-help', '--help'],
]);

/** The exit code of one command line. */
export async function runCommandLine(
  argv: readonly string[],
  output: Output = processOutput(),
): Promise<number> {
  let exitCode: number = EXIT.valid;
  const program = buildProgram({
    output,
    finish: (code) => {
      exitCode = code;
    },
  });
  const known = program.commands.map((command) => command.name());
  const [typed, ...rest] = argv;
  try {
    const name = typed === undefined || typed.startsWith('-') ? typed : commandName(typed);
    if (name !== undefined && !name.startsWith('-') && name !== 'help' && !known.includes(name))
      throw unknownName('command', known, name);
    const args = (name === undefined ? [] : [name, ...rest]).map((arg) => LONG_OPTIONS.get(arg) ?? arg);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has already printed; help is no error, unless nothing was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.valid : EXIT.usage;
    if (error instanceof RefusedError) {
      output.note(error.message);
      return EXIT.invalid;
    }
    const failure = HarnessError.from(error);
    for (const line of failure.message.split('\n')) output.note(`kraft: ${line}`);
    // Ours to mend, and the stack says where.
    if (failure.code === 'internal' && failure.cause instanceof Error) output.note(failure.cause.stack ?? '');
    return failure.exitCode;
  }
}
