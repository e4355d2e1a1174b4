/**
 * Brokers: they register, send heartbeats, are unfenced and fenced, shut down, and are forgotten (KIP-631, 841, 966).
 *
 *     registerBroker(active, request)   // { brokerEpoch: 42 }: the offset of the record
 *     heartbeat(active, { brokerId: 1, brokerEpoch: 42, metadataOffset: 42, wantsFence: false, wantsShutdown: false })
 *     // { isCaughtUp: true, isFenced: false, shouldShutDown: false }
 */
import type { ActiveController } from './active-controller.ts';
import { electAfterUnfencing, forgetUncleanReplica, removeFromIsrs } from './elections.ts';
import { Refused } from './errors.ts';
import type { Endpoint, FeatureRange, Uuid } from './metadata-records.ts';
import { UNASSIGNED_DIRECTORY } from './metadata-records.ts';
import type { BrokerRegistration } from './registrations.ts';

export interface RegisterBrokerRequest {
  readonly clusterId: string;
  readonly brokerId: number;
  readonly incarnationId: Uuid;
  readonly endPoints: readonly Endpoint[];
  readonly features: readonly FeatureRange[];
  readonly rack: string | null;
  readonly logDirs: readonly Uuid[];
  /** The epoch that it had at its last clean shutdown; −1 when it did not shut down cleanly. */
  readonly previousBrokerEpoch: number;
}

export interface HeartbeatRequest {
  readonly brokerId: number;
  readonly brokerEpoch: number;
  /** How far it has replayed the metadata log. */
  readonly metadataOffset: number;
  readonly wantsFence: boolean;
  readonly wantsShutdown: boolean;
}

export interface HeartbeatResponse {
  readonly isCaughtUp: boolean;
  readonly isFenced: boolean;
  readonly shouldShutDown: boolean;
}

export function registerBroker(
  active: ActiveController,
  request: RegisterBrokerRequest,
): { readonly brokerEpoch: number } {
  const { brokerId, incarnationId } = request;
  const existing = active.broker(brokerId);
  checkRegistration(active, request, existing);
  const sameIncarnation = existing?.incarnationId === incarnationId;
  if (!sameIncarnation) {
    const isClean = active.rules.isCleanShutdown(request.previousBrokerEpoch, existing?.epoch);
    if (isClean) removeFromIsrs(active, brokerId);
    else forgetUncleanReplica(active, brokerId);
  }
  const brokerEpoch = sameIncarnation
    ? existing.epoch
    : active.rules.newBrokerEpoch(active.nextOffset, existing?.epoch);
  active.emit({
    type: 'register-broker',
    brokerId,
    incarnationId,
    brokerEpoch,
    endPoints: request.endPoints,
    features: request.features,
    rack: request.rack,
    fenced: sameIncarnation ? existing.fenced : true,
    inControlledShutdown: sameIncarnation && existing.inControlledShutdown,
    logDirs: request.logDirs,
  });
  active.sessions.begin(active.nowMs, brokerId);
  return { brokerEpoch };
}

function checkRegistration(
  active: ActiveController,
  request: RegisterBrokerRequest,
  existing: BrokerRegistration | undefined,
): void {
  const { brokerId, logDirs } = request;
  if (request.clusterId !== active.options.clusterId) {
    throw new Refused(
      'INCONSISTENT_CLUSTER_ID',
      `this is cluster ${active.options.clusterId}, not ${request.clusterId}`,
    );
  }
  const sameIncarnation = existing?.incarnationId === request.incarnationId;
  const sessionIsValid = existing !== undefined && !existing.fenced && !hasExpired(active, brokerId);
  if (!active.rules.mayRegister({ sameIncarnation, sessionIsValid })) {
    throw new Refused('DUPLICATE_BROKER_REGISTRATION', `another process is broker ${brokerId}`);
  }
  if (logDirs.length === 0) throw new Refused('INVALID_REGISTRATION', 'no log directory');
  if (new Set(logDirs).size < logDirs.length || logDirs.includes(UNASSIGNED_DIRECTORY)) {
    throw new Refused('INVALID_REGISTRATION', 'a log directory twice, or with a reserved id');
  }
  for (const other of active.image.brokers.values()) {
    const shared = other.id === brokerId ? undefined : other.logDirs.find((dir) => logDirs.includes(dir));
    if (shared !== undefined) {
      throw new Refused('INVALID_REGISTRATION', `log directory ${shared} is that of broker ${other.id}`);
    }
  }
}

/** @throws Refused STALE_BROKER_EPOCH */
export function checkBrokerEpoch(
  active: ActiveController,
  brokerId: number,
  epoch: number,
): BrokerRegistration {
  const broker = active.broker(brokerId);
  if (broker === undefined || !active.rules.brokerEpochIsCurrent(epoch, broker.epoch)) {
    throw new Refused(
      'STALE_BROKER_EPOCH',
      broker === undefined
        ? `broker ${brokerId} is not registered`
        : `broker ${brokerId} has epoch ${broker.epoch}, not ${epoch}`,
    );
  }
  return broker;
}

type Wish = 'stay' | 'unfence' | 'fence' | 'begin-shutdown' | 'shut-down';

export function heartbeat(active: ActiveController, request: HeartbeatRequest): HeartbeatResponse {
  const { brokerId, metadataOffset } = request;
  const broker = checkBrokerEpoch(active, brokerId, request.brokerEpoch);
  active.sessions.touch(active.nowMs, brokerId, metadataOffset);
  const next = decide(active, broker, request);
  if (next === 'unfence') unfence(active, broker);
  else if (next === 'fence' || next === 'shut-down') fence(active, broker);
  else if (next === 'begin-shutdown') beginShutdown(active, broker);
  return {
    isCaughtUp: metadataOffset >= broker.epoch,
    isFenced: active.broker(brokerId)?.fenced !== false,
    shouldShutDown: next === 'shut-down',
  };
}

function decide(active: ActiveController, broker: BrokerRegistration, request: HeartbeatRequest): Wish {
  const { wantsFence, wantsShutdown, metadataOffset } = request;
  if (broker.fenced) {
    if (wantsShutdown) return 'shut-down';
    const facts = { wantsFence, metadataOffset, brokerEpoch: broker.epoch };
    return active.rules.mayUnfence(facts) ? 'unfence' : 'stay';
  }
  const leadsPartitions = active.image.index.leaderships(broker.id) > 0;
  if (!broker.inControlledShutdown) {
    if (wantsFence) return wantsShutdown ? 'shut-down' : 'fence';
    if (!wantsShutdown) return 'stay';
    return leadsPartitions ? 'begin-shutdown' : 'shut-down';
  }
  const controlledShutdownOffset = active.sessions.get(broker.id)?.controlledShutdownOffset ?? -1;
  const lowestActiveOffset = lowestOffset(active);
  const facts = { leadsPartitions, lowestActiveOffset, controlledShutdownOffset };
  return active.rules.mayShutDown(facts) ? 'shut-down' : 'stay';
}

/** How far the slowest of the brokers that stay has replayed; infinite when there is none. */
function lowestOffset(active: ActiveController): number {
  let lowest = Infinity;
  for (const { id } of active.image.brokers.values()) {
    if (active.isActive(id)) lowest = Math.min(lowest, active.sessions.get(id)?.metadataOffset ?? -1);
  }
  return lowest;
}

function unfence(active: ActiveController, { id, epoch }: BrokerRegistration): void {
  active.emit({ type: 'broker-registration-change', brokerId: id, brokerEpoch: epoch, fenced: false });
  electAfterUnfencing(active, id);
}

function fence(active: ActiveController, { id, epoch, fenced }: BrokerRegistration): void {
  if (fenced) return;
  removeFromIsrs(active, id);
  active.emit({ type: 'broker-registration-change', brokerId: id, brokerEpoch: epoch, fenced: true });
}

function beginShutdown(active: ActiveController, { id, epoch }: BrokerRegistration): void {
  active.emit({
    type: 'broker-registration-change',
    brokerId: id,
    brokerEpoch: epoch,
    inControlledShutdown: true,
  });
  removeFromIsrs(active, id);
  const session = active.sessions.get(id);
  if (session !== undefined) session.controlledShutdownOffset = active.nextOffset - 1;
}

/** UnregisterBroker: for a broker that will not come back. */
export function unregisterBroker(active: ActiveController, brokerId: number): void {
  const broker = active.broker(brokerId);
  if (broker === undefined) {
    throw new Refused('BROKER_ID_NOT_REGISTERED', `broker ${brokerId} is not registered`);
  }
  forgetUncleanReplica(active, brokerId);
  active.emit({ type: 'unregister-broker', brokerId, brokerEpoch: broker.epoch });
  active.sessions.end(brokerId);
}

function hasExpired(active: ActiveController, brokerId: number): boolean {
  const lastContactMs = active.sessions.get(brokerId)?.lastContactMs ?? -Infinity;
  return active.rules.isSessionExpired(active.nowMs, lastContactMs, active.options.sessionTimeoutMs);
}

/** Fences who was silent for a session, the most silent first. */
export function fenceSilentBrokers(active: ActiveController): void {
  const silent = [...active.image.brokers.values()].filter(
    ({ id, fenced }) => !fenced && hasExpired(active, id),
  );
  const lastContact = ({ id }: BrokerRegistration): number =>
    active.sessions.get(id)?.lastContactMs ?? -Infinity;
  silent.sort((a, b) => lastContact(a) - lastContact(b) || a.id - b.id);
  for (const { id } of silent) fence(active, active.broker(id) as BrokerRegistration);
}

/** When the next session ends, in milliseconds; infinite when no broker is unfenced. */
export function nextExpiryMs(active: ActiveController): number {
  let next = Infinity;
  for (const { id, fenced } of active.image.brokers.values()) {
    const session = fenced ? undefined : active.sessions.get(id);
    if (session !== undefined) next = Math.min(next, session.lastContactMs + active.options.sessionTimeoutMs);
  }
  return next;
}
