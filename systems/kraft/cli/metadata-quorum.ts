/** `kraft metadata-quorum`: the controllers' quorum described and changed, as by `kafka-metadata-quorum.sh`. */
import type { Command } from 'commander';
import { METADATA_TOPIC } from '../internal-topics.ts';
import { advertisedControllerListeners } from '../node/property-checks.ts';
import { uuidToBytes } from '../wire/bytes.ts';
import { ERROR } from '../wire/error-codes.ts';
import { addBootstrapOptions, withSession } from './broker-session.ts';
import type { BootstrapOptions, BrokerSession } from './broker-session.ts';
import { dataDirectory, readConfiguration } from './configuration.ts';
import { usageError } from './exit-codes.ts';
import { readMetaProperties } from './format-storage.ts';
import { wholeNumber } from './numbers.ts';
import type { CommandContext, Output } from './output.ts';
import { describeReplication, describeStatus } from './quorum-description.ts';
import type { QuorumFacts } from './quorum-description.ts';
import { checkAnswer } from './refusals.ts';

const EXAMPLES = `
Examples:
  kraft metadata-quorum --bootstrap-server localhost:9092 describe --status
  kraft metadata-quorum --bootstrap-server localhost:9092 describe --replication
  kraft metadata-quorum --bootstrap-controller localhost:9093 describe --replication --human-readable
  kraft metadata-quorum --bootstrap-server localhost:9092 --command-config node-4.properties add-controller
  kraft metadata-quorum --bootstrap-server localhost:9092 remove-controller --controller-id 3 --controller-directory-id UUID`;

/** The `endpointType` of DescribeCluster. */
const ENDPOINT_TYPE = { brokers: 1, controllers: 2 } as const;
/** A new voter has to catch up first. */
const VOTER_TIMEOUT_MS = 15_000;

interface QuorumOptions extends BootstrapOptions {
  readonly bootstrapController?: string;
  readonly commandConfig?: string;
}

interface DescribeOptions extends QuorumOptions {
  readonly status: boolean;
  readonly replication: boolean;
  readonly humanReadable: boolean;
}

interface ChangeOptions extends QuorumOptions {
  readonly dryRun: boolean;
  readonly controllerId?: string;
  readonly controllerDirectoryId?: string;
}

export function addMetadataQuorumCommand(program: Command, { output }: CommandContext): void {
  const quorum = program
    .command('metadata-quorum')
    .description('describe and change the quorum of controllers')
    .addHelpText('after', EXAMPLES);
  const connecting = (command: Command): Command =>
    addBootstrapOptions(command).option(
      '--bootstrap-controller <host:port,…>',
      'controllers to ask, instead of brokers',
    );
  connecting(quorum);
  const subcommand = (name: string, description: string): Command =>
    connecting(quorum.command(name).description(description))
      .addHelpText('after', EXAMPLES)
      .allowExcessArguments(false);
  subcommand('describe', 'say who leads, who follows, and how far')
    .option('--status', 'a summary', false)
    .option('--replication', 'how far each replica is', false)
    .option('--human-readable', 'with --replication: times as “ms ago”', false)
    .action((_: unknown, command: Command) => describe(command.optsWithGlobals(), output));
  subcommand('add-controller', 'make the node of --command-config a voter')
    .option('--dry-run', 'only say what would be done', false)
    .action((_: unknown, command: Command) => addController(command.optsWithGlobals(), output));
  subcommand('remove-controller', 'take a voter out')
    .requiredOption('-i, --controller-id <id>', 'its node id')
    .requiredOption('-d, --controller-directory-id <uuid>', 'its directory, as --status prints it')
    .option('--dry-run', 'only say what would be done', false)
    .action((_: unknown, command: Command) => removeController(command.optsWithGlobals(), output));
}

/** Of brokers or of controllers. */
function target(options: QuorumOptions): BootstrapOptions & { readonly ofControllers: boolean } {
  const { bootstrapServer, bootstrapController } = options;
  if (bootstrapServer !== undefined && bootstrapController !== undefined)
    throw usageError('metadata-quorum takes --bootstrap-server or --bootstrap-controller, not both');
  const where = bootstrapController ?? bootstrapServer;
  return {
    ...(where === undefined ? {} : { bootstrapServer: where }),
    ofControllers: bootstrapController !== undefined,
  };
}

async function describe(options: DescribeOptions, output: Output): Promise<void> {
  const { status, replication, humanReadable } = options;
  if (status === replication) throw usageError('describe takes one of --status and --replication');
  if (humanReadable && !replication) throw usageError('--human-readable goes with --replication only');
  const { ofControllers, ...where } = target(options);
  await withSession(where, output, async (session) => {
    const quorum = await readQuorum(session);
    const lines = status
      ? describeStatus(await readClusterId(session, ofControllers), quorum)
      : describeReplication(quorum, humanReadable ? session.wallMs : null);
    for (const line of lines) output.print(line);
  });
}

async function readQuorum(session: BrokerSession): Promise<QuorumFacts> {
  const topics = [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }];
  const answer = await session.ask('describeQuorum', { topics });
  checkAnswer('quorum', answer.errorCode, answer.errorMessage);
  const partition = answer.topics[0]?.partitions[0];
  if (partition === undefined) {
    checkAnswer('quorum', ERROR.UNKNOWN_SERVER_ERROR);
    throw new Error('unreachable');
  }
  checkAnswer('quorum', partition.errorCode, partition.errorMessage);
  return {
    leaderId: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    highWatermark: partition.highWatermark,
    voters: partition.currentVoters,
    observers: partition.observers,
    endpoints: new Map(
      answer.nodes.map(({ nodeId, listeners }) => [
        nodeId,
        listeners.map(({ name, host, port }) => `${name}://${bracketed(host)}:${port}`),
      ]),
    ),
  };
}

async function readClusterId(session: BrokerSession, ofControllers: boolean): Promise<string> {
  const endpointType = ofControllers ? ENDPOINT_TYPE.controllers : ENDPOINT_TYPE.brokers;
  const body = { includeClusterAuthorizedOperations: false, endpointType };
  const { errorCode, errorMessage, clusterId } = await session.ask('describeCluster', body);
  checkAnswer('quorum', errorCode, errorMessage);
  return clusterId;
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

async function addController(options: ChangeOptions, output: Output): Promise<void> {
  const { commandConfig, dryRun } = options;
  if (commandConfig === undefined)
    throw usageError('add-controller needs --command-config FILE: the server.properties of the controller');
  const values = readConfiguration(commandConfig, [], (warning) => output.note(`kraft: ${warning}`));
  if (!values['process.roles'].includes('controller'))
    throw usageError(`${commandConfig}: process.roles does not name controller`);
  const directory = dataDirectory(values, commandConfig);
  const meta = readMetaProperties(directory);
  if (meta === null)
    throw usageError(`${directory} is not formatted: the controller has no directory id yet`);
  const listeners = advertisedControllerListeners(values).map(({ name, host, port }) => ({
    name,
    host: host === '' ? 'localhost' : host,
    port,
  }));
  if (!dryRun) {
    const { ofControllers: _, ...where } = target(options);
    await withSession(where, output, async (session) => {
      const { errorCode, errorMessage } = await session.tell('addRaftVoter', {
        clusterId: meta.clusterId,
        timeoutMs: VOTER_TIMEOUT_MS,
        voterId: meta.nodeId,
        voterDirectoryId: meta.directoryId,
        listeners,
      });
      checkAnswer('quorum', errorCode, errorMessage);
    });
  }
  const endpoints = listeners.map(({ name, host, port }) => `${name}://${bracketed(host)}:${port}`);
  output.print(
    `${dryRun ? 'DRY RUN of adding' : 'Added'} controller ${meta.nodeId} with directory id ${meta.directoryId} ` +
      `and endpoints: ${endpoints.join(', ')}`,
  );
}

async function removeController(options: ChangeOptions, output: Output): Promise<void> {
  const { dryRun, controllerId = '', controllerDirectoryId = '' } = options;
  const voterId = wholeNumber(controllerId, '--controller-id');
  if (uuidToBytes(controllerDirectoryId) === null)
    throw usageError(`--controller-directory-id ${controllerDirectoryId} is no UUID`);
  if (!dryRun) {
    const { ofControllers: _, ...where } = target(options);
    await withSession(where, output, async (session) => {
      const body = { clusterId: null, voterId, voterDirectoryId: controllerDirectoryId };
      const { errorCode, errorMessage } = await session.tell('removeRaftVoter', body);
      checkAnswer('quorum', errorCode, errorMessage);
    });
  }
  output.print(
    `${dryRun ? 'DRY RUN of removing' : 'Removed'} KRaft controller ${voterId} with directory id ${controllerDirectoryId}`,
  );
}
