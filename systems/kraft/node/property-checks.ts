/**
 * What must hold between keys of `server.properties`: roles, listeners, voters, and times that must fit together.
 *
 *     checkAcross(values, places, 'server.properties').problems // []
 */
import type { PropertyKey, PropertyValues } from './property-table.ts';
import type { Listener } from './property-types.ts';

export interface Findings {
  readonly problems: string[];
  readonly warnings: string[];
}

type Say = (key: PropertyKey, value: string | number, what: string) => void;

const SPOKEN_PROTOCOL = 'PLAINTEXT';
const isController = (values: PropertyValues, { name }: Listener): boolean =>
  controllerNames(values).includes(name);

/** In capitals, as names of listeners are. */
export const controllerNames = (values: PropertyValues): readonly string[] =>
  values['controller.listener.names'].map((name) => name.toUpperCase());

/** What clients are told to connect to: as advertised, else where the broker listens for them. */
export function advertisedListeners(values: PropertyValues): readonly Listener[] {
  const all = values['advertised.listeners'] ?? values.listeners;
  return all.filter((each) => !isController(values, each));
}

/** Where other controllers and brokers reach this controller, the same way (KIP-853). */
export function advertisedControllerListeners(values: PropertyValues): readonly Listener[] {
  const all = [...(values['advertised.listeners'] ?? []), ...values.listeners];
  return controllerNames(values).flatMap((name) => all.find((listener) => listener.name === name) ?? []);
}

/** Whether nobody can connect to a listener that others are told of. */
export const isNowhere = ({ host }: Listener): boolean => host === '' || host === '0.0.0.0' || host === '::';

/** On which of its listeners brokers talk to each other. */
export function interBrokerListenerName(values: PropertyValues): string {
  return values['inter.broker.listener.name']?.toUpperCase() ?? SPOKEN_PROTOCOL;
}

/** @param places - by key, where it is set; `file` is said of what is set nowhere */
export function checkAcross(
  values: PropertyValues,
  places: ReadonlyMap<string, string>,
  file: string,
): Findings {
  const findings: Findings = { problems: [], warnings: [] };
  const sayTo =
    (list: string[]): Say =>
    (key, value, what) =>
      void list.push(`${places.get(key) ?? file}: ${key}=${value}: ${what}`);
  const wrong = sayTo(findings.problems);
  checkRoles(values, wrong);
  // What a node needs depends on what it is.
  if (values['process.roles'].length === 0) return findings;
  checkVoters(values, wrong);
  checkListeners(values, places.has('listener.security.protocol.map'), wrong);
  checkAdvertised(values, wrong);
  if (values['process.roles'].includes('broker')) checkBroker(values, wrong);
  checkTimes(values, wrong, sayTo(findings.warnings));
  return findings;
}

function checkRoles(values: PropertyValues, wrong: Say): void {
  const roles = values['process.roles'];
  const text = roles.join(',');
  if (roles.length === 0) wrong('process.roles', text, 'must name broker, controller, or both');
  if (new Set(roles).size < roles.length) wrong('process.roles', text, 'names a role twice');
}

function checkVoters(values: PropertyValues, wrong: Say): void {
  const voters = values['controller.quorum.voters'];
  const id = values['node.id'];
  const text = voters.map((voter) => `${voter.id}@${voter.host}:${voter.port}`).join(',');
  const ids = voters.map((voter) => voter.id);
  if (new Set(ids).size < ids.length) wrong('controller.quorum.voters', text, 'names a voter twice');
  if (voters.length === 0 && values['controller.quorum.bootstrap.servers'].length === 0) {
    wrong(
      'controller.quorum.voters',
      '',
      'must be set, or controller.quorum.bootstrap.servers: who is the quorum?',
    );
  }
  if (voters.length === 0) return;
  const isVoter = ids.includes(id);
  if (values['process.roles'].includes('controller')) {
    if (!isVoter)
      wrong('node.id', id, `a controller must be among controller.quorum.voters, which are ${text}`);
  } else if (isVoter) {
    wrong(
      'node.id',
      id,
      `only a controller may be among controller.quorum.voters, and process.roles is broker`,
    );
  }
}

const describe = (listeners: readonly Listener[]): string =>
  listeners.map(({ name, host, port }) => `${name}://${host}:${port}`).join(',');

function checkListeners(values: PropertyValues, isMapped: boolean, wrong: Say): void {
  const { listeners } = values;
  const text = describe(listeners);
  const names = listeners.map(({ name }) => name);
  const ports = listeners.map(({ port, host }) => `${host}:${port}`).filter((each) => !each.endsWith(':0'));
  const controllers = controllerNames(values);
  const controllerText = controllers.join(',');
  if (listeners.length === 0) wrong('listeners', text, 'must name a listener');
  if (new Set(names).size < names.length) wrong('listeners', text, 'names a listener twice');
  if (new Set(ports).size < ports.length) wrong('listeners', text, 'names a port twice');
  if (controllers.length === 0) {
    wrong('controller.listener.names', '', 'must name the listener on which controllers are reached');
    return;
  }
  const roles = values['process.roles'];
  const ofControllers = listeners.filter((each) => isController(values, each));
  if (roles.includes('controller') && ofControllers.length === 0) {
    wrong(
      'controller.listener.names',
      controllerText,
      `a controller must listen there, and listeners is ${text}`,
    );
  }
  if (!roles.includes('controller') && ofControllers.length > 0) {
    wrong(
      'listeners',
      text,
      `only a controller listens on ${ofControllers.map(({ name }) => name).join(',')}`,
    );
  }
  if (!roles.includes('broker') && ofControllers.length < listeners.length) {
    wrong('listeners', text, `a controller that is no broker listens only on ${controllerText}`);
  }
  const protocols = values['listener.security.protocol.map'];
  for (const name of new Set([...names, ...controllers])) {
    // Where nobody maps anything, controllers' listeners are plain, whatever their names (KIP-631).
    const protocol =
      protocols.get(name) ?? (!isMapped && controllers.includes(name) ? SPOKEN_PROTOCOL : undefined);
    if (protocol === undefined) {
      wrong(
        'listener.security.protocol.map',
        [...protocols.keys()].join(','),
        `does not say the protocol of listener ${name}`,
      );
    } else if (protocol !== SPOKEN_PROTOCOL) {
      wrong(
        'listener.security.protocol.map',
        `${name}:${protocol}`,
        `only ${SPOKEN_PROTOCOL} is spoken here`,
      );
    }
  }
}

function checkAdvertised(values: PropertyValues, wrong: Say): void {
  const advertised = values['advertised.listeners'] ?? [];
  const text = describe(advertised);
  for (const listener of advertised) {
    const { name, host } = listener;
    if (!values.listeners.some((each) => each.name === name))
      wrong('advertised.listeners', text, `${name} is not among listeners`);
    if (isNowhere(listener)) {
      const who = isController(values, listener) ? 'controllers' : 'clients';
      wrong('advertised.listeners', text, `${who} cannot connect to “${host}”: name a host that they reach`);
    }
  }
}

function checkBroker(values: PropertyValues, wrong: Say): void {
  const advertised = advertisedListeners(values);
  const key = values['advertised.listeners'] === null ? 'listeners' : 'advertised.listeners';
  if (advertised.length === 0)
    wrong(key, describe(values[key] ?? []), 'a broker needs a listener that is not the controllers’');
  const between = interBrokerListenerName(values);
  if (advertised.length > 0 && !advertised.some(({ name }) => name === between)) {
    wrong(
      'inter.broker.listener.name',
      between,
      `must be one of ${advertised.map(({ name }) => name).join(', ')}`,
    );
  }
}

function checkTimes(values: PropertyValues, wrong: Say, warn: Say): void {
  const atMost = (key: PropertyKey, limit: PropertyKey): void => {
    const [value, most] = [values[key] as number, values[limit] as number];
    if (value > most) wrong(key, value, `must be at most ${limit}, which is ${most}`);
  };
  atMost('group.min.session.timeout.ms', 'group.max.session.timeout.ms');
  atMost('replica.fetch.wait.max.ms', 'replica.lag.time.max.ms');
  atMost('replica.fetch.wait.max.ms', 'replica.socket.timeout.ms');
  const heartbeatMs = values['broker.heartbeat.interval.ms'];
  const sessionMs = values['broker.session.timeout.ms'];
  if (heartbeatMs * 2 > sessionMs) {
    warn(
      'broker.heartbeat.interval.ms',
      heartbeatMs,
      `one lost heartbeat fences: broker.session.timeout.ms is ${sessionMs}`,
    );
  }
  const minIsr = values['min.insync.replicas'];
  const factor = values['default.replication.factor'];
  if (minIsr > factor) {
    warn(
      'min.insync.replicas',
      minIsr,
      `topics of default.replication.factor ${factor} take no writes with acks=all`,
    );
  }
}
