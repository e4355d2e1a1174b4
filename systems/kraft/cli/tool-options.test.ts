/** Options of Kafka's tools for clients and groups: what each does to a server, what needs nothing here, what is refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandFolder, inProcess } from './testing/command.ts';
import type { CommandResult } from './testing/command.ts';

let folder: CommandFolder;
let at: readonly string[];
/** Between the second record of `orders` and the third. */
let betweenMs: number;

const ask = (...args: readonly string[]): Promise<CommandResult> => inProcess([...args, ...at]);
const words = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim().replaceAll(/ +/g, ' '))
    .filter((line) => line !== '');

beforeAll(async () => {
  folder = new CommandFolder();
  at = await folder.startSingle({
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '1',
  });
  for (const topic of ['orders', 'numbers']) await ask('topics', '--create', '--topic', topic);
  folder.write('producer.properties', 'bootstrap.servers=elsewhere:1\nacks=all\nbatch.size=1\nlinger.ms=5\n');
  folder.write('reader.properties', 'parse.key=true\nkey.separator=:\n');
}, 60_000);
afterAll(() => folder.remove());

/** Of the first segment of a partition. */
function batchCount(partition: string): number {
  const bytes = readFileSync(join(folder.path, 'kraft-single', partition, `${'0'.repeat(20)}.log`));
  let count = 0;
  for (let position = 0; position < bytes.length; count++) position += 12 + bytes.readInt32BE(position + 8);
  return count;
}

describe('console-producer', () => {
  const produce = (input: string, ...args: string[]): Promise<CommandResult> =>
    folder.kraft(['console-producer', ...args, ...at], { input });

  test('takes a file for the producer and one for the reader, and tells what changes nothing', async () => {
    const files = ['--producer.config', 'producer.properties', '--reader-config', 'reader.properties'];
    const idle = ['--max-memory-bytes', '1000', '--timeout', '5'];
    const reader = ['--line-reader', 'org.apache.kafka.tools.LineMessageReader'];
    const first = await produce('a:1\nb:2\n', '--topic', 'orders', ...files, ...idle, ...reader);
    expect(first).toEqual({
      status: 0,
      stdout: '',
      stderr: 'kraft: --timeout, --max-memory-bytes, linger.ms change nothing here\n',
    });
    // batch.size=1: a batch each.
    expect(batchCount('orders-0')).toBe(2);
    await delay(20);
    betweenMs = Date.now();
    await delay(20);
    const second = await produce(
      'c:3\nd:4\n',
      ...['--topic', 'orders', ...files, '--batch-size', '1000', '--request-timeout-ms', '5000'],
      ...['--message-send-max-retries', '3', '--max-block-ms', '10000'],
    );
    expect(second).toMatchObject({ status: 0, stderr: 'kraft: linger.ms changes nothing here\n' });
    expect(batchCount('orders-0')).toBe(3);
    await produce('\0\0\0\x05\nno number\n', '--topic', 'numbers');
  }, 60_000);

  test('waits for a topic no longer than --max-block-ms', async () => {
    const startedMs = performance.now();
    const { status, stderr } = await produce('a\n', '--topic', 'absent', '--max-block-ms', '300');
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr:
        'Error when sending message to topic absent: there is no topic absent (UNKNOWN_TOPIC_OR_PARTITION)\n',
    });
  });
});

describe('console-consumer', () => {
  const consume = (...args: string[]): Promise<CommandResult> => ask('console-consumer', ...args);

  test('takes a file for the consumer and one for the formatter', async () => {
    folder.write('consumer.properties', 'group.id=billing\nauto.offset.reset=earliest\nfetch.min.bytes=1\n');
    folder.write('formatter.properties', 'print.key=true\nkey.separator=|\n');
    const { status, stdout, stderr } = await consume(
      ...[
        '--topic',
        'orders',
        '--max-messages',
        '4',
        '--consumer.config',
        folder.file('consumer.properties'),
      ],
      ...[
        '--formatter-config',
        folder.file('formatter.properties'),
        '--formatter-property',
        'print.offset=true',
      ],
    );
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: 'Offset:0|a|1\nOffset:1|b|2\nOffset:2|c|3\nOffset:3|d|4\n',
    });
    expect(stderr).toBe('kraft: fetch.min.bytes changes nothing here\nProcessed a total of 4 messages\n');
    const described = await ask('consumer-groups', '--describe', '--group', 'billing');
    expect(words(described.stdout)[1]).toBe('billing orders 0 4 4 0 - - -');
  }, 30_000);

  test('prints nothing with NoOpMessageFormatter', async () => {
    const formatter = ['--formatter', 'org.apache.kafka.tools.consumer.NoOpMessageFormatter'];
    const { stdout, stderr } = await consume(
      ...['--topic', 'orders', '--partition', '0', '--offset', '1', '--max-messages', '2', ...formatter],
    );
    expect([stdout, stderr]).toEqual(['', 'Processed a total of 2 messages\n']);
  });

  test('reads numbers, and leaves out what is none where it is told to', async () => {
    const integers = ['--value-deserializer', 'org.apache.kafka.common.serialization.IntegerDeserializer'];
    const all = ['--topic', 'numbers', '--from-beginning', '--max-messages', '2', ...integers];
    const what = 'numbers-0 offset 1: IntegerDeserializer takes 4 bytes, and there are 9';
    expect(await consume(...all)).toEqual({
      status: 1,
      stdout: '5\n',
      stderr: `Processed a total of 2 messages\nError: ${what}\n`,
    });
    expect(await consume(...all, '--skip-message-on-error')).toEqual({
      status: 0,
      stdout: '5\n',
      stderr: `kraft: ${what}: the record is left out\nProcessed a total of 2 messages\n`,
    });
  });
});

describe('consumer-groups', () => {
  const groups = (...args: string[]): Promise<CommandResult> => ask('consumer-groups', ...args);
  const reset = (...args: string[]): Promise<CommandResult> =>
    groups('--reset-offsets', '--group', 'billing', '--topic', 'orders', ...args);
  const date = (ms: number): string => new Date(ms).toISOString().replace('Z', '');

  test.each<[string, () => string[], number]>([
    ['the beginning', () => ['--to-earliest'], 0],
    ['the end', () => ['--to-latest'], 4],
    ['where it is', () => ['--to-current'], 4],
    ['an offset', () => ['--to-offset', '1'], 1],
    ['an offset beyond the end', () => ['--to-offset', '99'], 4],
    ['some records back', () => ['--shift-by', '-3'], 1],
    ['a moment, in UTC', () => ['--to-datetime', date(betweenMs)], 2],
    ['a moment, in a zone', () => ['--to-datetime', `${date(betweenMs + 3_600_000)}+01:00`], 2],
    ['a moment after the last record', () => ['--to-datetime', '2999-01-31T00:00:00.000'], 4],
    ['some time ago', () => ['--by-duration', 'PT0.001S'], 4],
    ['long ago', () => ['--by-duration', 'P1DT2H'], 0],
  ])('would reset to %s', async (_, args, offset) => {
    const { status, stdout, stderr } = await reset(...args());
    expect({ status, stdout: words(stdout) }).toEqual({
      status: 0,
      stdout: ['GROUP TOPIC PARTITION NEW-OFFSET', `billing orders 0 ${offset}`],
    });
    expect(stderr).toBe('Nothing was changed: --execute does it.\n');
  });

  test('does not shift what was never committed', async () => {
    const { status, stderr } = await groups(
      ...['--reset-offsets', '--group', 'none', '--topic', 'orders', '--shift-by', '1'],
    );
    expect([status, stderr]).toEqual([
      1,
      'Error: --shift-by: nothing is committed of orders-0: try --to-offset\n',
    ]);
  });

  test('exports a plan, and resets by it, of one group and of several', async () => {
    const { stdout } = await reset('--to-offset', '2', '--export', '--dry-run');
    expect(stdout).toBe('orders,0,2\n');
    const file = folder.file('plan.csv');
    folder.write('plan.csv', stdout);
    const from = ['--reset-offsets', '--from-file', file];
    const moved = await groups(...from, '--group', 'billing', '--execute');
    expect(words(moved.stdout)[1]).toBe('billing orders 0 2');
    const several = [...from, '--group', 'billing', '--group', 'audit', '--execute'];
    folder.write('plan.csv', '"billing",orders,0,3\naudit,orders,0,1\n');
    const exported = await groups(...several, '--export');
    expect(exported.stdout).toBe('billing,orders,0,3\naudit,orders,0,1\n');
    const described = await groups('--describe', '--all-groups');
    expect(words(described.stdout).filter((line) => !line.startsWith('GROUP'))).toEqual([
      'audit orders 0 1 4 3 - - -',
      'billing orders 0 3 4 1 - - -',
    ]);
    folder.write('plan.csv', 'orders,0\n');
    expect(await groups(...from, '--group', 'billing')).toMatchObject({
      status: 64,
      stderr: `kraft: ${file} line 1: topic,partition,offset is expected, not "orders,0"\n`,
    });
    folder.write('plan.csv', 'other,orders,0,1\n');
    expect(await groups(...from, '--group', 'billing')).toMatchObject({
      status: 1,
      stderr: `Error: ${file} has nothing for group 'billing'\n`,
    });
  });

  test('lists states and types', async () => {
    expect(words((await groups('--list', '--state')).stdout)).toEqual([
      'GROUP STATE',
      'audit Empty',
      'billing Empty',
    ]);
    expect(words((await groups('--list', '--state', 'stable,dead')).stdout)).toEqual(['GROUP STATE']);
    const typed = await groups('--list', '--type', 'classic', '--state', 'empty');
    expect(words(typed.stdout)[1]).toBe('audit Classic Empty');
  });

  test('forgets what a group has read', async () => {
    const forget = ['--delete-offsets', '--group', 'audit', '--topic', 'orders'];
    const { status, stdout } = await groups(...forget);
    expect({ status, stdout: words(stdout) }).toEqual({
      status: 0,
      stdout: [
        'Request succeed for deleting offsets with topic orders group audit',
        'TOPIC PARTITION STATUS',
        'orders 0 Successful',
      ],
    });
    expect(await groups(...forget.with(2, 'nobody'))).toMatchObject({
      status: 1,
      stderr:
        "Error: Executing consumer group command failed due to 'nobody' does not exist (GROUP_ID_NOT_FOUND)\n",
    });
  });
});

test('--command-config is read', async () => {
  folder.write('client.properties', 'security.protocol=PLAINTEXT\nrequest.timeout.ms=5000\n');
  const file = folder.file('client.properties');
  const { status, stdout } = await ask('topics', '--list', '--command-config', file);
  expect({ status, stdout }).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('orders\n') as string,
  });
  folder.write('client.properties', 'security.protocol=SASL_SSL\n');
  expect(await ask('topics', '--list', '--command-config', file)).toMatchObject({
    status: 64,
    stderr: `kraft: --command-config ${file}: security.protocol is PLAINTEXT here, not "SASL_SSL"\n`,
  });
});

describe('refused in one line, before a broker is asked', () => {
  const GROUP = ['consumer-groups', '--group', 'g', '--topic', 't'];
  test.each([
    [
      ['console-producer', '--topic', 't', '--line-reader', 'MyReader'],
      /^kraft: --line-reader is LineMessageReader/,
    ],
    [
      ['console-producer', '--topic', 't', '--producer.config', 'absent'],
      /^kraft: absent: there is no such file$/,
    ],
    [['console-producer', '--topic', 't', '--batch-size', 'x'], /^kraft: --batch-size is a whole number/],
    [['console-producer', '--topic', 't', '--timeout', 'x'], /^kraft: --timeout is a whole number/],
    [
      ['console-producer', '--topic', 't', '--producer-property', 'ack=1'],
      /^kraft: --producer-property has no ack;/,
    ],
    [
      ['console-consumer', '--topic', 't', '--formatter', 'Mine'],
      /^kraft: --formatter is DefaultMessageFormatter or/,
    ],
    [
      ['console-consumer', '--topic', 't', '--key-deserializer', 'Mine'],
      /^kraft: key.deserializer is one of String/,
    ],
    [['console-consumer', '--topic', 't', '--include', 'u'], /^kraft: --topic and --include both say/],
    [
      ['console-consumer', '--topic', 't', '--group', 'a', '--consumer-property', 'group.id=b'],
      /^kraft: --group a and group.id=b contradict each other$/,
    ],
    [
      [...GROUP, '--reset-offsets', '--to-datetime', '2026-02-30T00:00:00.000'],
      /^kraft: --to-datetime is a date like/,
    ],
    [
      [...GROUP, '--reset-offsets', '--by-duration', '1h'],
      /^kraft: --by-duration is a duration like P1DT2H30M/,
    ],
    [
      [...GROUP, '--reset-offsets', '--to-earliest', '--to-current'],
      /^kraft: --reset-offsets takes exactly one of/,
    ],
    [[...GROUP, '--reset-offsets', '--to-earliest', '--execute', '--dry-run'], /contradict each other$/],
    [['consumer-groups', '--delete-offsets', '--group', 'g'], /^kraft: --delete-offsets takes --topic/],
    [['get-offsets', '--time', '-3'], /^kraft: --time is latest, earliest, or milliseconds/],
  ])('%j', async (args, line) => {
    const { status, stderr } = await inProcess([...args, '--bootstrap-server', '127.0.0.1:1']);
    expect(status).toBe(64);
    expect(stderr.trimEnd()).toMatch(line);
    expect(stderr.trimEnd()).not.toContain('\n');
  });
});

test('the bugs of server-start --bug are where its help says', async () => {
  const { stdout } = await inProcess(['server-start', '--help']);
  const file = /docs\/\S+\.md/.exec(stdout)?.[0] ?? '';
  const text = readFileSync(join(import.meta.dirname, '../../..', file), 'utf8');
  expect(text).toContain('`ack-before-replication`');
});
