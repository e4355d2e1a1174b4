/**
 * The way to the active controller, wherever it is: over the network, also where it is this very node.
 *
 *     const link = new ControllerClient(runtime, { clientId: 'broker-1', controllerAddress: (id) => quorum.controllerAddress(id), … });
 *     link.leader(3);                                            // as the quorum tells
 *     link.request('brokerHeartbeat', 1, body, 4500, (outcome) => …);
 *     link.forward(exchange);                                    // a client's request, and its answer
 *
 * A request is tried until its time is up: where nobody leads, where a connection fails, where the one that was asked is not
 * (yet, or any more) the active controller. What may have been executed is tried again only where a second time does no harm: a
 * client that asked once must not be answered by what happened at a second time. It is answered REQUEST_TIMED_OUT then, which says
 * that nobody knows. An Envelope that is refused as a whole was not opened, and counts as not executed.
 *
 * A controller answers the requests of one connection in order. So heartbeats, changes of ISRs, clients' requests and those about the
 * quorum have a connection each, and none waits for another.
 */
import { msToNs } from '../../../../harness/units.ts';
import type { Address, Endpoint, Timer } from '../../../runtime/runtime.ts';
import { servedApi } from '../../wire/api-keys.ts';
import type { ApiName, RequestBody, RequestInputBody } from '../../wire/apis.ts';
import { APIS } from '../../wire/apis.ts';
import { MalformedError, Reader } from '../../wire/bytes.ts';
import { ERROR, errorName } from '../../wire/error-codes.ts';
import { LENGTH_BYTES } from '../../wire/frames.ts';
import { readResponseHeader, responseHeaderVersion } from '../../wire/headers.ts';
import { encodeRequest } from '../../wire/requests.ts';
import type { Api, RequestInput } from '../../wire/schema.ts';
import type { Exchange } from '../network/exchange.ts';
import type { NodeOutcome, ReceivedBody } from '../network/node-client.ts';
import { NodeClient } from '../network/node-client.ts';
import type { ControllerLink } from '../parts.ts';
import { answers, withLength, wrap } from './envelope.ts';
import { errorAnswer } from './error-answers.ts';

export interface ControllerClientOptions {
  readonly clientId: string;
  /** Where the controller listener of a node is; null where unknown. */
  readonly controllerAddress: (nodeId: number) => Address | null;
  /** `controller.quorum.request.timeout.ms`: after so long a connection without an answer is given up. */
  readonly requestTimeoutMs: number;
  /** `controller.quorum.retry.backoff.ms`; it doubles with every attempt. */
  readonly retryBackoffMs: number;
}

/** A second time changes nothing, or asks for what the first one has changed already. */
const IDEMPOTENT: ReadonlySet<ApiName> = new Set<ApiName>([
  'brokerHeartbeat',
  'brokerRegistration',
  'alterPartition',
  'allocateProducerIds',
  'describeQuorum',
  'describeCluster',
  'listPartitionReassignments',
]);

/** Which of the connections a request takes; all others share one. */
const LIVENESS: ReadonlySet<ApiName> = new Set<ApiName>(['brokerHeartbeat', 'brokerRegistration']);
const OF_QUORUM: ReadonlySet<ApiName> = new Set<ApiName>([
  'describeQuorum',
  'addRaftVoter',
  'removeRaftVoter',
]);

const BACKOFF_MAX_MS = 1_000;
const BACKOFF_JITTER = 0.2;
/** A client's request is kept for as long as it says that it waits, within these. */
const FORWARD_TIMEOUT_MIN_MS = 1_000;
const FORWARD_TIMEOUT_MAX_MS = 30_000;
/** Waiting for the controller at once; one more fails at once. */
const WAITING_MAX = 10_000;
/** Of requests that this broker itself sends in an Envelope. */
const OWN_CORRELATION_ID = 0;

/** What came of one attempt: a failure, or an answer to be delivered. */
type Attempt = { readonly reason: string; readonly mayHaveRun: boolean } | (() => void);

interface Task {
  readonly name: ApiName;
  readonly attempt: (address: Address, onEnd: (attempt: Attempt) => void) => void;
  readonly giveUp: (reason: string, sent: boolean) => void;
  attempts: number;
  /** Whether an attempt that ended, or one that is under way, may have been executed. */
  sent: boolean;
  inFlight: boolean;
  isOver: boolean;
  deadline: Timer | null;
  backoff: Timer | null;
}

export class ControllerClient implements ControllerLink {
  private readonly endpoint: Endpoint;
  private readonly options: ControllerClientOptions;
  private readonly liveness: NodeClient;
  private readonly changes: NodeClient;
  private readonly forwards: NodeClient;
  private readonly quorumRequests: NodeClient;
  private readonly tasks = new Set<Task>();
  private leaderId: number | null = null;
  private connectedTo: Address | null = null;
  private isClosed = false;

  constructor(endpoint: Endpoint, options: ControllerClientOptions) {
    this.endpoint = endpoint;
    this.options = options;
    const { clientId } = options;
    this.liveness = new NodeClient(endpoint, { clientId: `${clientId}-heartbeat` });
    this.changes = new NodeClient(endpoint, { clientId: `${clientId}-to-controller` });
    this.forwards = new NodeClient(endpoint, { clientId: `${clientId}-forwarding` });
    this.quorumRequests = new NodeClient(endpoint, { clientId: `${clientId}-quorum` });
  }

  /**
   * Who leads the quorum. What waits for an answer of another leader is asked again, or given up; what waited for a leader is asked now,
   * and soon again: it serves in a moment.
   */
  leader(leaderId: number | null): void {
    if (leaderId === this.leaderId) return;
    this.leaderId = leaderId;
    if (leaderId === null) return;
    const previous = this.connectedTo;
    if (previous !== null && !isSame(previous, this.options.controllerAddress(leaderId))) {
      this.connectedTo = null;
      for (const client of this.clients) client.disconnect(previous, `node ${leaderId} leads now`);
    }
    for (const task of [...this.tasks]) {
      task.attempts = 0;
      if (task.backoff !== null) this.tryNow(task);
    }
  }

  request<N extends ApiName>(
    name: N,
    version: number,
    body: RequestInputBody<N>,
    timeoutMs: number,
    onOutcome: (outcome: NodeOutcome<N>) => void,
  ): void {
    const giveUp = (reason: string, sent: boolean): void => onOutcome({ kind: 'failed', reason, sent });
    if (servedApi('controller', APIS[name].key) === undefined) {
      this.requestInEnvelope(name, version, body, timeoutMs, onOutcome, giveUp);
      return;
    }
    const client = this.clientOf(name);
    // A change of voters takes as long as a new voter needs to catch up.
    const attemptTimeoutMs = OF_QUORUM.has(name) ? timeoutMs : this.options.requestTimeoutMs;
    this.begin(name, timeoutMs, giveUp, (address, onEnd) => {
      client.request(address, name, version, body, attemptTimeoutMs, (outcome) => {
        if (outcome.kind === 'failed') return onEnd({ reason: outcome.reason, mayHaveRun: outcome.sent });
        if (IDEMPOTENT.has(name) && isFromNoLeader(name, outcome.body)) {
          return onEnd({ reason: 'it is not the active controller', mayHaveRun: true });
        }
        onEnd(() => onOutcome(outcome));
      });
    });
  }

  /** Topics and configurations are changed by requests that a controller takes in Envelopes only. */
  private requestInEnvelope<N extends ApiName>(
    name: N,
    version: number,
    body: RequestInputBody<N>,
    timeoutMs: number,
    onOutcome: (outcome: NodeOutcome<N>) => void,
    giveUp: (reason: string, sent: boolean) => void,
  ): void {
    // The table's API of a name has that name's types, which the compiler cannot see.
    const api = APIS[name] as unknown as Api;
    const { clientId } = this.options;
    const identity = { correlationId: OWN_CORRELATION_ID, clientId };
    const frame = encodeRequest(api, version, identity, body as RequestInput<Api>).subarray(LENGTH_BYTES);
    const inEnvelope = wrap(frame, this.endpoint.host);
    this.beginEnvelope(name, inEnvelope, OWN_CORRELATION_ID, timeoutMs, giveUp, (content) => {
      let decoded: ReceivedBody<N>;
      try {
        const reader = new Reader(content);
        readResponseHeader(reader, responseHeaderVersion(api, version));
        decoded = api.response.decode(reader, version) as unknown as ReceivedBody<N>;
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        return giveUp(`an answer that cannot be read: ${error.message}`, true);
      }
      onOutcome({ kind: 'response', body: decoded });
    });
  }

  forward(exchange: Exchange): void {
    const { name, body, header, frame, clientHost } = exchange;
    const waitMs = 'timeoutMs' in body ? body.timeoutMs : FORWARD_TIMEOUT_MAX_MS;
    const timeoutMs = Math.max(FORWARD_TIMEOUT_MIN_MS, Math.min(waitMs, FORWARD_TIMEOUT_MAX_MS));
    const fail = (reason: string): void => {
      const answer = errorAnswer(name, body, {
        errorCode: ERROR.REQUEST_TIMED_OUT,
        errorMessage: reason,
        version: header.apiVersion,
      });
      if (answer === null) exchange.disconnect(reason);
      else exchange.respond(answer);
    };
    this.beginEnvelope(name, wrap(frame, clientHost), header.correlationId, timeoutMs, fail, (content) =>
      exchange.respondFrame(withLength(content)),
    );
  }

  private beginEnvelope(
    name: ApiName,
    body: RequestBody<'envelope'>,
    correlationId: number,
    timeoutMs: number,
    giveUp: (reason: string, sent: boolean) => void,
    onContent: (content: Uint8Array) => void,
  ): void {
    // As long as the longest of those that share the connection: who waits less gives up by itself.
    const attemptTimeoutMs = FORWARD_TIMEOUT_MAX_MS;
    this.begin(name, timeoutMs, giveUp, (address, onEnd) => {
      this.forwards.request(address, 'envelope', 0, body, attemptTimeoutMs, (outcome) => {
        if (outcome.kind === 'failed') return onEnd({ reason: outcome.reason, mayHaveRun: outcome.sent });
        const { errorCode, responseData } = outcome.body;
        if (errorCode === ERROR.NOT_CONTROLLER) {
          return onEnd({ reason: 'it is not the active controller', mayHaveRun: false });
        }
        if (errorCode !== ERROR.NONE || responseData === null) {
          return onEnd(() => giveUp(`the controller refused the envelope: ${errorName(errorCode)}`, true));
        }
        if (!answers(responseData, correlationId)) {
          return onEnd(() => giveUp('the controller answered another request', true));
        }
        onEnd(() => onContent(responseData));
      });
    });
  }

  /** Fails everything that waits; later requests fail at once. Idempotent. */
  close(): void {
    this.isClosed = true;
    for (const task of [...this.tasks]) this.end(task, 'the broker stops');
    for (const client of this.clients) client.close();
  }

  private get clients(): readonly NodeClient[] {
    return [this.liveness, this.changes, this.forwards, this.quorumRequests];
  }

  private clientOf(name: ApiName): NodeClient {
    if (LIVENESS.has(name)) return this.liveness;
    return OF_QUORUM.has(name) ? this.quorumRequests : this.changes;
  }

  private begin(name: ApiName, timeoutMs: number, giveUp: Task['giveUp'], attempt: Task['attempt']): void {
    if (this.isClosed) return giveUp('the broker stops', false);
    if (this.tasks.size >= WAITING_MAX) return giveUp(`${WAITING_MAX} requests wait already`, false);
    const task: Task = {
      ...{ name, attempt, giveUp },
      ...{ attempts: 0, sent: false, inFlight: false, isOver: false, deadline: null, backoff: null },
    };
    this.tasks.add(task);
    task.deadline = this.endpoint.setTimer(msToNs(timeoutMs), () =>
      this.end(task, `no answer of the active controller in ${timeoutMs} ms`),
    );
    this.tryNow(task);
  }

  private tryNow(task: Task): void {
    task.backoff?.cancel();
    task.backoff = null;
    const address = this.leaderId === null ? null : this.options.controllerAddress(this.leaderId);
    if (address === null) return this.tryLater(task);
    this.connectedTo = address;
    task.inFlight = true;
    task.attempt(address, (attempt) => {
      task.inFlight = false;
      if (task.isOver) return;
      if (typeof attempt === 'function') {
        this.finish(task);
        return attempt();
      }
      task.sent ||= attempt.mayHaveRun;
      if (attempt.mayHaveRun && !IDEMPOTENT.has(task.name)) return this.end(task, attempt.reason);
      this.tryLater(task);
    });
  }

  /** After a moment, or at once when another leads. The task's deadline ends this. */
  private tryLater(task: Task): void {
    const { retryBackoffMs } = this.options;
    const longest = Math.min(
      BACKOFF_MAX_MS,
      Math.max(1, retryBackoffMs) * 2 ** Math.min(task.attempts++, 30),
    );
    const delayMs = longest * (1 - BACKOFF_JITTER * this.endpoint.random.float());
    task.backoff = this.endpoint.setTimer(msToNs(delayMs), () => this.tryNow(task));
  }

  private end(task: Task, reason: string): void {
    if (task.isOver) return;
    this.finish(task);
    task.giveUp(`${APIS[task.name].name}: ${reason}`, task.sent || task.inFlight);
  }

  private finish(task: Task): void {
    task.isOver = true;
    task.deadline?.cancel();
    task.backoff?.cancel();
    task.backoff = null;
    this.tasks.delete(task);
  }
}

const isSame = (one: Address, other: Address | null): boolean =>
  other !== null && one.host === other.host && one.port === other.port;

/** By which a controller says that another leads: of the whole request, or, in DescribeQuorum, of the metadata partition. */
const NO_LEADER: ReadonlySet<unknown> = new Set([ERROR.NOT_CONTROLLER, ERROR.NOT_LEADER_OR_FOLLOWER]);

function isFromNoLeader(name: ApiName, body: object): boolean {
  if ('errorCode' in body && NO_LEADER.has(body.errorCode)) return true;
  if (name !== 'describeQuorum') return false;
  const { topics } = body as ReceivedBody<'describeQuorum'>;
  return NO_LEADER.has(topics[0]?.partitions[0]?.errorCode);
}
