/**
 * A command's conversation with the brokers: over the network, until the command's time is up.
 *
 *     const session = openSession({ bootstrapServer: 'localhost:9092' }, output);
 *     const { topics } = await session.ask('metadata', { topics: null });
 *     session.close();
 *
 * What is read is asked of one broker after another until one answers. What changes something is sent again only where it certainly
 * was not sent. Who cannot be reached is said after a moment, so that nobody waits without knowing for what.
 */
import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import { randomStream } from '../../../harness/random.ts';
import type { HarnessError } from '../../../harness/errors.ts';
import { createRealEndpoint } from '../../runtime/real/real-endpoint.ts';
import type { RealEndpoint } from '../../runtime/real/real-endpoint.ts';
import type { Address } from '../../runtime/runtime.ts';
import { ClientError } from '../client/client-error.ts';
import { KafkaClient } from '../client/kafka-client.ts';
import type { ClientApi } from '../client/kafka-client.ts';
import type { ReceivedBody } from '../node/network/node-client.ts';
import { servers } from '../node/property-types.ts';
import type { RequestInputBody } from '../wire/apis.ts';
import { propertiesIn } from './client-properties.ts';
import { machineError, usageError } from './exit-codes.ts';
import type { Output } from './output.ts';

/** Brokers that start take a few seconds until they answer. */
const TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 15_000;
/** Longer than a healthy broker needs to answer anything. */
const NOTE_AFTER_MS = 1_500;
const CLIENT_ID = 'kraft-cli';

export interface BootstrapOptions {
  readonly bootstrapServer?: string;
  /** As old tutorials call it. */
  readonly brokerList?: string;
  readonly commandConfig?: string;
  /** What the brokers know the command by. */
  readonly clientId?: string;
}

export function addBootstrapOptions(command: Command): Command {
  return command
    .option('--bootstrap-server <host:port,…>', 'brokers to begin with')
    .option(
      '--command-config <file>',
      'properties of the client, of which security.protocol must be PLAINTEXT',
    );
}

/** @throws HarnessError `usage` */
export function parseAddresses(text: string | undefined, option = '--bootstrap-server'): readonly Address[] {
  if (text === undefined) throw usageError(`${option} HOST:PORT is missing: where is a broker?`);
  const read = servers().read(text);
  if ('wrong' in read) throw usageError(`${option} ${read.wrong}`);
  if (read.value.length === 0) throw usageError(`${option} names no broker`);
  return read.value;
}

/** @throws HarnessError `usage` */
export function openSession(options: BootstrapOptions, output: Output): BrokerSession {
  const { bootstrapServer, brokerList, commandConfig, clientId = CLIENT_ID } = options;
  if (commandConfig !== undefined) propertiesIn(commandConfig, '--command-config');
  return new BrokerSession(parseAddresses(bootstrapServer ?? brokerList), output, clientId);
}

export class BrokerSession {
  readonly client: KafkaClient;
  readonly deadlineMs: number;
  private readonly endpoint: RealEndpoint;
  private readonly noteTimer: NodeJS.Timeout;
  /** What keeps a command waiting, until a broker answers: said once if it takes long. */
  waitsFor: string | null = null;
  /** Who answered last is asked first. */
  private last: Address | null = null;

  constructor(bootstrap: readonly Address[], output: Output, clientId: string) {
    const random = randomStream(randomInt(2 ** 47), 'kraft-cli');
    this.endpoint = createRealEndpoint({ host: 'kraft-cli', random });
    this.client = new KafkaClient(this.endpoint, {
      clientId,
      bootstrap,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
    this.deadlineMs = this.client.nowMs + TIMEOUT_MS;
    this.noteTimer = setTimeout(() => {
      if (this.waitsFor !== null)
        output.note(`kraft: ${this.waitsFor}; trying for ${TIMEOUT_MS / 1_000} s in all`);
    }, NOTE_AFTER_MS);
    this.noteTimer.unref();
  }

  /** A deadline for a step of a command that goes on for as long as its user wants. */
  deadlineAfter(ms: number): number {
    return this.client.nowMs + ms;
  }

  /** Milliseconds since 1970. */
  get wallMs(): number {
    return this.endpoint.wallMs();
  }

  /** For reads: any broker's answer, or that of those that are named. @throws HarnessError `io` */
  async ask<N extends ClientApi>(
    name: N,
    body: RequestInputBody<N>,
    addresses: readonly Address[] = this.addresses(),
  ): Promise<ReceivedBody<N>> {
    return this.send(name, body, addresses, true);
  }

  /** For changes: sent once, to the first broker that can be reached. @throws HarnessError `io` */
  async tell<N extends ClientApi>(
    name: N,
    body: RequestInputBody<N>,
    addresses: readonly Address[] = this.addresses(),
  ): Promise<ReceivedBody<N>> {
    return this.send(name, body, addresses, false);
  }

  /** As any broker knows it; the session's client learns it, too. @throws HarnessError `io` */
  async metadata(
    topics: readonly string[] | null,
    { allowAutoTopicCreation = false } = {},
  ): Promise<ReceivedBody<'metadata'>> {
    const names = topics?.map((name) => ({ name })) ?? null;
    const response = await this.ask('metadata', { topics: names, allowAutoTopicCreation });
    this.client.metadata.absorb(response);
    return response;
  }

  /** Where all brokers are that the cluster has at this moment. */
  async brokers(): Promise<readonly (Address & { readonly nodeId: number })[]> {
    return (await this.metadata([])).brokers;
  }

  close(): void {
    clearTimeout(this.noteTimer);
    this.client.close();
    this.endpoint.close();
  }

  private addresses(): readonly Address[] {
    const all = this.client.addresses();
    const { last } = this;
    const isLast = ({ host, port }: Address): boolean => host === last?.host && port === last.port;
    return [...all.filter(isLast), ...all.filter((address) => !isLast(address))];
  }

  private async send<N extends ClientApi>(
    name: N,
    body: RequestInputBody<N>,
    addresses: readonly Address[],
    isRepeatable: boolean,
  ): Promise<ReceivedBody<N>> {
    for (let turn = 0; ; turn++) {
      const address = addresses[turn % addresses.length] as Address;
      try {
        const answer = await this.client.request(address, name, body, { deadlineMs: this.deadlineMs });
        this.waitsFor = null;
        this.last = address;
        return answer;
      } catch (thrown) {
        if (!(thrown instanceof ClientError)) throw thrown;
        this.waitsFor = thrown.message;
        if ((!isRepeatable && !thrown.isDefinite) || this.client.nowMs + RETRY_MS >= this.deadlineMs)
          throw unreachable(thrown);
        // All were asked once: a moment for those that start.
        if ((turn + 1) % addresses.length === 0) await this.client.sleep(RETRY_MS);
      }
    }
  }
}

const RETRY_MS = 200;

/** What a client could not do, as the command says it. */
export function unreachable(error: ClientError): HarnessError {
  return machineError(`no broker answered: ${error.message}`);
}

/** Opens a session for the time of an action. */
export async function withSession<T>(
  options: BootstrapOptions,
  output: Output,
  action: (session: BrokerSession) => Promise<T>,
): Promise<T> {
  const session = openSession(options, output);
  try {
    return await action(session);
  } catch (thrown) {
    throw thrown instanceof ClientError && thrown.errorCode === null ? unreachable(thrown) : thrown;
  } finally {
    session.close();
  }
}
