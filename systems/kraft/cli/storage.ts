/** `kraft storage`: random ids, and directories of nodes: formatted, and described. */
import { existsSync } from 'node:fs';
import { Option } from 'commander';
import type { Command } from 'commander';
import { HarnessError } from '../../../harness/errors.ts';
import type { MetaProperties } from '../node/meta-properties.ts';
import type { PropertyValues } from '../node/property-table.ts';
import type { Voter } from '../quorum/messages.ts';
import { uuidToBytes, ZERO_UUID } from '../wire/bytes.ts';
import { allDirectories, readConfiguration } from './configuration.ts';
import { EXIT, usageError } from './exit-codes.ts';
import { formatStorage, newUuid, readMetaProperties } from './format-storage.ts';
import { parseInitialControllers, standaloneController } from './initial-controllers.ts';
import type { CommandContext, Output } from './output.ts';

const EXAMPLES = `
Examples:
  kraft storage random-uuid                                  one id, for all nodes of the cluster
  kraft storage format -t UUID -c server.properties          once for each node, before its first start
  kraft storage format -t UUID -c server.properties --standalone
                                                             the first controller of a cluster whose voters are dynamic
  kraft storage format -t UUID -c node-2.properties --no-initial-controllers
                                                             another one, which is started, and then added:
  kraft metadata-quorum --bootstrap-server localhost:9092 --command-config node-2.properties add-controller
  kraft storage info -c server.properties                    whose the directories are`;

interface FormatOptions {
  readonly clusterId: string;
  readonly config: string;
  readonly ignoreFormatted: boolean;
  readonly standalone: boolean;
  readonly initialControllers?: string;
  readonly noInitialControllers?: boolean;
}

/** An option of its own, and not the opposite of --initial-controllers: who gives both is told so. */
const NO_INITIAL_CONTROLLERS = Object.assign(
  new Option('-N, --no-initial-controllers', 'the node joins voters that there are, or will be'),
  { negate: false },
);

export function addStorageCommand(program: Command, { output, finish }: CommandContext): void {
  const storage = program
    .command('storage')
    .description('prepare the directories of a node')
    .addHelpText('after', EXAMPLES);
  storage
    .command('random-uuid')
    .description('print a random id')
    .allowExcessArguments(false)
    .action(() => output.print(newUuid()));
  storage
    .command('format')
    .description('make the directories of log.dirs a node’s own')
    .requiredOption('-t, --cluster-id <uuid>', 'the cluster’s id, the same for all its nodes')
    .requiredOption('-c, --config <file>', 'the node’s server.properties')
    .option('-g, --ignore-formatted', 'leave directories alone that are this node’s already', false)
    .addOption(
      new Option('-s, --standalone', 'the voters are dynamic: this controller alone, to begin with')
        .conflicts(['initialControllers', 'noInitialControllers'])
        .default(false),
    )
    .addOption(
      new Option(
        '-I, --initial-controllers <id@host:port:uuid,…>',
        'the voters are dynamic: these, to begin with; the same for all of them',
      ).conflicts('noInitialControllers'),
    )
    .addOption(NO_INITIAL_CONTROLLERS)
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .action((options: FormatOptions) => format(options, output));
  storage
    .command('info')
    .description('say whose the directories of log.dirs are')
    .requiredOption('-c, --config <file>', 'the node’s server.properties')
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .action(({ config }: { readonly config: string }) => {
      const values = readConfiguration(config, [], (warning) => output.note(`kraft: ${warning}`));
      if (!describeDirectories(allDirectories(values), output)) finish(EXIT.invalid);
    });
}

async function format(options: FormatOptions, output: Output): Promise<void> {
  const { clusterId, config, ignoreFormatted } = options;
  if (uuidToBytes(clusterId) === null || clusterId === ZERO_UUID) {
    throw usageError(
      `--cluster-id ${clusterId}: does not appear to be a valid UUID; kraft storage random-uuid makes one`,
    );
  }
  const values = readConfiguration(config, [], (warning) => output.note(`kraft: ${warning}`));
  await formatStorage({
    values,
    clusterId,
    initialVoters: initialVoters(options, values),
    isFormattedIgnored: ignoreFormatted,
    say: (line) => output.print(line),
  });
}

/** @throws HarnessError `usage` where nobody says who votes, or two say it */
function initialVoters(options: FormatOptions, values: PropertyValues): readonly Voter[] {
  const { config, standalone, initialControllers, noInitialControllers = false } = options;
  const isController = values['process.roles'].includes('controller');
  if (values['controller.quorum.voters'].length > 0) {
    if (!standalone && initialControllers === undefined) return [];
    throw usageError(
      `${config}: controller.quorum.voters names voters that never change, and ` +
        `${standalone ? '--standalone' : '--initial-controllers'} those that may: leave one of the two out`,
    );
  }
  if (standalone) return [standaloneController(values, config, newUuid())];
  if (initialControllers !== undefined) return parseInitialControllers(initialControllers, values);
  if (!isController || noInitialControllers) return [];
  throw usageError(
    `${config}: controller.quorum.voters is not set on this controller: add --standalone for the first controller of a cluster, ` +
      '--no-initial-controllers for one that is added later, or --initial-controllers to name them all',
  );
}

/** @returns whether all is well with them */
function describeDirectories(directories: readonly string[], output: Output): boolean {
  const found: string[] = [];
  const problems: string[] = [];
  let first: MetaProperties | null = null;
  for (const directory of directories) {
    if (!existsSync(directory)) {
      problems.push(`${directory} does not exist`);
      continue;
    }
    try {
      const meta = readMetaProperties(directory);
      found.push(directory);
      if (meta === null) problems.push(`${directory} is not formatted.`);
      else if (first !== null && meta.clusterId !== first.clusterId)
        problems.push('Mismatched cluster IDs between storage directories.');
      else if (first !== null && meta.nodeId !== first.nodeId)
        problems.push('Mismatched node IDs between storage directories.');
      first ??= meta;
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      problems.push(error.message);
    }
  }
  printList(found, 'Found log directory', 'Found log directories', output);
  if (first !== null) {
    const { clusterId, directoryId, nodeId } = first;
    output.print(
      `Found metadata: {cluster.id=${clusterId}, directory.id=${directoryId}, node.id=${nodeId}, version=1}\n`,
    );
  }
  printList(problems, 'Found problem', 'Found problems', output);
  return problems.length === 0;
}

function printList(items: readonly string[], one: string, several: string, output: Output): void {
  if (items.length === 0) return;
  output.print(`${items.length === 1 ? one : several}:\n${items.map((item) => `  ${item}\n`).join('')}`);
}
