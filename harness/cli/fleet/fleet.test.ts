/** Sweeps by a real Redis, with workers that are processes of their own, and that die. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { zipSync } from 'fflate';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FolderLock } from '../../../results/folder-lock.ts';
import { randomStream } from '../../random.ts';
import { parseLedger } from '../../sweep/ledger.ts';
import { cell, header, record } from '../../sweep/testing/samples.ts';
import { type Ended, type Shaketable, startCommand, type Started, temporaryFolder } from '../testing/command.ts'; // prettier-ignore
import { freePort, type OwnRedis, redisRequirement, startRedis } from '../testing/redis.ts';
import { FleetStore } from './store.ts';

const needed = redisRequirement();
/** Also of a machine that has other things to do. */
const PATIENCE_MS = 280_000;
const POLL_MS = 20;

describe.skipIf(needed.skip)(`a fleet${needed.note}`, { timeout: 600_000 }, () => {
  const folder = temporaryFolder();
  const run: Shaketable = (...args) => startCommand(args, folder, {}, PATIENCE_MS).ended;
  let redis: OwnRedis;
  /** With its Redis. */
  const fleet: Shaketable = (command = '', ...args) => run('fleet', command, ...args, '--redis', redis.url);
  let workers: Started[] = [];

  beforeAll(async () => {
    redis = await startRedis(folder);
  });
  afterEach(async () => {
    for (const { child, ended } of workers) {
      child.kill('SIGKILL');
      await ended.catch(() => undefined);
    }
    workers = [];
    await redis.client.flushall();
  });
  afterAll(() => redis.stop());

  /** In a place of its own, as on another machine. */
  function startWorker(...args: readonly string[]): Started {
    const place = join(folder, `machine-${workers.length}`);
    mkdirSync(place, { recursive: true });
    const worker = startCommand(
      ['fleet', 'worker', '--redis', redis.url, '--concurrency', '1', '--lost-after', '2', ...args],
      place,
      {},
      PATIENCE_MS,
    );
    worker.ended.catch(() => undefined);
    workers.push(worker);
    return worker;
  }

  async function submit(name: string, matrix: string, ...args: readonly string[]): Promise<string> {
    const head = `name: ${name}\ndefaults: { seeds: 6, time-limit: 1, quiet: 0.5, nemesis-interval: 0.5 }\n`;
    writeFileSync(join(folder, `${name}.yaml`), `${head}matrix:\n${matrix}`);
    const { exitCode, stdout, stderr } = await fleet('submit', `${name}.yaml`, ...args);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('for workers of') as string }); // prettier-ignore
    return stdout.trim();
  }

  const recorded = (id: string): Promise<number> => redis.client.hlen(`shaketable:done:${id}`);
  async function untilRecorded(id: string, count: number): Promise<void> {
    while ((await recorded(id)) < count) await delay(POLL_MS);
  }
  const recordsIn = (sweep: string) =>
    parseLedger(readFileSync(join(folder, sweep, 'sweep.jsonl'), 'utf8'), 'sweep.jsonl').records;
  const namesIn = (sweep: string): readonly string[] =>
    recordsIn(sweep).map(({ cell, seed }) => `${cell} ${seed}`);
  const collect = async (id: string, ...args: readonly string[]): Promise<Ended> => {
    const { child, ended } = startCommand(
      ['fleet', 'collect', id, '--redis', redis.url, ...args],
      folder,
      {},
      PATIENCE_MS,
    );
    workers.push({ child, ended });
    return ended;
  };

  const GOOD = '  - { system: raft, workload: [register, append], nemesis: kill }\n';
  const BUG =
    "  - { system: raft, workload: register, nemesis: 'partition,kill', nemesis-interval: 1, bug: ack-before-commit, time-limit: 8, seeds: 8, expect: invalid }\n";

  it('judges each seed once, whichever workers are killed at whatever moment', async () => {
    const id = await submit('killed', GOOD + BUG, '--range', '3');
    const random = randomStream(11, 'kill');
    startWorker();
    for (let round = 1; round <= 3; round++) {
      const victim = startWorker();
      // In the middle of a job, as a rule of a seed, too.
      await untilRecorded(id, 2 * round);
      await delay(random.integer(0, 300));
      victim.child.kill('SIGKILL');
      await victim.ended;
    }
    const { exitCode, stdout } = await collect(id, '--wait');
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    const sweep = join('results/sweeps', id);
    const names = namesIn(sweep);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !name.includes('ack-before-commit'))).toHaveLength(12);
    expect(readdirSync(join(folder, sweep)).sort()).toEqual(['index.html', 'junit.xml', 'runs', 'summary.json', 'summary.md', 'sweep.jsonl', 'sweep.lock']); // prettier-ignore
    // The run came through Redis, and its command is of this place.
    const found = recordsIn(sweep).find(({ outcome }) => outcome === 'invalid');
    expect(found?.again).toBe(`npx shaketable replay ${join(sweep, found?.directory ?? '')}`);
    expect((await run('replay', join(sweep, found?.directory ?? ''))).exitCode).toBe(1);
    // Once more brings nothing new.
    expect(await collect(id)).toMatchObject({ exitCode: 0 });
    expect(namesIn(sweep)).toEqual(names);
  });

  it('loses nothing when workers end by Ctrl-C, and says how far it is', async () => {
    const id = await submit('stopped', GOOD, '--range', '6');
    const first = startWorker();
    await untilRecorded(id, 1);
    first.child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await first.ended;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('seeds in hand are let end') as string }); // prettier-ignore
    const by = await recorded(id);
    expect(stdout).toBe(`${by} seeds judged\n`);
    expect(by).toBeLessThan(12);
    // Its job waits again at once, and not after a while.
    const { jobs, cells } = JSON.parse((await fleet('status', '--json')).stdout) as {
      readonly jobs: unknown;
      readonly cells: readonly { readonly counts: { readonly valid: number } }[];
    };
    expect(jobs).toEqual({ waiting: 2, running: 0, failed: 0 });
    expect(cells.reduce((sum, { counts }) => sum + counts.valid, 0)).toBe(by);
    expect(await collect(id)).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('unfinished') as string }); // prettier-ignore
    // What workers that were killed left at two machines; at the second, another one lives.
    const left = [1, 2].map((machine) => {
      const run = join(folder, `machine-${workers.length + machine - 1}`, 'results/sweeps', id, 'runs/raft-register/left'); // prettier-ignore
      mkdirSync(run, { recursive: true });
      return run;
    }) as [string, string];
    const lock = FolderLock.share(join(left[1], '../../../..', `fleet-${hostname()}.lock`));
    startWorker();
    startWorker();
    expect(await collect(id, '--wait')).toMatchObject({ exitCode: 0 });
    const names = namesIn(join('results/sweeps', id));
    expect([names.length, new Set(names).size]).toEqual([12, 12]);
    expect((await fleet('status')).stdout).toMatch(/12 seeds judged · jobs: 0 waiting, 0 running\n2 workers/);
    expect(left.map((run) => existsSync(run))).toEqual([false, true]);
    lock?.release();
    expect(await fleet('forget', id)).toMatchObject({ exitCode: 0 });
    expect(await redis.client.keys(`shaketable:*:${id}`)).toEqual([]);
  });

  it('keeps runs where all see them, or says how to do them again where they are too large', async () => {
    const failing = BUG.replace(', expect: invalid', '').replace('seeds: 8', 'seeds: 1');
    const shared = await submit('shared', failing);
    const small = startWorker('--results', join(folder, 'shared'));
    expect(await collect(shared, '--wait', '--results', 'shared')).toMatchObject({ exitCode: 1 });
    const [record] = recordsIn(join('shared', shared));
    expect(existsSync(join(folder, 'shared', shared, record?.directory ?? 'x', 'report.html'))).toBe(true);
    expect(await redis.client.exists(`shaketable:runs:${shared}`)).toBe(0);
    small.child.kill('SIGINT');
    await small.ended;

    const large = await submit('large', failing);
    const worker = startWorker('--max-run-mib', '0.001');
    const ended = await collect(large, '--wait');
    expect(ended).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/\n1 runs? stayed with their workers: /) as string }); // prettier-ignore
    expect(recordsIn(join('results/sweeps', large))[0]).toMatchObject({
      directory: null,
      again: expect.stringMatching(/^npx shaketable run raft register .* --seed 1$/) as string,
    });
    worker.child.kill('SIGINT');
    expect((await worker.ended).stderr).toContain('too large for Redis, and left in results/sweeps/');
  });

  it('brings runs that have one name, each to a place of its own, and none out of its folder', async () => {
    const [store, id] = [new FleetStore(redis.client), 'two-machines'];
    const cells = ['a', 'b', 'c'].map((key) => cell(key, { seeds: { first: 1, last: 1 } }));
    await store.create({
      ...{ id, header: header(cells), rangeSeeds: 1 },
      code: { shaketableVersion: '0.1.0', gitRevision: null, project: null },
    });
    const directory = 'runs/raft-register/20261128T030911Z-1';
    for (const [place, { key }] of cells.entries()) {
      const test = JSON.stringify({ commandLine: `shaketable run ${key} --seed 1` });
      const found = {
        outcome: 'invalid',
        directory,
        again: `npx shaketable replay there/${directory}`,
      } as const;
      // The last one names a folder of the user's.
      const named = key === 'c' ? { ...found, directory: '../../../mine' } : found;
      const zip = Buffer.from(zipSync({ 'test.json': Buffer.from(test) }));
      expect(await store.record(id, place, record(key, 1, named), zip)).toBe(true);
    }
    mkdirSync(join(folder, 'mine'));
    writeFileSync(join(folder, 'mine', 'thesis'), '');
    const sweep = join('results/sweeps', id);
    // As a collect that was killed may leave it: the run, and no record.
    mkdirSync(join(folder, sweep, `${directory}-2`), { recursive: true });
    writeFileSync(join(folder, sweep, `${directory}-2`, 'test.json'), '{"commandLine":"shaketable run b --seed 1"}'); // prettier-ignore
    const { exitCode, stderr } = await collect(id);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('1 run left out: their places') as string }); // prettier-ignore
    const records = recordsIn(sweep);
    expect(records).toMatchObject([
      { directory, again: `npx shaketable replay ${sweep}/${directory}` },
      { directory: `${directory}-2`, again: `npx shaketable replay ${sweep}/${directory}-2` },
      { directory: null, again: 'npx shaketable run c --seed 1' },
    ]);
    for (const { cell: key, directory: place } of records.slice(0, 2))
      expect(readFileSync(join(folder, sweep, place ?? '', 'test.json'), 'utf8')).toContain(`run ${key} `);
    expect(readdirSync(join(folder, 'mine'))).toEqual(['thesis']);
    expect(readdirSync(join(folder, sweep, 'runs', 'raft-register'))).toHaveLength(2);
  });

  it('runs cells in real time where a worker says so', async () => {
    const real =
      '  - { system: raft, workload: register, cluster: process, time-limit: 2, quiet: 1, seeds: 1 }\n';
    const id = await submit('real', real);
    startWorker();
    const waiting = collect(id, '--wait');
    const told = await new Promise<string>((resolve) => {
      let text = '';
      workers.at(-1)?.child.stderr?.on('data', (some: string) => {
        text += some;
        if (text.includes('waits for')) resolve(text);
      });
    });
    expect(told).toMatch(/\nwaits for workers of Shaketable \S+.* with --real-time\n/);
    startWorker('--real-time');
    expect(await waiting).toMatchObject({ exitCode: 0 });
    expect(recordsIn(join('results/sweeps', id))).toMatchObject([{ outcome: 'valid', seed: 1 }]);
  });

  it('is done by workers of the same code alone', async () => {
    const id = await submit('other', GOOD);
    const sweep = JSON.parse((await redis.client.get(`shaketable:sweep:${id}`)) ?? '') as { code: object };
    const other = { ...sweep, code: { ...sweep.code, gitRevision: 'another' } };
    await redis.client.set(`shaketable:sweep:${id}`, JSON.stringify(other));
    const [queue] = await redis.client.keys('shaketable:queues:*:wait');
    await redis.client.rename(queue ?? '', (queue ?? '').replace(/(0\.\d+\.\d+)-.*-sim/, '$1-another-sim'));
    const worker = startWorker();
    let told = '';
    worker.child.stderr?.on('data', (text: string) => (told += text));
    while (!told.includes('waits for workers')) await delay(POLL_MS);
    expect(told).toMatch(
      new RegExp(`${id} waits for workers of Shaketable \\S+ \\(another\\): this is another\n`),
    );
    expect(await recorded(id)).toBe(0);
  });

  it('refuses in one line what it cannot do', async () => {
    const closed = `redis://:secret@127.0.0.1:${await freePort()}`;
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [['status'], 64, /^shaketable: name a Redis with --redis redis:\/\/HOST:6379, or in REDIS_URL\n$/],
      [['status', '--redis', 'http://x'], 64, /^shaketable: --redis: wants redis:\/\/.*\n$/],
      [
        ['status', '--redis', closed],
        70,
        /^shaketable: no Redis at redis:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED.*\n$/,
      ],
      [['worker', '--redis', closed], 70, /^shaketable: no Redis at /],
      [
        ['status', '--redis', redis.url],
        64,
        /^shaketable: no sweep was submitted: shaketable fleet submit PLAN\n$/,
      ],
      [['submit', 'none.yaml', '--redis', redis.url], 64, /^shaketable: none\.yaml does not exist\n$/],
      [['worker', '--redis', redis.url, '--concurrency', '0'], 64, /^shaketable: --concurrency 0: wants/],
      [
        ['submit'],
        64,
        /^shaketable: missing required argument 'plan'; see shaketable fleet submit --help\n$/,
      ],
    ];
    for (const [args, exitCode, line] of cases) {
      const { ended } = startCommand(['fleet', ...args], folder, { REDIS_URL: '' }, PATIENCE_MS);
      const { stderr, ...rest } = await ended;
      expect({ ...rest, args }).toEqual({ exitCode, stdout: '', args });
      expect(stderr).toMatch(line);
    }
  });
});
