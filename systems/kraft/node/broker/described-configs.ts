/**
 * Configurations as DescribeConfigs tells them: of topics, of this broker, and of all brokers.
 *
 *     topicConfigs(image, node, 'orders')[0];
 *     // { name: 'cleanup.policy', value: 'compact', source: 1, type: 7, isReadOnly: false, synonyms: [{ … source: 1 }, { … source: 5 }] }
 *
 * The first synonym is what holds. A value that a broker has by default and only there is null where Kafka has none.
 */
import type { MetadataImage } from '../../controller/metadata-image.ts';
import { RESOURCE } from '../../controller/metadata-records.ts';
import type { ConfigDefinition, ConfiguredNode } from '../../controller/topic-configs.ts';
import {
  BROKER_CONFIG_NAMES,
  FIXED_CONFIGS,
  TOPIC_CONFIG_NAMES,
  topicConfig,
  topicConfigOfBroker,
} from '../../controller/topic-configs.ts';
import { CONFIG_SOURCE } from '../../wire/api/configs.ts';
import type { PropertyKey, PropertyValues } from '../property-table.ts';
import { PROPERTY_TABLE } from '../property-table.ts';

export interface Synonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

export interface DescribedConfig {
  readonly name: string;
  readonly isReadOnly: boolean;
  readonly type: number;
  /** What holds comes first; there is at least one. */
  readonly synonyms: readonly Synonym[];
}

/** Of KIP-569; what is none of Kafka's types is a text. */
const TYPE = { boolean: 1, text: 2, int: 3, long: 5, fraction: 6, list: 7 } as const;
const INT_MAX = 2n ** 31n - 1n;
const SEPARATOR = ',';

const ALL_BROKERS = '';

/** Null where there is no such topic. */
export function topicConfigs(
  image: MetadataImage,
  node: ConfiguredNode,
  topic: string,
): readonly DescribedConfig[] | null {
  if (image.topicByName(topic) === undefined) return null;
  const own = image.configs(RESOURCE.topic, topic);
  const ofBroker = image.configs(RESOURCE.broker, String(node.nodeId));
  const ofAll = image.configs(RESOURCE.broker, ALL_BROKERS);
  return TOPIC_CONFIG_NAMES.map((name) => {
    const definition = topicConfig(name) as ConfigDefinition;
    const { brokerName, byDefault } = definition;
    return {
      name,
      isReadOnly: FIXED_CONFIGS.has(name),
      type: typeOf(definition),
      synonyms: present([
        [name, own?.get(name), CONFIG_SOURCE.topic],
        [brokerName, ofBroker?.get(brokerName), CONFIG_SOURCE.dynamicBroker],
        [brokerName, ofAll?.get(brokerName), CONFIG_SOURCE.dynamicDefaultBroker],
        [brokerName, node.staticConfigs[brokerName], CONFIG_SOURCE.staticBroker],
        [brokerName, byDefault, CONFIG_SOURCE.default],
      ]),
    };
  });
}

/** What was set for all brokers. */
export function clusterConfigs(image: MetadataImage): readonly DescribedConfig[] {
  const set = [...(image.configs(RESOURCE.broker, ALL_BROKERS) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  return set.map(([name, value]) => {
    const definition = topicConfigOfBroker(name);
    return {
      name,
      isReadOnly: false,
      type: definition === undefined ? TYPE.text : typeOf(definition),
      synonyms: [{ name, value, source: CONFIG_SOURCE.dynamicDefaultBroker }],
    };
  });
}

/** All properties of a node, and what was set for it since. */
export function brokerConfigs(
  image: MetadataImage,
  properties: PropertyValues,
  nodeId: number,
): readonly DescribedConfig[] {
  const own = image.configs(RESOURCE.broker, String(nodeId));
  const ofAll = image.configs(RESOURCE.broker, ALL_BROKERS);
  const names = [...new Set([...Object.keys(PROPERTY_TABLE), ...BROKER_CONFIG_NAMES])].sort();
  return names.map((name) => {
    const definition = topicConfigOfBroker(name);
    const property = Object.hasOwn(PROPERTY_TABLE, name) ? (name as PropertyKey) : null;
    const value = property === null ? null : format(properties[property]);
    const byDefault =
      property === null ? (definition?.byDefault ?? null) : format(PROPERTY_TABLE[property].default);
    return {
      name,
      isReadOnly: definition === undefined,
      type: definition === undefined ? typeOfValue(property, properties) : typeOf(definition),
      synonyms: [
        ...present([
          [name, own?.get(name), CONFIG_SOURCE.dynamicBroker],
          [name, ofAll?.get(name), CONFIG_SOURCE.dynamicDefaultBroker],
          [name, value === byDefault ? undefined : (value ?? undefined), CONFIG_SOURCE.staticBroker],
        ]),
        { name, value: byDefault, source: CONFIG_SOURCE.default },
      ],
    };
  });
}

function present(
  candidates: readonly (readonly [name: string, value: string | undefined, source: number])[],
): Synonym[] {
  return candidates.flatMap(([name, value, source]) =>
    value === undefined ? [] : [{ name, value, source }],
  );
}

function typeOf({ type }: ConfigDefinition): number {
  switch (type.kind) {
    case 'integer':
      return type.max > INT_MAX ? TYPE.long : TYPE.int;
    case 'choice':
      return TYPE.text;
    default:
      return TYPE[type.kind];
  }
}

function typeOfValue(key: PropertyKey | null, properties: PropertyValues): number {
  const value = key === null ? null : properties[key];
  if (typeof value === 'boolean') return TYPE.boolean;
  if (typeof value === 'number') return TYPE.long;
  return Array.isArray(value) ? TYPE.list : TYPE.text;
}

type Item = PropertyValues[PropertyKey] | object;

/** As it stands in `server.properties`. */
function format(value: Item): string | null {
  if (value === null) return null;
  if (Array.isArray(value)) return (value as readonly Item[]).map(formatItem).join(SEPARATOR);
  if (value instanceof Map) {
    return [...(value as ReadonlyMap<string, string>)].map(([name, to]) => `${name}:${to}`).join(SEPARATOR);
  }
  return formatItem(value);
}

/** A listener, a voter, an address, or a plain value. */
function formatItem(item: Item): string {
  if (typeof item !== 'object' || item === null) return String(item);
  const { name, id, host, port } = item as Place;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (name !== undefined) return `${name}://${address}`;
  return id === undefined ? address : `${id}@${address}`;
}

interface Place {
  readonly name?: string;
  readonly id?: number;
  readonly host: string;
  readonly port: number;
}
