/**
 * What the quorum is told by `server.properties`.
 *
 *     optionsOf(properties).electionTimeoutMs  // controller.quorum.election.timeout.ms
 *     staticVotersOf(properties)               // controller.quorum.voters; empty where the voters are in the log
 */
import type { Address } from '../../../runtime/runtime.ts';
import type { Endpoint, Voter } from '../../quorum/messages.ts';
import type { QuorumOptions } from '../../quorum/options.ts';
import { parseQuorumOptions, QUORUM_OPTIONS } from '../../quorum/options.ts';
import { advertisedControllerListeners, controllerNames } from '../property-checks.ts';
import type { PropertyKey, PropertyValues } from '../property-table.ts';

/** Where no name is set, as on a broker that knows the controllers by their addresses alone. */
const DEFAULT_LISTENER_NAME = 'CONTROLLER';

export function optionsOf(properties: PropertyValues): QuorumOptions {
  const given: Record<string, number> = {};
  for (const [name, { property, max }] of Object.entries(QUORUM_OPTIONS)) {
    if (property !== null) given[name] = Math.min(max, properties[property as PropertyKey] as number);
  }
  const { fetchMaxWaitMs, fetchTimeoutMs, requestTimeoutMs } = parseQuorumOptions(given);
  // Kafka's leaders hold an idle fetch for 500 ms, and with shorter timeouts their followers give them up.
  const patienceMs = Math.min(fetchTimeoutMs, requestTimeoutMs) / 2;
  given['fetchMaxWaitMs'] = Math.min(fetchMaxWaitMs, Math.floor(patienceMs));
  return parseQuorumOptions(given);
}

/** Of the listener by which controllers are reached. */
export const listenerNameOf = (properties: PropertyValues): string =>
  controllerNames(properties)[0] ?? DEFAULT_LISTENER_NAME;

export function staticVotersOf(properties: PropertyValues): readonly Voter[] {
  const name = listenerNameOf(properties);
  return properties['controller.quorum.voters'].map(({ id, host, port }) => ({
    voterId: id,
    voterDirectoryId: null,
    listeners: [{ name, host, port }],
  }));
}

/** Ids of nodes that are asked who leads before anybody is known: none that a node can have, as Kafka does it. */
const FIRST_BOOTSTRAP_ID = -2;

/** `controller.quorum.bootstrap.servers` */
export function bootstrapOf(properties: PropertyValues): ReadonlyMap<number, Address> {
  const servers = properties['controller.quorum.bootstrap.servers'];
  return new Map(servers.map((server, i) => [FIRST_BOOTSTRAP_ID - i, server]));
}

/** Where this node's controller listeners are reached; none on a broker. @param ownHost - for one that listens everywhere */
export function controllerListenersOf(
  properties: PropertyValues,
  nodeId: number,
  ownHost: string,
): readonly Endpoint[] {
  const asVoter = staticVotersOf(properties).find(({ voterId }) => voterId === nodeId);
  if (asVoter !== undefined) return asVoter.listeners;
  return advertisedControllerListeners(properties).map((listener) => ({
    ...listener,
    host: listener.host || ownHost,
  }));
}
