import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing/command.ts';
import { packRun, unpackRun } from './archive.ts';

const folder = temporaryFolder();

it('brings a run back as it was, over what is there', () => {
  const run = join(folder, 'run');
  mkdirSync(join(run, 'nodes', 'n1'), { recursive: true });
  writeFileSync(join(run, 'test.json'), '{}');
  writeFileSync(join(run, 'nodes', 'n1', 'node.log'), 'a line\n');
  const zip = packRun(run, 10_000);
  const target = join(folder, 'runs', 'raft-register', 'x');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'half'), '');
  unpackRun(zip ?? Buffer.alloc(0), target);
  expect(readFileSync(join(target, 'nodes', 'n1', 'node.log'), 'utf8')).toBe('a line\n');
  expect(existsSync(join(target, 'half'))).toBe(false);
  expect(existsSync(`${target}.partial`)).toBe(false);
});

it('refuses what is too large', () => {
  expect(packRun(join(folder, 'run'), 100)).toBeNull();
});

it.each(['../../out.txt', '/tmp/shaketable-out.txt', 'a/../../../out.txt'])(
  'writes nothing elsewhere: %s',
  (name) => {
    const target = join(folder, 'deep', 'er', 'x');
    expect(() => unpackRun(zipSync({ [name]: new Uint8Array(1) }), target)).toThrow(/outside of the run/);
    expect(existsSync(join(folder, 'out.txt'))).toBe(false);
    expect(existsSync(target)).toBe(false);
  },
);
