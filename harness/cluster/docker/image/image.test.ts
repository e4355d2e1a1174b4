import { existsSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { Command } from 'commander';
import { addImageCommand } from '../../../cli/image.ts';
import { connectEngine } from '../engine.ts';
import { dockerRequirement } from '../testing/require-docker.ts';
import { buildImage, ensureImage, hasImage } from './build-image.ts';
import { librariesIn, machineFiles } from './machine-files.ts';
import { dockerfile, imageTag } from './recipe.ts';

const docker = await dockerRequirement();

test('the loader’s list is read, of glibc and musl', () => {
  expect(
    librariesIn(`	linux-vdso.so.1 (0x00007ffd)
	libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f01)
	libgone.so.1 => not found
	/lib64/ld-linux-x86-64.so.2 (0x00007f02)
/usr/bin/script:
	not a dynamic executable`),
  ).toEqual(['/lib/x86_64-linux-gnu/libm.so.6', '/lib64/ld-linux-x86-64.so.2']);
  expect(
    librariesIn(`	/lib/ld-musl-x86_64.so.1 (0x7f5a)
	libc.musl-x86_64.so.1 => /lib/ld-musl-x86_64.so.1 (0x7f5a)`),
  ).toEqual(['/lib/ld-musl-x86_64.so.1', '/lib/ld-musl-x86_64.so.1']);
});

test('a base gets its tools from its own packages, where it has none', () => {
  const text = dockerfile('node:24-slim');
  expect(text).toMatch(/^FROM node:24-slim\n/);
  expect(text).toContain('apt-get install -y --no-install-recommends iptables iproute2');
  expect(text).toContain('apk add --no-cache iptables iproute2');
});

describe.skipIf(docker.skip || process.platform !== 'linux')(`images${docker.note}`, () => {
  const tag = 'shaketable-test:machine';
  const onBase = 'shaketable-test:on-base';
  const ENGINE = connectEngine();

  afterAll(async () => {
    const engine = await ENGINE;
    for (const name of [onBase, tag]) {
      if (await hasImage(engine, name)) await engine.docker.getImage(name).remove();
    }
  });

  test('links to files are kept, and each is there once', async () => {
    const { entries } = await machineFiles();
    const paths = entries.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths).toContain('usr/local/bin/node');
    for (const plugin of ['statistic', 'tcp', 'length']) {
      expect(paths.some((path) => path.endsWith(`/libxt_${plugin}.so`))).toBe(true);
    }
    if (existsSync('/usr/lib/x86_64-linux-gnu/faketime')) {
      expect(paths).toContain('usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1');
    }
    const folders = new Set(entries.flatMap((entry) => (entry.kind === 'folder' ? [entry.path] : [])));
    for (const path of paths.filter((one) => one.includes('/'))) {
      expect(folders, path).toContain(path.slice(0, path.lastIndexOf('/')));
    }
  });

  test('the command makes one from this machine, in which everything runs; another can be made on it', async () => {
    const printed: string[] = [];
    const noted: string[] = [];
    const program = new Command();
    const output = {
      isTerminal: false,
      print: (text: string) => printed.push(text),
      note: (text: string) => noted.push(text),
      live: () => undefined,
      liveLines: () => undefined,
    };
    addImageCommand(program, { output, finish: (code) => expect(code).toBe(0) });
    await program.parseAsync(['image', 'build', '--tag', tag], { from: 'user' });
    expect(printed).toEqual([tag]);
    expect(noted.at(-1)).toMatch(/^\d+ MB in \d+\.\d s$/);

    const engine = await ENGINE;
    // No network, no registry: what it is built on is on this machine, and has the tools.
    await buildImage(engine, { base: tag, tag: onBase, progress: () => undefined });
    for (const image of [tag, onBase]) {
      const container = await engine.docker.createContainer({
        Image: image,
        Cmd: [
          'sh',
          '-c',
          'iptables -A INPUT -m statistic --mode random --probability 0.5 -j DROP && iptables -S INPUT && node -p 6*7',
        ],
        HostConfig: { CapAdd: ['NET_ADMIN'] },
      });
      try {
        await container.start();
        await container.wait();
        const logs = (await container.logs({ stdout: true, stderr: true })).toString();
        expect(logs).toContain('-A INPUT -m statistic');
        expect(logs).toContain('42');
      } finally {
        await container.remove({ force: true });
      }
    }
  });

  test('a run takes the one that is there', async () => {
    const engine = await ENGINE;
    await ensureImage(engine, { progress: () => undefined });
    const lines: string[] = [];
    expect(await ensureImage(engine, { progress: (line) => lines.push(line) })).toBe(imageTag());
    expect(lines).toEqual([]);
  });

  test('a base that is not to be had is named; a wrong machine says what to do', async () => {
    const engine = await ENGINE;
    await expect(
      buildImage(engine, { base: 'registry.invalid/base:1', tag: onBase, progress: () => undefined }),
    ).rejects.toThrow(/^the image registry.invalid\/base:1 is not there and cannot be pulled: /);
    await expect(
      buildImage({ ...engine, architecture: 'riscv64' }, { base: null, tag, progress: () => undefined }),
    ).rejects.toThrow(/^the engine runs on riscv64, this machine is .*: use --base node:24-slim$/);
  });
});
