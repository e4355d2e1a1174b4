import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createDockerBackend, type DockerBackend } from './docker-backend.ts';
import { connectEngine } from './engine.ts';
import { LINE_NODE_PORT, startLineNode } from './testing/line-node.ts';
import { dockerRequirement } from './testing/require-docker.ts';
import { thingsOf } from './testing/things-of.ts';

const docker = await dockerRequirement();

describe.skipIf(docker.skip)(`limits of a container${docker.note}`, () => {
  let backend: DockerBackend;

  beforeAll(async () => {
    backend = await createDockerBackend({ runId: 'limits', nodes: ['n1'], ports: [LINE_NODE_PORT] });
    await backend.prepare();
  });

  afterAll(async () => {
    await backend.close();
    expect(await thingsOf(backend.runName)).toEqual([]);
  });

  afterEach(async () => {
    await backend.unlimit('n1');
    await backend.remove('n1');
  });

  test('a tenth of a processor does a fraction of the work, until the limit is taken off', async () => {
    const node = await startLineNode(backend, 'n1');
    await node.ask('burn 100');
    const free = Number(await node.ask('burn 400'));
    await backend.limit('n1', { cpus: 0.1 });
    const limited = Number(await node.ask('burn 1500'));
    expect(limited / 1500).toBeLessThan((free / 400) * 0.5);
    const { periodsThrottled = 0 } = await backend.unlimit('n1');
    expect(periodsThrottled).toBeGreaterThan(3);
    const again = Number(await node.ask('burn 400'));
    expect(again / 400).toBeGreaterThan((limited / 1500) * 2);
    expect(await backend.unlimit('n1')).toEqual({ periodsThrottled: 0, memoryLimitHits: 0 });
  });

  test('who needs more memory than it may have runs out of it, also after a restart', async () => {
    const node = await startLineNode(backend, 'n1');
    await backend.limit('n1', { memoryBytes: 100 * 2 ** 20 });
    node.process.write('fill 400\n');
    expect(await node.process.exited).toEqual({ description: 'ran out of memory' });
    const again = await startLineNode(backend, 'n1');
    again.process.write('fill 400\n');
    expect(await again.process.exited).toEqual({ description: 'ran out of memory' });
    const { memoryLimitHits = 0 } = await backend.unlimit('n1');
    expect(memoryLimitHits).toBeGreaterThan(0);
    const free = await startLineNode(backend, 'n1');
    expect(await free.ask('fill 400')).toBe('filled');
  });

  test('less memory than is in use leaves what is in use, and no more', async () => {
    const node = await startLineNode(backend, 'n1');
    await node.ask('fill 200');
    await backend.limit('n1', { memoryBytes: 50 * 2 ** 20 });
    node.process.write('fill 400\n');
    expect(await node.process.exited).toEqual({ description: 'ran out of memory' });
    expect((await backend.unlimit('n1'))['memoryLimitHits']).toBeGreaterThan(0);
  });

  test('a limit that is impossible fails in one line', async () => {
    await startLineNode(backend, 'n1');
    await expect(backend.limit('n1', { memoryBytes: 1 })).rejects.toThrow(/^cannot limit n1: .*memory/i);
  });
});

/** Of Debian's package, which the image takes along where it is installed. */
const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

describe.skipIf(docker.skip || !existsSync(LIBRARY))(`clocks of a container${docker.note}`, () => {
  let backend: DockerBackend;

  beforeAll(async () => {
    backend = await createDockerBackend({
      runId: 'clocks',
      nodes: ['n1', 'n2'],
      ports: [LINE_NODE_PORT],
      faketimeLibrary: LIBRARY,
    });
    await backend.prepare();
  });

  afterAll(async () => {
    await backend.close();
    expect(await thingsOf(backend.runName)).toEqual([]);
  });

  test('jump and drift and are true again, one node’s alone', async () => {
    const clocks = backend.clocks;
    if (clocks === undefined) throw new Error('it has no clocks');
    let node = await startLineNode(backend, 'n1');
    const other = await startLineNode(backend, 'n2');
    const skewMs = async (of: typeof node): Promise<number> => Number(await of.ask('now')) - Date.now();
    expect(Math.abs(await skewMs(node))).toBeLessThan(200);
    expect(await clocks.reset('n1')).toEqual({ clockReads: 0 });

    await clocks.set('n1', { offsetMs: 60_000, rate: 1 });
    expect(await skewMs(node)).toBeCloseTo(60_000, -3);
    await clocks.set('n1', { offsetMs: -60_000, rate: 1 });
    expect(await skewMs(node)).toBeCloseTo(-60_000, -3);
    expect(Math.abs(await skewMs(other))).toBeLessThan(200);

    // From now on, and not from when it started, it runs four times as fast.
    await clocks.set('n1', { offsetMs: 0, rate: 4 });
    expect(Math.abs(await skewMs(node))).toBeLessThan(700);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const drifted = await skewMs(node);
    expect(drifted).toBeGreaterThan(2500);
    expect(drifted).toBeLessThan(4500);

    // The machine's clock is wrong, not the process's: a restart does not mend it.
    await node.process.kill();
    node = await startLineNode(backend, 'n1');
    expect(await skewMs(node)).toBeGreaterThan(drifted);

    const observed = await clocks.reset('n1');
    expect(observed['clockReads']).toBeGreaterThanOrEqual(1);
    expect(observed['clockSkewMs']).toBeGreaterThan(2500);
    expect(Math.abs(await skewMs(node))).toBeLessThan(200);
    await other.process.kill();
  });

  test('a program that the library does not reach has read no clock', async () => {
    const node = await startLineNode(backend, 'n2', { environment: { LD_PRELOAD: '' } });
    await backend.clocks?.set('n2', { offsetMs: 60_000, rate: 1 });
    expect(Math.abs(Number(await node.ask('now')) - Date.now())).toBeLessThan(200);
    expect(await backend.clocks?.reset('n2')).toMatchObject({ clockReads: 0 });
  });
});

describe.skipIf(docker.skip)(`images of others${docker.note}`, () => {
  const IMAGE = 'shaketable-test:server';
  let backend: DockerBackend;

  beforeAll(async () => {
    backend = await createDockerBackend({
      runId: 'server',
      nodes: ['n1', 'n2'],
      ports: [LINE_NODE_PORT],
      dataDirectory: '/var/lib/server',
    });
    await backend.prepare();
    // An image with an entrypoint and a user of its own, on what there is without a registry.
    const { docker: engine } = await connectEngine();
    const { writeTar } = await import('./tar.ts');
    const { imageTag } = await import('./image/recipe.ts');
    const dockerfile = `FROM ${imageTag()}\nUSER 65534\nENTRYPOINT ["sh", "-c", "echo $0 $GREETING; cat /shaketable/conf; echo kept > /var/lib/server/log; exec sleep 1000"]\nCMD ["own command"]\n`;
    const stream = await engine.buildImage(
      Readable.from(writeTar([{ kind: 'file', path: 'Dockerfile', content: Buffer.from(dockerfile) }])),
      { t: IMAGE, forcerm: true },
    );
    for await (const _ of stream);
  });

  afterAll(async () => {
    await backend.close();
    expect(await thingsOf(backend.runName)).toEqual([]);
    const { docker: engine } = await connectEngine();
    await engine.getImage(IMAGE).remove({ force: true });
  });

  test('run their own command, or ours through their entrypoint, as their own user, with files and environment', async () => {
    const output: Record<string, string> = { n1: '', n2: '' };
    const launch = (node: string, command: string[]) =>
      backend.start({
        node,
        command,
        image: IMAGE,
        environment: { GREETING: `for ${node}` },
        files: { conf: 'configured\n' },
        onOutput: (bytes) => (output[node] += Buffer.from(bytes).toString()),
        onError: (bytes) => (output[node] += Buffer.from(bytes).toString()),
      });
    const processes = await Promise.all([launch('n1', []), launch('n2', ['serve'])]);
    await expect
      .poll(() => output, { timeout: 5000 })
      .toEqual({
        n1: 'own command for n1\nconfigured\n',
        n2: 'serve for n2\nconfigured\n',
      });
    await Promise.all(processes.map((process) => process.kill()));
  });

  test('that are neither here nor to be had are named', async () => {
    await expect(
      backend.start({
        node: 'n1',
        command: [],
        image: 'registry.invalid/no-such-server:1',
        environment: {},
        files: {},
        onOutput: () => undefined,
        onError: () => undefined,
      }),
    ).rejects.toThrow(/^the image registry.invalid\/no-such-server:1 is not there and cannot be pulled: /);
  });
});
