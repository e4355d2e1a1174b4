import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Command } from 'commander';
import { addCleanCommand } from '../../cli/clean.ts';
import type { ScreenOutput } from '../../cli/output.ts';
import { findRuns } from './clean.ts';
import { createDockerBackend, type DockerBackend } from './docker-backend.ts';
import { connectEngine } from './engine.ts';
import { LABEL } from './labels.ts';
import { LINE_NODE_PORT, startLineNode } from './testing/line-node.ts';
import { dockerRequirement } from './testing/require-docker.ts';
import { thingsOf } from './testing/things-of.ts';

const docker = await dockerRequirement();

async function clean(...options: string[]): Promise<{ printed: string; noted: string; exitCode: number }> {
  const printed: string[] = [];
  const noted: string[] = [];
  const output: ScreenOutput = {
    isTerminal: false,
    print: (text) => printed.push(text),
    note: (text) => noted.push(text),
    live: () => undefined,
    liveLines: () => undefined,
  };
  let exitCode = -1;
  const program = new Command();
  addCleanCommand(program, { output, finish: (code) => (exitCode = code) });
  await program.parseAsync(['clean', ...options], { from: 'user' });
  return { printed: printed.join('\n'), noted: noted.join('\n'), exitCode };
}

describe.skipIf(docker.skip)(`what stays in Docker${docker.note}`, () => {
  const open: DockerBackend[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((backend) => backend.close()));
  });

  const prepared = async (runId: string, nodes: string[]): Promise<DockerBackend> => {
    const backend = await createDockerBackend({ runId, nodes, ports: [LINE_NODE_PORT] });
    open.push(backend);
    await backend.prepare();
    return backend;
  };

  test('two runs at once, of the same name, do not disturb each other', async () => {
    const [one, two] = await Promise.all([prepared('same', ['n1', 'n2']), prepared('same', ['n1', 'n2'])]);
    const nodes = await Promise.all([
      startLineNode(one, 'n1'),
      startLineNode(two, 'n1'),
      startLineNode(two, 'n2'),
    ]);
    expect(one.locate('n1', LINE_NODE_PORT)).not.toEqual(two.locate('n1', LINE_NODE_PORT));
    await one.network.cut('n1', 'n2');
    expect(await nodes[2].ask(`connect n1 ${LINE_NODE_PORT} 400`)).toBe('connected');
    await one.close();
    expect(await thingsOf(one.runName)).toEqual([]);
    expect(await nodes[2].ask(`connect n1 ${LINE_NODE_PORT} 400`)).toBe('connected');
  });

  test('closing in the middle of starts waits for them, and nothing stays', async () => {
    const backend = await prepared('hasty', ['n1', 'n2']);
    const starts = ['n1', 'n2'].map((name) => startLineNode(backend, name).catch(() => undefined));
    await backend.close();
    await expect(startLineNode(backend, 'n1')).rejects.toThrow('the cluster is closed');
    expect(await thingsOf(backend.runName)).toEqual([]);
    void starts;
  });

  test('after a prepare that failed in the middle nothing stays', async () => {
    // The second name is taken already, as far as Docker is concerned.
    const backend = await createDockerBackend({
      runId: 'half',
      nodes: ['n1', 'n-1', 'n:1'],
      ports: [LINE_NODE_PORT],
    });
    await expect(backend.prepare()).rejects.toThrow(/cannot start the sandbox of n.1 .*in use/);
    expect(await thingsOf(backend.runName)).not.toEqual([]);
    await backend.close();
    expect(await thingsOf(backend.runName)).toEqual([]);
  });

  test('a harness that was killed leaves stopped containers, which clean removes, and not those of live runs', async () => {
    const live = await prepared('live', ['n1']);
    const script = `
      import { createDockerBackend } from ${JSON.stringify(join(import.meta.dirname, 'docker-backend.ts'))};
      import { startLineNode } from ${JSON.stringify(join(import.meta.dirname, 'testing/line-node.ts'))};
      const backend = await createDockerBackend({ runId: 'crashed', nodes: ['n1', 'n2'], ports: [${LINE_NODE_PORT}] });
      await backend.prepare();
      await Promise.all(['n1', 'n2'].map((name) => startLineNode(backend, name)));
      console.log(backend.runName);
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const name = await new Promise<string>((resolve) =>
      child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString().trim())),
    );
    const early = await clean();
    expect(early.noted).toContain(`left: run ${name} (4 containers, 1 network, 2 volumes): its harness runs`);
    const died = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await died;

    const { docker: engine } = await connectEngine();
    const running = async (): Promise<number> =>
      (await engine.listContainers({ filters: { label: [`${LABEL.run}=${name}`] } })).length;
    await expect.poll(running, { timeout: 10_000 }).toBe(0);

    const dry = await clean('--dry-run');
    expect(dry.printed).toContain(`would remove: run ${name} (4 containers, 1 network, 2 volumes)`);
    expect(await thingsOf(name)).toHaveLength(7);
    const { printed, noted, exitCode } = await clean();
    expect(printed).toContain(`removed: run ${name} (4 containers, 1 network, 2 volumes)`);
    expect(printed).toContain(`  shaketable-${name}-n1-sandbox`);
    expect(noted).toContain(`left: run ${live.runName}`);
    expect(exitCode).toBe(0);
    expect(await thingsOf(name)).toEqual([]);
    expect(await thingsOf(live.runName)).toHaveLength(3);
    expect((await clean()).printed).toBe('');
  });

  test('runs of other hosts are left, until they are a day old and all is asked for', async () => {
    const engine = await connectEngine();
    const volume = `shaketable-test-elsewhere-${process.pid}`;
    await engine.docker.createVolume({
      Name: volume,
      Labels: { [LABEL.run]: volume, [LABEL.host]: 'another-host', [LABEL.pid]: '1' },
    });
    try {
      const [found] = (await findRuns(engine, Date.now() + 25 * 60 * 60 * 1000)).filter(
        ({ name }) => name === volume,
      );
      expect(found).toMatchObject({ harness: 'elsewhere', host: 'another-host', volumes: [volume] });
      expect(found?.ageMs).toBeGreaterThan(24 * 60 * 60 * 1000);
      expect((await clean('--all')).noted).toContain(
        `left: run ${volume} (1 volume): a run of another-host, less than a day old`,
      );
    } finally {
      await engine.docker.getVolume(volume).remove();
    }
  });
});
