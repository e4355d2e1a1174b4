/** Runs in child processes as a user starts them: what they leave, how they end, and what a mistake looks like. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Operation } from '../history/operation.ts';
import type { TraceRecord } from '../history/trace.ts';
import {
  commandIn,
  onlyRunIn,
  readJson,
  readRecords,
  startCommand,
  temporaryFolder,
} from './testing/command.ts';

const RUN = ['run', 'raft', 'register', '--cluster', 'process', '--nodes', '3', '--quiet', '1'];

/** Processes whose command line names the folder: nodes run their bundle from there. */
function processesOf(folder: string): string[] {
  return execFileSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(folder) && line.includes('node.mjs'));
}

async function untilGone(folder: string): Promise<void> {
  for (let i = 0; i < 100 && processesOf(folder).length > 0; i++) await delay(50);
  expect(processesOf(folder)).toEqual([]);
}

const allProcesses = (): string => execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' });

/** Until the run's history has so many records. */
async function untilRecorded(folder: string, records: number): Promise<string> {
  for (let i = 0; i < 300; i++) {
    await delay(100);
    const results = join(folder, 'results/runs');
    if (!existsSync(results)) continue;
    const history = join(onlyRunIn(results), 'history.jsonl');
    if (existsSync(history) && readFileSync(history, 'utf8').split('\n').length > records)
      return onlyRunIn(results);
  }
  throw new Error('nothing was recorded');
}

/** A system of one node that a shell command is; never ready unless it says so. */
function writeSystem(folder: string, server: string): string {
  const path = join(folder, 'own-system.mjs');
  writeFileSync(
    path,
    `export default {
      name: 'own', summary: 'of a test', defaultNodes: 2, functions: ['read', 'write', 'cas'],
      options: [], errors: [], bugs: [], clientPort: 7000, server: ${server},
      openClient: async () => ({ invoke: async () => ({ type: 'fail' }), close() {} }),
    };`,
  );
  return './own-system.mjs';
}

describe('a run in child processes', () => {
  it('is judged like any other, and leaves its record, logs and data, and no process', async () => {
    const folder = temporaryFolder();
    const { exitCode, stdout } = await commandIn(folder)(
      ...RUN,
      '--time-limit',
      '5',
      '--nemesis',
      'kill,partition',
      '--nemesis-interval',
      '1',
    );
    expect([exitCode, stdout.split(' ')[0]]).toEqual([0, 'VALID']);
    expect(stdout).toMatch(/cluster process, 3 *\n? *nodes/);
    expect(stdout).toMatch(/again +npx shaketable run raft register --cluster process .*--seed \d+/);
    expect(stdout).toMatch(/processesKilled \d/);
    const run = onlyRunIn(join(folder, 'results/runs'));
    expect(readJson(run, 'test.json')).toMatchObject({ cluster: 'process', readyTimeoutS: 60 });
    expect(existsSync(join(run, 'plan.json'))).toBe(false);
    expect(readRecords<Operation>(run, 'history.jsonl').length).toBeGreaterThan(200);
    const trace = readRecords<TraceRecord>(run, 'trace.jsonl');
    expect(trace.some(({ event }) => event.kind === 'role' && event.role === 'leader')).toBe(true);
    expect(trace.filter(({ event }) => event.kind === 'stop').length).toBeGreaterThan(3);
    expect(readFileSync(join(run, 'nodes/n1/node.log'), 'utf8')).toMatch(/started in term 0/);
    expect(readdirSync(join(run, 'nodes/n1/data')).join()).toMatch(/wal-/);
    await untilGone(folder);
    // Judged again, it is the same; replayed, it is not.
    const again = await commandIn(folder)('check', run);
    expect(again.exitCode).toBe(0);
    const replayed = await commandIn(folder)('replay', run);
    expect([replayed.exitCode, replayed.stderr]).toEqual([
      64,
      expect.stringMatching(/only simulated runs replay/),
    ]);
  });

  it('two at once do not disturb each other', async () => {
    const folders = [temporaryFolder(), temporaryFolder()];
    const ended = await Promise.all(
      folders.map((folder) =>
        // Some faults of several take effect, however busy the machine is: a verdict on none would be unknown.
        commandIn(folder)(...RUN, '--time-limit', '6', '--nemesis', 'pause', '--nemesis-interval', '1'),
      ),
    );
    for (const { exitCode, stdout, stderr } of ended) expect(exitCode, stdout + stderr).toBe(0);
    for (const folder of folders) await untilGone(folder);
  });

  it('Ctrl-C ends it in order, and it is judged', async () => {
    const folder = temporaryFolder();
    const { child, ended } = startCommand(
      [...RUN, '--time-limit', '60', '--nemesis', 'pause', '--nemesis-interval', '1'],
      folder,
    );
    await untilRecorded(folder, 300);
    child.kill('SIGINT');
    const { exitCode, stdout } = await ended;
    expect([0, 2]).toContain(exitCode);
    expect(stdout).toMatch(/The run was interrupted/);
    await untilGone(folder);
  });

  it('kill -9 of the harness takes all nodes with it, stopped ones too; what was recorded is judged', async () => {
    const folder = temporaryFolder();
    const { child, ended } = startCommand(
      [...RUN, '--time-limit', '60', '--nemesis', 'pause-all', '--nemesis-interval', '4'],
      folder,
    );
    const run = await untilRecorded(folder, 100);
    for (let i = 0; i < 300 && !processesOf(folder).some((line) => /^ *\d+ T/.test(line)); i++)
      await delay(50);
    expect(processesOf(folder).filter((line) => /^ *\d+ T/.test(line)).length).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await ended;
    await untilGone(folder);
    const { exitCode, stdout } = await commandIn(folder)('check', run);
    expect([0, 2]).toContain(exitCode);
    expect(stdout).toMatch(/was cut off/);
  });
});

describe('a mistake', () => {
  it('a node that dies as it starts: its last lines, and nothing is left', async () => {
    const folder = temporaryFolder();
    const system = writeSystem(
      folder,
      `{ executable: 'sh', arguments: () => ['-c', 'echo cannot bind; exit 3'] }`,
    );
    const { exitCode, stderr } = await commandIn(folder)('run', system, 'register', '--time-limit', '1');
    expect(exitCode).toBe(70);
    expect(stderr).toMatch(/n\d died as it started: it exited with code 3; its last lines:\n +cannot bind\n/);
    expect(stderr).toMatch(/what was recorded is in results/);
  });

  it('a node that never gets ready: what was waited for', async () => {
    const folder = temporaryFolder();
    const system = writeSystem(
      folder,
      `{ executable: 'sh', arguments: () => ['-c', 'echo busy; exec sleep 987'] }`,
    );
    const { exitCode, stderr } = await commandIn(folder)('run', system, 'register', '--ready-timeout', '1');
    expect(exitCode).toBe(70);
    expect(stderr).toMatch(/n\d was not ready within 1 s: it runs, and does not answer on its port/);
    expect(stderr).toMatch(/busy/);
    expect(allProcesses()).not.toMatch(/sleep 987/);
  });

  it('Ctrl-C while nodes are starting ends them, and nothing is judged', async () => {
    const folder = temporaryFolder();
    const system = writeSystem(
      folder,
      `{ executable: 'sh', arguments: () => ['-c', 'exec sleep 986'], isReady: () => new Promise(() => {}) }`,
    );
    const { child, ended } = startCommand(['run', system, 'register', '--ready-timeout', '40'], folder);
    for (let i = 0; i < 200 && !/sleep 986/.test(allProcesses()); i++) await delay(50);
    child.kill('SIGINT');
    const { exitCode, stderr } = await ended;
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(/interrupted while the nodes were starting/),
    ]);
    expect(allProcesses()).not.toMatch(/sleep 986/);
  });

  it('a server whose child left its group and holds its output ends nevertheless; its crash is seen', async () => {
    const folder = temporaryFolder();
    const system = writeSystem(
      folder,
      `{
        executable: 'sh', isReady: async () => true,
        arguments: () => ['-c', 'setsid sleep 985 & echo boom; sleep 2; exit 9'],
      }`,
    );
    const { exitCode } = await commandIn(folder)(
      'run',
      system,
      'register',
      '--time-limit',
      '4',
      '--quiet',
      '0',
    );
    expect(exitCode).toBe(2);
    const run = onlyRunIn(join(folder, 'results/runs'));
    const stops = readRecords<TraceRecord>(run, 'trace.jsonl').flatMap(({ event }) =>
      event.kind === 'stop' ? event : [],
    );
    expect(stops).toEqual([
      { kind: 'stop', by: 'node', reason: 'exited with code 9' },
      { kind: 'stop', by: 'node', reason: 'exited with code 9' },
    ]);
    execFileSync('pkill', ['-f', 'sleep 985']);
  });

  it('a command that is not installed', async () => {
    const folder = temporaryFolder();
    const system = writeSystem(folder, `{ executable: 'no-such-server' }`);
    const { exitCode, stderr } = await commandIn(folder)('run', system, 'register');
    expect([exitCode, stderr]).toEqual([
      70,
      expect.stringMatching(/cannot start n\d: no-such-server is not installed, or not in the PATH/),
    ]);
  });

  it('what a cluster cannot do is refused before anything starts', async () => {
    const folder = temporaryFolder();
    const shaketable = commandIn(folder);
    const system = writeSystem(folder, `{ executable: 'sleep', arguments: () => ['9'] }`);
    const refused = async (...args: readonly string[]) => {
      const { exitCode, stderr } = await shaketable('run', ...args);
      expect(exitCode).toBe(64);
      return stderr.trim();
    };
    expect(await refused(system, 'register', '--cluster', 'sim')).toBe(
      'shaketable: own does not run in the sim cluster: use --cluster process',
    );
    expect(await refused(system, 'register', '--nemesis', 'partition')).toBe(
      'shaketable: nemesis partition needs cut, which the process cluster cannot do: no cluster can',
    );
    expect(await refused('raft', 'register', '--cluster', 'process', '--nemesis', 'cpu-limit')).toBe(
      'shaketable: nemesis cpu-limit needs limit-cpu, which the process cluster cannot do: use --cluster docker',
    );
    expect(await refused('raft', 'register', '--cluster', 'process', '--verify-determinism')).toMatch(
      /only simulated runs/,
    );
    expect(await refused('raft', 'register', '--image', 'x')).toMatch(/--cluster docker/);
    expect(existsSync(join(folder, 'results'))).toBe(false);
  });
});

it('without an engine a run in containers is refused in one line, and leaves nothing', async () => {
  const folder = temporaryFolder();
  const { child, ended } = startCommand(['run', 'raft', 'register', '--cluster', 'docker'], folder, {
    DOCKER_HOST: `unix://${folder}/no-engine.sock`,
  });
  expect(child.pid).toBeDefined();
  const { exitCode, stderr } = await ended;
  expect(exitCode).toBe(70);
  expect(stderr).toMatch(/^shaketable: cannot reach Docker at unix:\/\/\S+no-engine.sock: .*\n$/);
  expect(existsSync(join(folder, 'results'))).toBe(false);
});
