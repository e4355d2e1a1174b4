import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommandFolder, portsFor, inProcess } from './testing/command.ts';

let folder: CommandFolder;
beforeEach(() => {
  folder = new CommandFolder();
});
afterEach(() => folder.remove());

const UUID = 'MkU3OEVBNTcwNTJENDM2Qg';
const OTHER = 'SQAs5vVvSZmIs3mTVZqLqw';
const SINGLE = new Map([
  [9092, 19_092],
  [9093, 19_093],
]);

/** One line that begins so. */
function expectLine(stderr: string, pattern: RegExp): void {
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(pattern);
}

describe('the command line', () => {
  test('help has examples for the whole and for each command', async () => {
    expect((await folder.kraft(['--help'])).status).toBe(0);
    const { stdout } = await inProcess(['--help']);
    expect(stdout).toContain('kraft storage format -t UUID -c server.properties');
    const commands = [...stdout.matchAll(/^ {2}([a-z]+(?:-[a-z]+)*) (?=.* {2})/gm)].map(
      ([, name]) => name as string,
    );
    expect(commands).toEqual(
      expect.arrayContaining([
        'storage',
        'server-start',
        'server-stop',
        'topics',
        'configs',
        'metadata-quorum',
      ]),
    );
    for (const name of commands.filter((each) => each !== 'help' && each !== 'kraft')) {
      const help = await inProcess([name, '--help']);
      expect([name, help.status]).toEqual([name, 0]);
      expect(help.stdout).toContain(`Examples:`);
      expect(help.stdout).toContain(`  kraft ${name}`);
    }
  });

  test.each([
    [['topcis'], /unknown command "topcis": did you mean "topics"\?/],
    [['kafka-topcs.sh'], /unknown command "topcs": did you mean "topics"\?/],
    [['topics', '--lst'], /unknown option '--lst' \(did you mean --list\?\); see kraft topics --help/],
    [['topics', '--list'], /--bootstrap-server HOST:PORT is missing/],
    [['topics', '--list', '--bootstrap-server', 'localhost'], /takes HOST:PORT, and “localhost” is not so/],
    [['topics', '--bootstrap-server', 'a:1'], /takes exactly one of --create, --list/],
    [['topics', '--create', '--bootstrap-server', 'a:1'], /--create needs --topic NAME/],
    [['storage', 'fromat'], /unknown command 'fromat' \(did you mean format\?\)/],
    [['storage', 'format', '-c', 'x'], /required option '-t, --cluster-id <uuid>' not specified/],
    [['metadata-quorum', '--bootstrap-server', 'a:1', 'describe'], /one of --status and --replication/],
    [
      ['console-producer', '--topic', 't', '--property', 'parse.keys=true', '--bootstrap-server', 'a:1'],
      /no parse.keys/,
    ],
    [
      ['console-producer', '--topic', 't', '--producer-property', 'acks=2', '--bootstrap-server', 'a:1'],
      /acks is all, 1 or 0/,
    ],
    [['console-consumer', '--bootstrap-server', 'a:1'], /--topic NAME is missing/],
    [['consumer-groups', '--describe', '--bootstrap-server', 'a:1'], /--group NAME is missing/],
    [['configs', '--describe', '--entity-type', 'users', '--bootstrap-server', 'a:1'], /topics or brokers/],
    [['get-offsets', '--time', 'noon', '--bootstrap-server', 'a:1'], /--time is latest, earliest/],
    [['server-start'], /missing required argument 'server.properties'/],
    [['server-start', 'nothing.properties'], /nothing.properties: there is no such file/],
  ])('%j is refused in one line', async (args, message) => {
    const { status, stdout, stderr } = await inProcess(args);
    expect(stdout).toBe('');
    expectLine(stderr, message);
    expect(status).toBe(64);
  });
});

describe('storage', () => {
  test('random-uuid: another each time, and never an option’s form', async () => {
    const ids = await Promise.all([1, 2, 3].map(() => folder.kraft(['kafka-storage.sh', 'random-uuid'])));
    for (const { status, stdout } of ids) {
      expect(status).toBe(0);
      expect(stdout).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}\n$/);
    }
    expect(new Set(ids.map(({ stdout }) => stdout)).size).toBe(3);
  });

  test('format, and then it is refused, ignored, and described', async () => {
    folder.example('single', SINGLE);
    const format = ['storage', 'format', '-t', UUID, '-c', 'single.properties'];
    const directory = folder.file('kraft-single');
    expect(await folder.kraft(format)).toEqual({
      status: 0,
      stdout: `Formatting metadata directory ${directory} with metadata.version 4.0-IV3.\n`,
      stderr: '',
    });
    const text = readFileSync(join(directory, 'meta.properties'), 'utf8');
    expect(text).toMatch(new RegExp(`^version=1\ncluster.id=${UUID}\nnode.id=1\ndirectory.id=.{22}\n$`));

    const again = await folder.kraft(format);
    expect(again.status).toBe(64);
    expectLine(again.stderr, /Log directory .* is already formatted. Use --ignore-formatted to ignore/);
    expect(await folder.kraft([...format, '--ignore-formatted'])).toEqual({
      status: 0,
      stdout: 'All of the log directories are already formatted.\n',
      stderr: '',
    });

    const other = ['storage', 'format', '--cluster-id', OTHER, '--config', 'single.properties', '-g'];
    const foreign = await folder.kraft(other);
    expect(foreign.status).toBe(64);
    expectLine(foreign.stderr, new RegExp(`Invalid cluster.id in: .*Expected ${OTHER}, but read ${UUID}`));
    expect(readFileSync(join(directory, 'meta.properties'), 'utf8')).toBe(text);

    const info = await folder.kraft(['storage', 'info', '-c', 'single.properties']);
    expect(info.status).toBe(0);
    expect(info.stdout).toContain(
      `Found log directory:\n  ${directory}\n\nFound metadata: {cluster.id=${UUID}, `,
    );
  });

  test('several directories: all or those that are not yet', async () => {
    folder.example('single', SINGLE, { 'log.dirs': `${folder.path}/a,${folder.path}/b` });
    const format = ['storage', 'format', '-t', UUID, '-c', 'single.properties'];
    const { status, stdout, stderr } = await folder.kraft(format);
    expect([status, stdout.split('\n').length]).toEqual([0, 3]);
    expect(stderr).toMatch(/log.dirs is set again/);
    const start = await folder.kraft(['server-start', 'single.properties']);
    expect(start.status).toBe(64);
    expectLine(start.stderr, /a node of ours keeps all in one directory/);
  });

  test.each([
    ['node.id=one', [], /single.properties line \d+: node.id=one: must be a whole number/],
    ['log.dri=x', [], /line \d+: unknown key log.dri: did you mean log.dirs\?/],
    ['', ['-t', 'nonsense'], /--cluster-id nonsense: does not appear to be a valid UUID/],
  ])('%j %j is said with key and line', async (line, args, message) => {
    folder.example('single', SINGLE);
    folder.write('single.properties', `${folder.read('single.properties')}${line}\n`);
    const given = args.length > 0 ? args : ['-t', UUID];
    const file = folder.file('single.properties');
    const { stderr } = await inProcess(['storage', 'format', ...given, '-c', file]);
    expect(stderr).toMatch(message);
  });

  test('a file where the directory should be', async () => {
    folder.example('single', SINGLE);
    folder.write('kraft-single', '');
    const { status, stderr } = await folder.kraft([
      'storage',
      'format',
      '-t',
      UUID,
      '-c',
      'single.properties',
    ]);
    expect(status).toBe(64);
    expectLine(stderr, /kraft-single: it is no directory/);
  });
});

describe('server-start refuses in one line', () => {
  const format = (id: string) => folder.kraft(['storage', 'format', '-t', id, '-c', 'single.properties']);

  test('a directory that is not formatted, with the command to run', async () => {
    folder.example('single', SINGLE);
    for (const daemon of [[], ['-daemon']]) {
      const { status, stderr } = await folder.kraft(['server-start', ...daemon, 'single.properties']);
      expect(status).toBe(64);
      expectLine(stderr, /is not formatted; run: kraft storage format -t .* -c single.properties/);
    }
    expect(existsSync(folder.file('kraft-single'))).toBe(false);
  });

  test('another node’s directory', async () => {
    folder.example('single', SINGLE);
    await format(UUID);
    const args = [
      'single.properties',
      '--override',
      'node.id=7',
      '--override',
      'controller.quorum.voters=7@localhost:9093',
    ];
    const { status, stderr } = await folder.kraft(['server-start', ...args]);
    expect(status).toBe(64);
    expectLine(stderr, /node.id=1: the directory is of another node than node.id=7/);
  });

  test('what an override says wrongly, as the override’s mistake', async () => {
    folder.example('single', SINGLE);
    const wrong = await folder.kraft(['server-start', 'single.properties', '--override', 'num.partitions=0']);
    expect(wrong.status).toBe(64);
    expectLine(wrong.stderr, /^kraft: --override: num.partitions=0: must be at least 1$/m);
    const none = await folder.kraft(['server-start', 'single.properties', '--override', 'num.partitions']);
    expectLine(none.stderr, /--override takes key=value/);
  });

  test('a port that another program has, in front and as a daemon', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const taken = (server.address() as AddressInfo).port;
    const ports = await portsFor([9093]);
    folder.example('single', new Map([...ports, [9092, taken]]));
    await format(UUID);
    const inFront = await folder.kraft(['server-start', 'single.properties']);
    const daemon = await folder.kraft(['server-start', '-daemon', 'single.properties']);
    server.close();
    expect(inFront.status).toBe(70);
    expectLine(
      inFront.stderr,
      new RegExp(`listeners=PLAINTEXT://127.0.0.1:${taken}: port ${taken} is in use`),
    );
    expect(daemon.status).toBe(70);
    expectLine(daemon.stderr, /is in use: .*its log is .*logs\/kraft-1.log/);
    expect(existsSync(folder.file('kraft-single/.lock'))).toBe(false);
  });

  test('a host that is none of this machine', async () => {
    folder.example('single', SINGLE);
    await format(UUID);
    const listeners = 'listeners=PLAINTEXT://192.0.2.1:19092,CONTROLLER://127.0.0.1:19093';
    const { status, stderr } = await folder.kraft([
      'server-start',
      'single.properties',
      '--override',
      listeners,
    ]);
    expect(status).toBe(64);
    expectLine(stderr, /the host is no address of this machine/);
  });
});

test('nothing to stop', async () => {
  expect(await folder.kraft(['server-stop'])).toEqual({
    status: 1,
    stdout: '',
    stderr: 'No kafka server to stop\n',
  });
  folder.example('single', SINGLE);
  const { status } = await folder.kraft(['server-stop', 'single.properties']);
  expect(status).toBe(1);
});
