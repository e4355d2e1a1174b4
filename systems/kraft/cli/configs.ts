/** `kraft configs`: configurations of topics and brokers, as by `kafka-configs.sh`. */
import type { Command } from 'commander';
import type { Address } from '../../runtime/runtime.ts';
import { CONFIG_OPERATION, CONFIG_SOURCE, RESOURCE_TYPE } from '../wire/api/configs.ts';
import { addBootstrapOptions, withSession } from './broker-session.ts';
import type { BootstrapOptions, BrokerSession } from './broker-session.ts';
import { usageError } from './exit-codes.ts';
import type { CommandContext, Output } from './output.ts';
import { checkAnswer } from './refusals.ts';
import { topicNames } from './topics-read.ts';
import type { Configs } from './topics-read.ts';

const EXAMPLES = `
Examples:
  kraft configs --bootstrap-server localhost:9092 --describe --topic orders
  kraft configs --bootstrap-server localhost:9092 --describe --entity-type topics --entity-name orders --all
  kraft configs --bootstrap-server localhost:9092 --alter --topic orders --add-config retention.ms=60000,min.insync.replicas=2
  kraft configs --bootstrap-server localhost:9092 --alter --topic orders --add-config 'cleanup.policy=[compact,delete]'
  kraft configs --bootstrap-server localhost:9092 --alter --topic orders --delete-config retention.ms
  kraft configs --bootstrap-server localhost:9092 --describe --broker 1 --all`;

interface Options extends BootstrapOptions {
  readonly alter: boolean;
  readonly describe: boolean;
  readonly entityType?: string;
  readonly entityName?: string;
  readonly entityDefault: boolean;
  readonly topic?: string;
  readonly broker?: string;
  readonly brokerDefaults: boolean;
  readonly addConfig?: string;
  readonly deleteConfig?: string;
  readonly all: boolean;
}

type Kind = keyof typeof RESOURCE_TYPE;

interface Entity {
  readonly kind: Kind;
  /** Empty: what holds for all brokers. Null: all of them, one after the other. */
  readonly name: string | null;
}

/** How Kafka's tool calls the places that a value may come from. */
const SOURCE_NAMES: ReadonlyMap<number, string> = new Map([
  [CONFIG_SOURCE.topic, 'DYNAMIC_TOPIC_CONFIG'],
  [CONFIG_SOURCE.dynamicBroker, 'DYNAMIC_BROKER_CONFIG'],
  [CONFIG_SOURCE.dynamicDefaultBroker, 'DYNAMIC_DEFAULT_BROKER_CONFIG'],
  [CONFIG_SOURCE.staticBroker, 'STATIC_BROKER_CONFIG'],
  [CONFIG_SOURCE.default, 'DEFAULT_CONFIG'],
]);

export function addConfigsCommand(program: Command, { output }: CommandContext): void {
  const command = program
    .command('configs')
    .description('describe and alter configurations of topics and brokers');
  addBootstrapOptions(command)
    .option('--describe', 'print configurations', false)
    .option('--alter', 'change configurations', false)
    .option('--entity-type <type>', 'topics or brokers')
    .option('--entity-name <name>', 'a topic, or a broker’s id')
    .option('--entity-default', 'what holds for all brokers', false)
    .option('--topic <name>', 'short for --entity-type topics --entity-name NAME')
    .option('--broker <id>', 'short for --entity-type brokers --entity-name ID')
    .option('--broker-defaults', 'short for --entity-type brokers --entity-default', false)
    .option('--add-config <list>', 'key=value, several with commas; lists in brackets: key=[a,b]')
    .option('--delete-config <list>', 'keys that go back to what held before, with commas')
    .option('--all', 'describe what nobody has set, too', false)
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .action(async (options: Options) => {
      if (options.alter === options.describe) throw usageError('configs takes one of --describe and --alter');
      const entity = entityOf(options);
      const changes = options.alter ? changesOf(options) : [];
      await withSession(options, output, async (session) => {
        if (options.alter) await alter(session, entity, changes, output);
        else await describeEntities(session, entity, options.all, output);
      });
    });
}

function entityOf(options: Options): Entity {
  const { entityType, entityName, entityDefault, topic, broker, brokerDefaults } = options;
  const entities: Entity[] = [];
  if (topic !== undefined) entities.push({ kind: 'topic', name: topic });
  if (broker !== undefined) entities.push({ kind: 'broker', name: broker });
  if (brokerDefaults) entities.push({ kind: 'broker', name: '' });
  if (entityType !== undefined) {
    const kind = kindOf(entityType);
    if (entityDefault && kind === 'topic')
      throw usageError('topics have no --entity-default: that is what brokers have');
    entities.push({ kind, name: entityDefault ? '' : (entityName ?? null) });
  }
  const [entity] = entities;
  if (entity === undefined || entities.length > 1)
    throw usageError('configs takes one of --topic, --broker, --broker-defaults, --entity-type');
  if (entity.kind === 'broker' && entity.name !== null && !/^\d*$/.test(entity.name))
    throw usageError(`a broker is a number, not "${entity.name}"`);
  return entity;
}

function kindOf(type: string): Kind {
  if (type === 'topics') return 'topic';
  if (type === 'brokers') return 'broker';
  throw usageError(`--entity-type is topics or brokers, not "${type}"`);
}

interface Change {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}

function changesOf({ addConfig, deleteConfig }: Options): readonly Change[] {
  if (addConfig === undefined && deleteConfig === undefined)
    throw usageError('--alter needs --add-config or --delete-config');
  const added = splitOutsideBrackets(addConfig ?? '').map((pair): Change => {
    const at = pair.indexOf('=');
    if (at < 1) throw usageError(`--add-config takes key=value; "${pair}" is none`);
    const value = pair.slice(at + 1).trim();
    return {
      name: pair.slice(0, at).trim(),
      configOperation: CONFIG_OPERATION.set,
      value: value.replace(/^\[(.*)\]$/, '$1'),
    };
  });
  const deleted = splitOutsideBrackets(deleteConfig ?? '').map((name): Change => ({
    name,
    configOperation: CONFIG_OPERATION.delete,
    value: null,
  }));
  return [...added, ...deleted];
}

/** At the commas that are in no brackets. */
function splitOutsideBrackets(text: string): string[] {
  return (text.match(/(?:\[[^\]]*\]|[^,])+/g) ?? []).map((item) => item.trim()).filter((item) => item !== '');
}

function entityText({ kind, name }: Entity): string {
  return kind === 'broker' && name === '' ? 'default broker' : `${kind} ${name ?? ''}`;
}

async function alter(
  session: BrokerSession,
  entity: Entity,
  configs: readonly Change[],
  output: Output,
): Promise<void> {
  const { kind, name } = entity;
  if (name === null) throw usageError('--alter needs --entity-name, or --entity-default');
  const { responses } = await session.tell('incrementalAlterConfigs', {
    resources: [{ resourceType: RESOURCE_TYPE[kind], resourceName: name, configs }],
    validateOnly: false,
  });
  for (const { errorCode, errorMessage } of responses) checkAnswer('config', errorCode, errorMessage);
  output.print(`Completed updating config for ${entityText(entity)}.`);
}

async function describeEntities(
  session: BrokerSession,
  { kind, name }: Entity,
  isAll: boolean,
  output: Output,
): Promise<void> {
  let names: readonly string[];
  if (name !== null) names = [name];
  else if (kind === 'topic') names = await topicNames(session, { isInternalExcluded: false });
  else names = [...(await session.brokers()).map(({ nodeId }) => String(nodeId)), ''];
  for (const each of names) await describeEntity(session, { kind, name: each }, isAll, output);
}

async function describeEntity(
  session: BrokerSession,
  entity: Entity & { readonly name: string },
  isAll: boolean,
  output: Output,
): Promise<void> {
  const { kind, name } = entity;
  const configs = await readConfigs(session, entity);
  const shown = isAll ? configs : configs.filter(({ configSource }) => isDynamic(configSource, kind, name));
  const heading =
    kind === 'broker' && name === ''
      ? 'Default configs for brokers in the cluster are:'
      : `${isAll ? 'All' : 'Dynamic'} configs for ${entityText(entity)} are:`;
  output.print(heading);
  for (const { name: key, value, isSensitive, synonyms } of [...shown].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const sources = synonyms.map(
      (synonym) =>
        `${SOURCE_NAMES.get(synonym.source) ?? 'UNKNOWN'}:${synonym.name}=${synonym.value ?? 'null'}`,
    );
    output.print(`  ${key}=${value ?? 'null'} sensitive=${isSensitive} synonyms={${sources.join(', ')}}`);
  }
}

function isDynamic(source: number, kind: Kind, name: string): boolean {
  if (kind === 'topic') return source === CONFIG_SOURCE.topic;
  return source === (name === '' ? CONFIG_SOURCE.dynamicDefaultBroker : CONFIG_SOURCE.dynamicBroker);
}

async function readConfigs(
  session: BrokerSession,
  { kind, name }: Entity & { readonly name: string },
): Promise<Configs> {
  const resources = [{ resourceType: RESOURCE_TYPE[kind], resourceName: name, configurationKeys: null }];
  const body = { resources, includeSynonyms: true };
  const { results } = await session.ask('describeConfigs', body, await whoKnows(session, kind, name));
  for (const { errorCode, errorMessage } of results) checkAnswer('config', errorCode, errorMessage);
  return results[0]?.configs ?? [];
}

/** A broker tells only of itself. */
async function whoKnows(
  session: BrokerSession,
  kind: Kind,
  name: string,
): Promise<readonly Address[] | undefined> {
  if (kind === 'topic' || name === '') return undefined;
  const broker = (await session.brokers()).find(({ nodeId }) => String(nodeId) === name);
  if (broker === undefined) throw usageError(`there is no broker ${name} at this moment`);
  return [broker];
}
