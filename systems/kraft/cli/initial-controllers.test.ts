/** `kraft storage format` where the voters are dynamic (KIP-853): what it writes, and what it refuses. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealFiles } from '../../runtime/real/real-files.ts';
import { METADATA_DIRECTORY } from '../internal-topics.ts';
import { SnapshotStore } from '../log/snapshot-store.ts';
import { MetadataSnapshots } from '../node/quorum/metadata-snapshots.ts';
import { parseMetaProperties } from '../node/meta-properties.ts';
import type { StoredSnapshot } from '../quorum/state-types.ts';
import { CommandFolder, inProcess } from './testing/command.ts';
import type { CommandResult } from './testing/command.ts';

const UUID = 'MkU3OEVBNTcwNTJENDM2Qg';
const ONE = 'SQAs5vVvSZmIs3mTVZqLqw';
const TWO = 'JEXY6aqzQY-32P5TStzaFg';
const CHECKPOINT = '00000000000000000000-0000000000.checkpoint';

let folder: CommandFolder;
beforeEach(() => {
  folder = new CommandFolder();
});
afterEach(() => folder.remove());

type Changes = Readonly<Record<string, string>>;

const BROKER = {
  'process.roles': 'broker',
  listeners: 'PLAINTEXT://:9092',
  'advertised.listeners': 'PLAINTEXT://localhost:9092',
};

function format(options: readonly string[], changes: Changes = {}): Promise<CommandResult> {
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': 'localhost:9093',
    listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    'advertised.listeners': 'PLAINTEXT://localhost:9092,CONTROLLER://here:9093',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': folder.file('data'),
    ...changes,
  };
  const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`);
  folder.write('s.properties', text.join(''));
  return inProcess(['storage', 'format', '-t', UUID, '-c', folder.file('s.properties'), ...options]);
}

async function written(directory = 'data'): Promise<StoredSnapshot> {
  const store = await SnapshotStore.open(new RealFiles(folder.file(directory)), METADATA_DIRECTORY);
  return (await new MetadataSnapshots(store, []).load({ endOffset: 0, epoch: 0 })).stored;
}

function directoryId(): string {
  const file = folder.file('data/meta.properties');
  return parseMetaProperties(readFileSync(file, 'utf8'), file).directoryId;
}

const listening = (host: string, port: number) => [{ name: 'CONTROLLER', host, port }];

describe('voters that a cluster begins with', () => {
  test('--standalone: this controller, where it is advertised, with the directory that it gets', async () => {
    const { status, stdout } = await format(['--standalone']);
    expect(status).toBe(0);
    expect(stdout).toBe(
      `Formatting dynamic metadata voter directory ${folder.file('data')} with metadata.version 4.0-IV3.\n`,
    );
    expect(existsSync(folder.file(join('data', METADATA_DIRECTORY, CHECKPOINT)))).toBe(true);
    expect(await written()).toMatchObject({
      kraftVersion: 1,
      voters: [{ voterId: 1, voterDirectoryId: directoryId(), listeners: listening('here', 9093) }],
    });
    expect((await format(['-s'])).stderr).toMatch(/is already formatted. Use --ignore-formatted/);
    expect((await format(['-s', '--ignore-formatted'])).status).toBe(0);
  });

  test('--initial-controllers: these, and the own directory is the one that is named', async () => {
    const text = `2@[::1]:9095:${TWO}, 1@localhost:9093:${ONE}`;
    expect((await format(['--initial-controllers', text])).status).toBe(0);
    expect(directoryId()).toBe(ONE);
    expect((await written()).voters).toEqual([
      { voterId: 2, voterDirectoryId: TWO, listeners: listening('::1', 9095) },
      { voterId: 1, voterDirectoryId: ONE, listeners: listening('localhost', 9093) },
    ]);
  });

  test('the voters lie where the metadata does, also on a broker', async () => {
    const changes = { ...BROKER, 'node.id': '5', 'log.dirs': `${folder.path}/b,${folder.path}/a` };
    const { stdout } = await format(['-I', `1@localhost:9093:${ONE}`], changes);
    expect(stdout).toBe(
      `Formatting data directory ${folder.path}/a with metadata.version 4.0-IV3.\n` +
        `Formatting dynamic metadata directory ${folder.path}/b with metadata.version 4.0-IV3.\n`,
    );
    expect((await written('b')).voters).toHaveLength(1);
    expect(existsSync(folder.file(join('a', METADATA_DIRECTORY)))).toBe(false);
  });

  test.each<[string, string[], Changes]>([
    ['--no-initial-controllers', ['-N'], {}],
    ['a broker that joins', [], BROKER],
    [
      'static voters, which are in no log',
      ['--no-initial-controllers'],
      { 'controller.quorum.voters': '1@h:9093' },
    ],
  ])('none with %s', async (_, options, changes) => {
    const { status, stdout } = await format(options, changes);
    expect([status, stdout]).toEqual([
      0,
      `Formatting metadata directory ${folder.file('data')} with metadata.version 4.0-IV3.\n`,
    ]);
    expect(existsSync(folder.file(join('data', METADATA_DIRECTORY)))).toBe(false);
  });

  test('a log that is there keeps its voters', async () => {
    const log = new RealFiles(folder.path);
    await log.makeDirectory('data');
    await log.makeDirectory(`data/${METADATA_DIRECTORY}`);
    folder.write(`data/${METADATA_DIRECTORY}/00000000000000000000.log`, '');
    const { status, stderr } = await format(['-s']);
    expect([status, stderr]).toEqual([64, expect.stringMatching(/-0 has a log already: .*move it away/)]);
    expect(existsSync(folder.file('data/meta.properties'))).toBe(false);
  });

  test.each<[string[], Changes, RegExp]>([
    [[], {}, /voters is not set on this controller: add --standalone .*--no-initial-controllers/],
    [['-s', '-N'], {}, /'-s, --standalone' cannot be used with option '-N, --no-initial-controllers'/],
    [['-N', '-I', `1@h:1:${ONE}`], {}, /--initial-controllers .* cannot be used with option '-N/],
    [['-s', '-I', `1@h:1:${ONE}`], {}, /--standalone' cannot be used with option '-I/],
    [['-s'], { 'controller.quorum.voters': '1@h:9093' }, /names voters that never change, and --standalone/],
    [
      ['-I', `1@h:1:${ONE}`],
      { 'controller.quorum.voters': '1@h:9093' },
      /never change, and --initial-controllers/,
    ],
    [['-s'], BROKER, /--standalone makes this node a controller, and process.roles of .* is broker/],
    [['-I', `1@h:1:${ONE}`], BROKER, /names node 1, which is this one, and its process.roles is broker/],
    [
      ['-s'],
      {
        listeners: 'PLAINTEXT://h:1,CONTROLLER://0.0.0.0:9093',
        'advertised.listeners': 'PLAINTEXT://h:1',
      },
      /listeners=CONTROLLER:\/\/0.0.0.0:9093: nobody can connect to “0.0.0.0”: advertised.listeners must name/,
    ],
    [['-I', ' '], {}, /--initial-controllers names no controller/],
    [['-I', `1@h:1:${ONE},1@h:2:${TWO}`], {}, /--initial-controllers names node 1 twice/],
    [['-I', '1@h:1'], {}, /takes ID@HOST:PORT:DIRECTORY-ID, and “1@h:1” is not so/],
    [['-I', `1@h:1:${ONE}x`], {}, /takes ID@HOST:PORT:DIRECTORY-ID/],
    [['-I', `h:1:${ONE}`], {}, /takes ID@HOST:PORT:DIRECTORY-ID/],
    [['-I', '1@h:1:AAAAAAAAAAAAAAAAAAAAAA'], {}, /takes ID@HOST:PORT:DIRECTORY-ID/],
  ])('%j with %j is refused in one line', async (options, changes, message) => {
    const { status, stdout, stderr } = await format(options, changes);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(message);
    expect([status, stdout]).toEqual([64, '']);
    expect(existsSync(folder.file('data'))).toBe(false);
  });
});
