/** What a user sees who names what is not there, or ends a command that waits: one line, at once, and the exit code for it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../runtime/real/testing/free-port.ts';
import { CommandFolder } from './testing/command.ts';

/** Less than a command tries for: it did not wait for its time to be up. */
const AT_ONCE_MS = 15_000;

let folder: CommandFolder;
let at: readonly string[];

beforeAll(async () => {
  folder = new CommandFolder();
  at = await folder.startSingle({ 'auto.create.topics.enable': 'false' });
  const created = await folder.kraft(['topics', '--create', '--topic', 'orders', ...at]);
  expect(created).toMatchObject({ status: 0, stdout: 'Created topic orders.\n' });
}, 60_000);
afterAll(() => folder.remove());

async function timed<T>(work: Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work;
  expect(performance.now() - startedMs).toBeLessThan(AT_ONCE_MS);
  return result;
}

describe('a partition that a topic does not have', () => {
  test.each([
    [
      ['consumer-groups', '--reset-offsets', '--group', 'g', '--topic', 'orders:0,9', '--to-earliest'],
      /^Error: .*Topic 'orders' has no partition 9 \(UNKNOWN_TOPIC_OR_PARTITION\)$/m,
    ],
    [
      ['console-consumer', '--topic', 'orders', '--partition', '9'],
      /^Error: orders has no partition 9 \(UNKNOWN_TOPIC_OR_PARTITION\)$/m,
    ],
  ])('%j', async (args, line) => {
    const { status, stderr } = await timed(folder.kraft([...args, ...at]));
    expect(status).toBe(1);
    expect(stderr).toMatch(line);
  });

  test('a partition that is no number', async () => {
    const args = [
      'consumer-groups',
      '--reset-offsets',
      '--group',
      'g',
      '--topic',
      'orders:x',
      '--to-earliest',
    ];
    const { status, stderr } = await folder.kraft([...args, ...at]);
    expect(status).toBe(64);
    expect(stderr).toBe('kraft: a partition of --topic orders is a whole number from 0 on, not "x"\n');
  });
});

describe('a topic that is not there', () => {
  test('a consumer says that it waits, and Ctrl-C ends it', async () => {
    const args = ['console-consumer', '--topic', 'nope', ...at];
    const { status, stderr } = await timed(folder.kraft(args, { interruptAt: /waiting for it/ }));
    expect(status).toBe(0);
    expect(stderr).toBe('kraft: there is no topic nope: waiting for it\nProcessed a total of 0 messages\n');
  });

  test('a producer says what it tries for', async () => {
    const args = ['console-producer', '--topic', 'nope', ...at];
    const { stderr } = await timed(folder.kraft(args, { input: 'a\n', interruptAt: /trying for/ }));
    expect(stderr).toBe(
      'kraft: there is no topic nope (UNKNOWN_TOPIC_OR_PARTITION); trying for 20 s in all\n',
    );
  });
});

test('Ctrl-C ends a consumer that no broker answers', async () => {
  const args = [
    'console-consumer',
    '--topic',
    'orders',
    '--bootstrap-server',
    `127.0.0.1:${await freePort()}`,
  ];
  const { status, stderr } = await timed(folder.kraft(args, { interruptAt: /connection refused/ }));
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /^kraft: .*connection refused; trying for 20 s in all\nProcessed a total of 0 messages\n$/,
  );
});

test('Ctrl-C ends a member of a group, which has committed what it printed', async () => {
  await folder.kraft(['console-producer', '--topic', 'orders', ...at], { input: 'a\nb\n' });
  const args = ['console-consumer', '--topic', 'orders', '--group', 'g', '--from-beginning', ...at];
  const { status, stdout, stderr } = await timed(folder.kraft(args, { interruptAt: /b\n/ }));
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'a\nb\n' });
  expect(stderr).toBe('Processed a total of 2 messages\n');
  const described = await folder.kraft(['consumer-groups', '--describe', '--group', 'g', ...at]);
  expect(described.stdout).toMatch(/^g +orders +0 +2 +2 +0 /m);
});
