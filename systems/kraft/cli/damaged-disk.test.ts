/** A server whose disk was damaged while it was stopped: it does without what it can make anew, or refuses to start and names the file. */
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandFolder } from './testing/command.ts';

const RECORDS = 2000;
const DATA = 'kraft-single';
const SEGMENT = '00000000000000000000.log';
/** Of a machine that cannot do what it was asked. */
const REFUSED = 70;

let folder: CommandFolder;
let at: readonly string[];

beforeAll(async () => {
  folder = new CommandFolder();
  at = await folder.startSingle();
  await folder.kraft(['topics', '--create', '--topic', 'orders', ...at]);
  const input = Array.from({ length: RECORDS }, (_, i) => `record ${i}\n`).join('');
  await folder.kraft(['console-producer', '--topic', 'orders', ...at], { input });
  expect(await folder.kraft(['server-stop'])).toMatchObject({ status: 0 });
  cpSync(folder.file(DATA), folder.file('whole'), { recursive: true });
}, 120_000);
afterAll(() => folder.remove());

/** The disk as it was after the stop, but for this. */
function damaged(damage: (file: (name: string) => string) => void): void {
  rmSync(folder.file(DATA), { recursive: true });
  cpSync(folder.file('whole'), folder.file(DATA), { recursive: true });
  damage((name) => folder.file(`${DATA}/${name}`));
}

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
      /durable up to 2000/,
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
    damaged((file) => damage(file(name)));
    const { status, stdout, stderr } = await folder.kraft(['server-start', 'single.properties']);
    const said = stdout + stderr;
    expect(status, said).toBe(REFUSED);
    const line = said.split('\n').find((each) => each.includes(name) && what.test(each));
    expect(line, said).toBeDefined();
  });
});

test('in the background, too: the command that started it says why', { timeout: 60_000 }, async () => {
  damaged((file) => remove(file(`orders-0/${SEGMENT}`)));
  const { status, stdout, stderr } = await folder.kraft(['server-start', '-daemon', 'single.properties']);
  expect({ status, stdout }).toEqual({ status: REFUSED, stdout: '' });
  expect(stderr).toMatch(/^kraft: .*orders-0\/0{20}\.log.*its log is .*kraft-1\.log\n$/s);
});

test('what follows from the records is made anew: nothing is lost', { timeout: 120_000 }, async () => {
  damaged((file) => {
    for (const name of [
      '00000000000000000000.index',
      '00000000000000000000.timeindex',
      '00000000000000002000.snapshot',
      'leader-epoch-checkpoint',
      'log-checkpoint',
    ])
      overwrite(file(`orders-0/${name}`));
  });
  expect(await folder.kraft(['server-start', '-daemon', 'single.properties'])).toMatchObject({ status: 0 });
  const args = ['console-consumer', '--topic', 'orders', '--from-beginning', '--max-messages', `${RECORDS}`];
  const { stdout } = await folder.kraft([...args, ...at]);
  const lines = stdout.trimEnd().split('\n');
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([RECORDS, 'record 0', `record ${RECORDS - 1}`]);
  await folder.kraft(['server-stop']);
});
