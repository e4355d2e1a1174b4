/**
 * DescribeConfigs: what holds for a topic, or for this broker, where it comes from, and what would hold otherwise (KIP-226).
 *
 *     configHandlers({ settings, metadata }).describeConfigs?.(exchange);
 *
 * Each configuration has synonyms, the first of which holds: what was set for the topic, for this broker, for all brokers, the node's
 * properties, the default where it has a key of its own. A broker tells of itself; of another one only that one can.
 */
import type { MetadataImage } from '../../controller/metadata-image.ts';
import { RESOURCE } from '../../controller/metadata-records.ts';
import { checkTopicName } from '../../controller/topic-names.ts';
import { CONFIG_SOURCE } from '../../wire/api/configs.ts';
import type { RequestBody, ResponseBody } from '../../wire/apis.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { Exchange, Handlers } from '../network/exchange.ts';
import type { NodeSettings } from '../settings.ts';
import { configuredNode } from '../static-configs.ts';
import type { DescribedConfig, Synonym } from './described-configs.ts';
import { brokerConfigs, clusterConfigs, topicConfigs } from './described-configs.ts';
import type { ReadableMetadata } from './metadata-requests.ts';

interface ConfigHandlersOptions {
  readonly settings: NodeSettings;
  readonly metadata: ReadableMetadata;
}

type Resource = RequestBody<'describeConfigs'>['resources'][number];
type Result = ResponseBody<'describeConfigs'>['results'][number];

export function configHandlers({ settings, metadata }: ConfigHandlersOptions): Handlers {
  return {
    describeConfigs: (exchange) => {
      if (!metadata.isCaughtUp) return exchange.disconnect('this broker does not know the cluster yet');
      const { resources } = exchange.body;
      exchange.respond({
        results: resources.map((resource) => describe(exchange, metadata.image, settings, resource)),
      });
    },
  };
}

function describe(
  { body }: Exchange<'describeConfigs'>,
  image: MetadataImage,
  settings: NodeSettings,
  resource: Resource,
): Result {
  const { resourceType, resourceName, configurationKeys } = resource;
  const found = find(image, settings, resource);
  if ('error' in found) {
    const { error, message } = found;
    return { errorCode: ERROR[error], errorMessage: message, resourceType, resourceName, configs: [] };
  }
  const keys = configurationKeys === null ? null : new Set(configurationKeys);
  const configs = found.configs
    .filter(({ name }) => keys?.has(name) ?? true)
    .map((config) => told(config, body.includeSynonyms));
  return { errorCode: ERROR.NONE, errorMessage: null, resourceType, resourceName, configs };
}

type Found =
  { readonly configs: readonly DescribedConfig[] } | { readonly error: ErrorName; readonly message: string };

function find(image: MetadataImage, settings: NodeSettings, { resourceType, resourceName }: Resource): Found {
  if (resourceType === RESOURCE.topic) {
    const wrong = checkTopicName(resourceName);
    if (wrong !== null) return { error: 'INVALID_TOPIC_EXCEPTION', message: wrong };
    const configs = topicConfigs(image, configuredNode(settings), resourceName);
    if (configs !== null) return { configs };
    return { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: `there is no topic ${resourceName}` };
  }
  if (resourceType !== RESOURCE.broker) {
    return {
      error: 'INVALID_REQUEST',
      message: `resources of type ${resourceType} have no configuration here`,
    };
  }
  if (resourceName === '') return { configs: clusterConfigs(image) };
  const { nodeId, properties } = settings;
  if (resourceName !== String(nodeId)) {
    return {
      error: 'INVALID_REQUEST',
      message: `this is broker ${nodeId}, and tells of no other`,
    };
  }
  return { configs: brokerConfigs(image, properties, nodeId) };
}

/** Kafka's own keys of these have no default: what holds then comes from a coarser key, and is told without a synonym. */
const WITHOUT_DEFAULT: ReadonlySet<string> = new Set([
  'log.flush.interval.ms',
  'log.retention.ms',
  'log.roll.jitter.ms',
  'log.roll.ms',
]);

const isTold = ({ name, source }: Synonym): boolean =>
  source !== CONFIG_SOURCE.default || !WITHOUT_DEFAULT.has(name);

function told(
  { name, isReadOnly, type, synonyms }: DescribedConfig,
  includeSynonyms: boolean,
): Result['configs'][number] {
  const [holds] = synonyms;
  const source = holds?.source ?? CONFIG_SOURCE.default;
  return {
    name,
    value: holds?.value ?? null,
    readOnly: isReadOnly,
    isDefault: source === CONFIG_SOURCE.default,
    configSource: source,
    isSensitive: false,
    synonyms: includeSynonyms ? synonyms.filter(isTold) : [],
    configType: type,
  };
}
