/**
 * `kraft console-producer`: each line of standard input becomes a record, as by `kafka-console-producer.sh`.
 *
 * Lines that have come together are sent together, a batch to each partition, and the next when the last is acknowledged. It reads no
 * further while it sends, so that memory is bounded by what one read brings.
 */
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { ClientError } from '../client/client-error.ts';
import { keyOf } from '../client/operations.ts';
import { Producer } from '../client/producer.ts';
import type { NewRecord } from '../records/record.ts';
import { ERROR } from '../wire/error-codes.ts';
import { addBootstrapOptions, unreachable, withSession } from './broker-session.ts';
import type { BootstrapOptions, BrokerSession } from './broker-session.ts';
import { clientProperties, tellIdle } from './client-properties.ts';
import { LineError, lineParser, READER_KEYS, readerProperties } from './console-lines.ts';
import type { ParsedLine } from './console-lines.ts';
import { EXIT, RefusedError, usageError } from './exit-codes.ts';
import { collect } from './numbers.ts';
import type { CommandContext, Output } from './output.ts';
import { Partitioner } from './partitioner.ts';
import { addProducerOptions, producerSettings } from './producer-settings.ts';
import type { ProducerOptions, ProducerSettings } from './producer-settings.ts';
import { explained } from './refusals.ts';

const EXAMPLES = `
Examples: a record each line, until the end of the input (Ctrl-D)
  kraft console-producer --topic orders --bootstrap-server localhost:9092
  kraft console-producer --topic orders --bootstrap-server localhost:9092 --property parse.key=true --property key.separator=:
  kraft console-producer --topic orders --bootstrap-server localhost:9092 --producer-property acks=1 < lines.txt

Properties of --property: ${READER_KEYS.join(', ')}`;

/** Of a batch. */
const BATCH_RECORDS_MAX = 5_000;
/** A topic that is being made needs a moment. */
const TOPIC_WAIT_MS = 200;

interface Options extends BootstrapOptions, ProducerOptions {
  readonly topic: string;
  readonly property: readonly string[];
  readonly readerProperty: readonly string[];
  readonly readerConfig?: string;
  readonly lineReader?: string;
}

/** As Kafka has it, with or without its package. */
const LINE_READER = /^(org\.apache\.kafka\.tools\.)?LineMessageReader$/;

export function addConsoleProducerCommand(program: Command, context: CommandContext): void {
  const command = program.command('console-producer').description('send lines of standard input as records');
  addBootstrapOptions(command)
    .option('--broker-list <host:port,…>', 'an old name of --bootstrap-server')
    .requiredOption('--topic <name>', 'where they go; it is created where brokers do that')
    .option('--property <key=value>', 'how a line is read; may be repeated', collect, [])
    .option('--reader-property <key=value>', 'the same', collect, [])
    .option('--reader-config <file>', 'the same in a file; what is said otherwise counts more')
    .option('--line-reader <class>', 'LineMessageReader, which is what there is');
  addProducerOptions(command)
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .action(async (options: Options) => {
      const { lineReader = 'LineMessageReader' } = options;
      if (!LINE_READER.test(lineReader))
        throw usageError(
          `--line-reader is LineMessageReader: no other class can be had, not "${lineReader}"`,
        );
      const reader = clientProperties({
        fileOption: '--reader-config',
        file: options.readerConfig,
        option: '--property',
        pairs: [...options.property, ...options.readerProperty],
        keys: READER_KEYS,
      });
      const settings = producerSettings(options);
      const parse = lineParser(readerProperties(reader.values));
      tellIdle(context.output, [...settings.idle, ...reader.idle]);
      await withSession({ ...options, clientId: settings.clientId }, context.output, (session) =>
        produce(session, options.topic, settings, parse, context),
      );
    });
}

async function produce(
  session: BrokerSession,
  topic: string,
  settings: ProducerSettings,
  parse: (line: string) => ParsedLine,
  { output, finish }: CommandContext,
): Promise<void> {
  const count = await partitionCount(session, topic, settings.maxBlockMs);
  const partitioner = new Partitioner(count, Math.floor(session.wallMs) % count);
  const sender = new Sender(session, topic, settings, partitioner);
  const input = process.stdin;
  const isPrompting = input.isTTY && process.stdout.isTTY;
  const prompt = (): void => void (isPrompting && process.stdout.write('>'));
  prompt();
  const failed = (thrown: unknown): void => {
    if (!(thrown instanceof RefusedError)) throw thrown;
    output.note(thrown.message);
    finish(EXIT.invalid);
  };
  for await (const lines of batchesOfLines(input)) {
    const records = lines.flatMap((line) => parsed(line, parse, output, finish));
    try {
      await sender.send(records);
    } catch (thrown) {
      failed(thrown);
    }
    prompt();
  }
}

function parsed(
  line: string,
  parse: (line: string) => ParsedLine,
  output: Output,
  finish: (exitCode: number) => void,
): ParsedLine[] {
  try {
    return [parse(line)];
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    output.note(`kraft: ${error.message}: the line is left out`);
    finish(EXIT.invalid);
    return [];
  }
}

/** Lines that came together, in their order. */
async function* batchesOfLines(input: NodeJS.ReadableStream): AsyncGenerator<string[]> {
  let waiting: string[] = [];
  let isOver = false;
  let wake: () => void = () => undefined;
  const lines = createInterface({ input, crlfDelay: Infinity });
  lines.on('line', (line) => {
    waiting.push(line);
    input.pause();
    wake();
  });
  lines.on('close', () => {
    isOver = true;
    wake();
  });
  for (;;) {
    if (waiting.length === 0) {
      if (isOver) return;
      input.resume();
      await new Promise<void>((resolve) => (wake = resolve));
      // What the same read brought is there by now.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const taken = waiting;
    waiting = [];
    if (taken.length > 0) yield taken;
  }
}

/** Asks for the topic, which makes brokers create it that do. */
async function partitionCount(session: BrokerSession, name: string, maxBlockMs: number): Promise<number> {
  const { client } = session;
  const deadlineMs = Math.min(session.deadlineMs, session.deadlineAfter(maxBlockMs));
  for (;;) {
    const { topics } = await session.metadata([name], { allowAutoTopicCreation: true });
    const topic = topics[0];
    if (topic !== undefined && topic.errorCode === ERROR.NONE && topic.partitions.length > 0)
      return topic.partitions.length;
    const errorCode = topic?.errorCode ?? ERROR.UNKNOWN_TOPIC_OR_PARTITION;
    const isComing = errorCode === ERROR.LEADER_NOT_AVAILABLE || errorCode === ERROR.NONE;
    const mayCome = errorCode === ERROR.UNKNOWN_TOPIC_OR_PARTITION;
    const what = explained(errorCode, mayCome ? `there is no topic ${name}` : null);
    if ((!isComing && !mayCome) || client.nowMs + TOPIC_WAIT_MS >= deadlineMs)
      throw new RefusedError(`Error when sending message to topic ${name}: ${what}`);
    session.waitsFor = what;
    await client.sleep(TOPIC_WAIT_MS);
  }
}

class Sender {
  private readonly session: BrokerSession;
  private readonly topic: string;
  private readonly settings: ProducerSettings;
  private readonly partitioner: Partitioner;
  private readonly producer: Producer;

  constructor(session: BrokerSession, topic: string, settings: ProducerSettings, partitioner: Partitioner) {
    this.session = session;
    this.topic = topic;
    this.settings = settings;
    this.partitioner = partitioner;
    const { acks, idempotence, codec, retries, requestTimeoutMs } = settings;
    this.producer = new Producer(session.client, {
      acks,
      idempotence,
      codec,
      transactionalId: null,
      transactionTimeoutMs: 0,
      retries,
      produceTimeoutMs: requestTimeoutMs,
    });
  }

  /** @throws RefusedError after all were tried, with the first that failed */
  async send(lines: readonly ParsedLine[]): Promise<void> {
    let failure: RefusedError | null = null;
    for (const [partition, records] of this.batches(lines)) {
      try {
        await this.sendBatch(partition, records);
      } catch (thrown) {
        if (!(thrown instanceof RefusedError)) throw thrown;
        failure ??= thrown;
      }
    }
    if (failure !== null) throw failure;
  }

  /** In the order of the lines within each partition. */
  private batches(lines: readonly ParsedLine[]): [partition: number, records: NewRecord[]][] {
    const done: [number, NewRecord[]][] = [];
    const open = new Map<number, { records: NewRecord[]; bytes: number }>();
    for (const { key, value, headers } of lines) {
      const partition = this.partitioner.of(key);
      const bytes = (key?.length ?? 0) + (value?.length ?? 0);
      let batch = open.get(partition);
      const isFull =
        batch !== undefined &&
        (batch.bytes + bytes > this.settings.batchBytes || batch.records.length >= BATCH_RECORDS_MAX);
      if (batch === undefined || isFull) {
        batch = { records: [], bytes: 0 };
        open.set(partition, batch);
        done.push([partition, batch.records]);
      }
      batch.records.push({ key, value, headers, timestampMs: Math.floor(this.session.wallMs) });
      batch.bytes += bytes;
    }
    this.partitioner.nextBatch();
    return done;
  }

  private async sendBatch(partition: number, records: readonly NewRecord[]): Promise<void> {
    const { session, settings, topic } = this;
    const deadlineMs = session.deadlineAfter(settings.deliveryTimeoutMs);
    for (let attempt = 0; ; attempt++) {
      try {
        await this.producer.send(keyOf(topic, partition), records, deadlineMs);
        return;
      } catch (thrown) {
        if (!(thrown instanceof ClientError)) throw thrown;
        // Certainly not in the log: once more is no duplicate.
        const isInTime = attempt < settings.retries && session.client.nowMs + TOPIC_WAIT_MS < deadlineMs;
        const mayRepeat = thrown.isDefinite && isPassing(thrown) && isInTime;
        if (!mayRepeat) throw this.failure(thrown, records.length);
      }
      await session.client.sleep(TOPIC_WAIT_MS);
    }
  }

  private failure(error: ClientError, count: number): Error {
    if (error.errorCode === null && error.isDefinite) return unreachable(error);
    const what = error.errorCode === null ? error.message : explained(error.errorCode);
    const doubt = error.isDefinite ? '' : '; it may be there all the same';
    const lines = count === 1 ? 'message' : `${count} messages`;
    return new RefusedError(`Error when sending ${lines} to topic ${this.topic}: ${what}${doubt}`);
  }
}

const PASSING: ReadonlySet<number> = new Set([
  ERROR.NOT_LEADER_OR_FOLLOWER,
  ERROR.LEADER_NOT_AVAILABLE,
  ERROR.NOT_ENOUGH_REPLICAS,
  ERROR.UNKNOWN_TOPIC_OR_PARTITION,
]);

const isPassing = ({ errorCode }: ClientError): boolean => errorCode === null || PASSING.has(errorCode);
