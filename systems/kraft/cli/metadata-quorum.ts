/** `kraft metadata-quorum`: the controllers' quorum described and changed, as by `kafka-metadata-quorum.sh`. */
import type { Command } from 'commander';
import type { Address } from '../../runtime/runtime.ts';
import { METADATA_TOPIC } from '../internal-topics.ts';
import { uuidToBytes } from '../wire/bytes.ts';
import { ERROR } from '../wire/error-codes.ts';
import { addBootstrapOptions, withSession } from './broker-session.ts';
import type { BootstrapOptions, BrokerSession } from './broker-session.ts';
import { dataDirectory, readConfiguration } from './configuration.ts';
import { usageError } from './exit-codes.ts';
import { readMetaProperties } from './format-storage.ts';
import { reachedListeners } from './initial-controllers.ts';
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

/** Of DescribeCluster. */
const OF_BROKERS = { includeClusterAuthorizedOperations: false, endpointType: 1 } as const;
const OF_CONTROLLERS = { ...OF_BROKERS, endpointType: 2 } as const;
/** Before a leader is looked for again. */
const RETRY_MS = 200;
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
    const quorum = await readQuorum(session, ofControllers);
    const lines = status
      ? describeStatus(await readClusterId(session, ofControllers), quorum)
      : describeReplication(quorum, humanReadable ? session.wallMs : null);
    for (const line of lines) output.print(line);
  });
}

/**
 * Any broker passes on what is asked of it; of controllers only the one that leads answers: the others say who that is.
 *
 * @param ask - at the first of these that can be reached
 */
async function askLeader<T>(
  session: BrokerSession,
  ofControllers: boolean,
  ask: (addresses?: readonly Address[]) => Promise<T>,
  errorOf: (answer: T) => number,
): Promise<T> {
  if (!ofControllers) return ask();
  for (;;) {
    const { controllerId, brokers } = await session.ask('describeCluster', OF_CONTROLLERS);
    const leads = ({ brokerId }: { readonly brokerId: number }): number => Number(brokerId === controllerId);
    const answer = await ask(
      brokers.length === 0 ? undefined : brokers.toSorted((a, b) => leads(b) - leads(a)),
    );
    // It may just have lost an election, or died: then there is another soon.
    const isOver = session.client.nowMs + RETRY_MS >= session.deadlineMs;
    if (errorOf(answer) !== ERROR.NOT_LEADER_OR_FOLLOWER || isOver) return answer;
    await session.client.sleep(RETRY_MS);
  }
}

async function readQuorum(session: BrokerSession, ofControllers: boolean): Promise<QuorumFacts> {
  const topics = [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }];
  const answer = await askLeader(
    session,
    ofControllers,
    (addresses) => session.ask('describeQuorum', { topics }, addresses),
    ({ errorCode, topics: [topic] }) => topic?.partitions[0]?.errorCode ?? errorCode,
  );
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
  const body = ofControllers ? OF_CONTROLLERS : OF_BROKERS;
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
  const listeners = reachedListeners(values, commandConfig);
  if (!dryRun) {
    const { clusterId, nodeId: voterId, directoryId: voterDirectoryId } = meta;
    const body = { clusterId, timeoutMs: VOTER_TIMEOUT_MS, voterId, voterDirectoryId, listeners };
    const { ofControllers, ...where } = target(options);
    await withSession(where, output, async (session) => {
      const { errorCode, errorMessage } = await askLeader(
        session,
        ofControllers,
        (addresses) => session.tell('addRaftVoter', body, addresses),
        (answer) => answer.errorCode,
      );
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
    const { ofControllers, ...where } = target(options);
    await withSession(where, output, async (session) => {
      const body = { clusterId: null, voterId, voterDirectoryId: controllerDirectoryId };
      const { errorCode, errorMessage } = await askLeader(
        session,
        ofControllers,
        (addresses) => session.tell('removeRaftVoter', body, addresses),
        (answer) => answer.errorCode,
      );
      checkAnswer('quorum', errorCode, errorMessage);
    });
  }
  output.print(
    `${dryRun ? 'DRY RUN of removing' : 'Removed'} KRaft controller ${voterId} with directory id ${controllerDirectoryId}`,
  );
}
