/** A server whose disk was damaged while it was stopped: it does without what it can make anew, or refuses to start and names the file. */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CommandFolder } from './testing/command.ts';

const RECORDS = 2000;
const DATA = 'kraft-single';
const SEGMENT = '00000000000000000000.log';
/** Of a machine that cannot do what it was asked. */
const REFUSED = 70;

/** A server that was stopped, and its disk as it was then. */
class StoppedServer {
  readonly folder = new CommandFolder();
  at: readonly string[] = [];

  async prepare(changes: Readonly<Record<string, string>>, work: () => Promise<void>): Promise<void> {
    const { folder } = this;
    this.at = await folder.startSingle(changes);
    await this.kraft('topics', '--create', '--topic', 'orders');
    await work();
    expect(await folder.kraft(['server-stop'])).toMatchObject({ status: 0 });
    cpSync(folder.file(DATA), folder.file('whole'), { recursive: true });
  }

  async kraft(...args: readonly string[]): Promise<string> {
    return (await this.folder.kraft([...args, ...this.at])).stdout;
  }

  async produce(lines: readonly string[]): Promise<void> {
    const input = lines.map((line) => `${line}\n`).join('');
    const args = ['console-producer', '--topic', 'orders', ...this.at];
    expect(await this.folder.kraft(args, { input })).toMatchObject({ status: 0 });
  }

  async offsets(time: 'earliest' | 'latest'): Promise<number> {
    const text = await this.kraft('get-offsets', '--topic', 'orders', '--time', time);
    return Number(text.trim().split(':').at(-1));
  }

  async start(): Promise<void> {
    const args = ['server-start', '-daemon', 'single.properties'];
    expect(await this.folder.kraft(args)).toMatchObject({ status: 0 });
  }

  file(name: string): string {
    return this.folder.file(`${DATA}/${name}`);
  }

  /** The disk as it was after the stop, but for this. */
  damaged(damage: (file: (name: string) => string) => void): void {
    rmSync(this.folder.file(DATA), { recursive: true });
    cpSync(this.folder.file('whole'), this.folder.file(DATA), { recursive: true });
    damage((name) => this.file(name));
  }

  /** It does not start, and a line says why, with the name of the file. */
  async isRefused(name: string, what: RegExp): Promise<void> {
    const { status, stdout, stderr } = await this.folder.kraft(['server-start', 'single.properties']);
    const said = stdout + stderr;
    expect(status, said).toBe(REFUSED);
    const line = said.split('\n').find((each) => each.includes(name) && what.test(each));
    expect(line, said).toBeDefined();
  }
}

const server = new StoppedServer();
const { folder } = server;
beforeAll(
  () => server.prepare({}, () => server.produce(Array.from({ length: RECORDS }, (_, i) => `record ${i}`))),
  120_000,
);
afterAll(() => folder.remove());

const flip = (path: string, offset: number): void => {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] as number) ^ 0x40;
  writeFileSync(path, bytes);
};
const remove = (path: string): void => rmSync(path, { recursive: true });
const overwrite = (path: string): void => writeFileSync(path, 'what is this?\n');

describe('is refused, and the file is named', () => {
  const METADATA = '__cluster_metadata-0';
  test.each<readonly [string, (path: string) => void, string, RegExp]>([
    ['a segment with a bit that changed', (path) => flip(path, 9000), `orders-0/${SEGMENT}`, /CRC/],
    [
      'a segment that is shorter',
      (path) => truncateSync(path, 15_000),
      `orders-0/${SEGMENT}`,
      /durable up to offset 2000/,
    ],
    ['a segment that is gone', remove, `orders-0/${SEGMENT}`, /durable up to offset 2000/],
    ['what says which topic it is', overwrite, 'orders-0/partition.metadata', /restore it/],
    ['the same, gone', remove, 'orders-0/partition.metadata', /is missing/],
    ['the metadata log', (path) => flip(path, 400), `${METADATA}/${SEGMENT}`, /CRC/],
    ['the metadata log, gone', remove, `${METADATA}/${SEGMENT}`, /it is missing/],
    ['the votes', overwrite, `${METADATA}/quorum-state`, /it is not JSON/],
    ['the votes, gone', remove, `${METADATA}/quorum-state`, /is missing, and the log beside it ends at/],
    // It would begin an empty cluster, and remove the partitions that nobody created in it.
    ['all that is of the quorum', remove, METADATA, /is empty, and the folder orders-0 is of a topic/],
  ])('%s', { timeout: 60_000 }, async (_name, damage, name, what) => {
    server.damaged((file) => damage(file(name)));
    await server.isRefused(name, what);
  });

  test('after kill -9: a bit that changed in what was never flushed', { timeout: 120_000 }, async () => {
    server.damaged(() => undefined);
    await server.start();
    const before = statSync(server.file(`orders-0/${SEGMENT}`)).size;
    for (const word of ['one', 'two', 'three']) {
      await server.produce(Array.from({ length: 50 }, (_, i) => `${word} ${i}`));
    }
    process.kill(folder.pid(DATA), 'SIGKILL');
    flip(server.file(`orders-0/${SEGMENT}`), before + 100);
    const said = new RegExp(`corrupt at byte ${before}: .*CRC.*good batches up to offset ${RECORDS + 150}`);
    await server.isRefused(`orders-0/${SEGMENT}`, said);
  });
});

test('in the background, too: the command that started it says why', { timeout: 60_000 }, async () => {
  server.damaged((file) => remove(file(`orders-0/${SEGMENT}`)));
  const { status, stdout, stderr } = await folder.kraft(['server-start', '-daemon', 'single.properties']);
  expect({ status, stdout }).toEqual({ status: REFUSED, stdout: '' });
  expect(stderr).toMatch(/^kraft: .*orders-0\/0{20}\.log.*its log is .*kraft-1\.log\n$/s);
});

test('what follows from the records is made anew: nothing is lost', { timeout: 120_000 }, async () => {
  server.damaged((file) => {
    for (const name of [
      '00000000000000000000.index',
      '00000000000000000000.timeindex',
      '00000000000000002000.snapshot',
      'leader-epoch-checkpoint',
      'log-checkpoint',
    ])
      overwrite(file(`orders-0/${name}`));
  });
  await server.start();
  const args = ['--topic', 'orders', '--from-beginning', '--max-messages', `${RECORDS}`];
  const lines = (await server.kraft('console-consumer', ...args)).trimEnd().split('\n');
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([RECORDS, 'record 0', `record ${RECORDS - 1}`]);
  await folder.kraft(['server-stop']);
});

describe('of logs that do not begin at 0', () => {
  const METADATA = '__cluster_metadata-0';
  const old = new StoppedServer();
  let start = 0;
  let end = 0;

  beforeAll(async () => {
    const changes = {
      'log.segment.bytes': '1048576',
      'log.retention.bytes': '2500000',
      'log.retention.check.interval.ms': '100',
      'metadata.log.segment.bytes': '200',
      'metadata.log.max.record.bytes.between.snapshots': '400',
    };
    await old.prepare(changes, async () => {
      for (let i = 0; i < 3; i++) {
        await old.produce(Array.from({ length: 1500 }, (_, line) => `${line} ${'-'.repeat(1000)}`));
        await old.kraft('topics', '--create', '--topic', `topic-${i}`, '--partitions', '4');
      }
      await vi.waitFor(
        async () => {
          expect(await old.offsets('earliest')).toBeGreaterThan(0);
          expect(names(old.file(METADATA), /\.checkpoint$/).length).toBeGreaterThan(1);
        },
        { timeout: 20_000 },
      );
    });
    await old.start();
    start = await old.offsets('earliest');
    end = await old.offsets('latest');
    await old.folder.kraft(['server-stop']);
  }, 120_000);
  afterAll(() => old.folder.remove());

  const names = (directory: string, pattern: RegExp): string[] =>
    readdirSync(directory)
      .filter((name) => pattern.test(name))
      .sort();
  const segments = (directory: string): string[] => names(old.file(directory), /\.log$/);

  test.each<readonly [string, (path: string) => void]>([
    ['overwritten', overwrite],
    ['gone', remove],
    ['empty', (path) => truncateSync(path, 0)],
  ])(
    'a checkpoint that is %s: the log begins with its first segment',
    { timeout: 60_000 },
    async (_name, damage) => {
      old.damaged((file) => {
        for (const log of ['orders-0', METADATA]) damage(file(`${log}/log-checkpoint`));
      });
      await old.start();
      expect([await old.offsets('earliest'), await old.offsets('latest')]).toEqual([start, end]);
      expect(await old.kraft('topics', '--list')).toBe('orders\ntopic-0\ntopic-1\ntopic-2\n');
      const said = `orders-0/log-checkpoint is missing or damaged: the log begins at offset ${start} now`;
      expect(old.folder.read('logs/kraft-1.log')).toContain(said);
      await old.folder.kraft(['server-stop']);
    },
  );

  test.each(['first', 'second'] as const)(
    'the %s segment, gone: refused, and it is named',
    { timeout: 60_000 },
    async (which) => {
      old.damaged(() => undefined);
      const name = segments('orders-0')[which === 'first' ? 0 : 1] as string;
      remove(old.file(`orders-0/${name}`));
      await old.isRefused(`orders-0/${name} is corrupt at byte 0`, /it is missing/);
    },
  );

  test.each<readonly [string, (path: string) => void, RegExp]>([
    [
      'with a bit that changed',
      (path) => flip(path, statSync(path).size >> 1),
      /checkpoint is corrupt at byte \d+: .*CRC/,
    ],
    ['overwritten', overwrite, /checkpoint is corrupt at byte 0/],
    ['shorter', (path) => truncateSync(path, statSync(path).size - 10), /checkpoint is corrupt at byte \d/],
    ['empty', (path) => truncateSync(path, 0), /it has no end/],
  ])(
    'the snapshot of the metadata, %s: refused, and it is named',
    { timeout: 60_000 },
    async (_name, damage, what) => {
      old.damaged(() => undefined);
      const name = names(old.file(METADATA), /\.checkpoint$/).at(-1) as string;
      damage(old.file(`${METADATA}/${name}`));
      await old.isRefused(`${METADATA}/${name}`, what);
    },
  );

  test(
    'all snapshots of the metadata, gone: refused, and the one that it needs is named',
    { timeout: 60_000 },
    async () => {
      old.damaged(() => undefined);
      const snapshots = names(old.file(METADATA), /\.checkpoint$/);
      for (const name of snapshots) remove(old.file(`${METADATA}/${name}`));
      const needed = `${METADATA}/${(snapshots[0] as string).slice(0, 20)}-*.checkpoint`;
      await old.isRefused(needed, /it is missing, and the log begins at offset/);
    },
  );

  test('an older snapshot of the metadata, gone: the newer one has all', { timeout: 60_000 }, async () => {
    old.damaged(() => undefined);
    const snapshots = names(old.file(METADATA), /\.checkpoint$/);
    for (const name of snapshots.slice(0, -1)) remove(old.file(`${METADATA}/${name}`));
    await old.start();
    expect(await old.kraft('topics', '--list')).toBe('orders\ntopic-0\ntopic-1\ntopic-2\n');
    await old.folder.kraft(['server-stop']);
  });
});
