/** `kraft storage`: random ids, and directories of nodes: formatted, and described. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { HarnessError } from '../../../harness/errors.ts';
import type { MetaProperties } from '../node/meta-properties.ts';
import { uuidToBytes, ZERO_UUID } from '../wire/bytes.ts';
import { allDirectories, readConfiguration } from './configuration.ts';
import { EXIT, usageError } from './exit-codes.ts';
import { formatStorage, newUuid, readMetaProperties } from './format-storage.ts';
import type { CommandContext, Output } from './output.ts';

const EXAMPLES = `
Examples:
  kraft storage random-uuid                                  one id, for all nodes of the cluster
  kraft storage format -t UUID -c server.properties          once for each node, before its first start
  kraft storage info -c server.properties                    whose the directories are`;

interface FormatOptions {
  readonly clusterId: string;
  readonly config: string;
  readonly ignoreFormatted: boolean;
}

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

function format({ clusterId, config, ignoreFormatted }: FormatOptions, output: Output): void {
  if (uuidToBytes(clusterId) === null || clusterId === ZERO_UUID) {
    throw usageError(
      `--cluster-id ${clusterId}: does not appear to be a valid UUID; kraft storage random-uuid makes one`,
    );
  }
  const values = readConfiguration(config, [], (warning) => output.note(`kraft: ${warning}`));
  const say = (line: string): void => output.print(line);
  formatStorage({ values, clusterId, isFormattedIgnored: ignoreFormatted, say });
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
