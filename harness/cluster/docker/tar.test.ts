import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readTar, writeTar, type TarEntry } from './tar.ts';

const folders: string[] = [];
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'tar-'));
  folders.push(path);
  return path;
};

afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true });
});

const LONG = `${'deep/'.repeat(30)}file`;
const ENTRIES: TarEntry[] = [
  { kind: 'folder', path: 'bin', mode: 0o755 },
  { kind: 'file', path: 'bin/run', content: Buffer.from('#!/bin/sh\n'), mode: 0o755 },
  { kind: 'file', path: 'empty', content: Buffer.alloc(0), mode: 0o644 },
  { kind: 'file', path: 'block', content: Buffer.alloc(512, 'x'), mode: 0o600 },
  { kind: 'link', path: 'link', target: 'bin/run' },
  { kind: 'link', path: 'long-link', target: LONG },
  { kind: 'file', path: LONG, content: Buffer.from('deep'), mode: 0o644 },
];

describe('archives', () => {
  test('are read as they were written', () => {
    expect([...readTar(Buffer.concat([...writeTar(ENTRIES)]))]).toEqual(ENTRIES);
  });

  test('are what tar understands', () => {
    const into = folder();
    execFileSync('tar', ['-x', '-f', '-', '-C', into], { input: Buffer.concat([...writeTar(ENTRIES)]) });
    expect(readFileSync(join(into, LONG), 'utf8')).toBe('deep');
    expect(readlinkSync(join(into, 'long-link'))).toBe(LONG);
    expect(statSync(join(into, 'bin/run')).mode & 0o777).toBe(0o755);
  });

  test.each(['ustar', 'gnu', 'posix'])('of tar in format %s are understood', (format) => {
    const from = folder();
    mkdirSync(join(from, 'deep/'.repeat(30)), { recursive: true });
    writeFileSync(join(from, LONG), 'deep');
    writeFileSync(join(from, 'ü'), 'umlaut');
    symlinkSync('ü', join(from, 'link'));
    const archive = execFileSync('tar', ['-c', `--format=${format}`, '-f', '-', '.'], { cwd: from });
    const entries = [...readTar(archive)];
    const contents = Object.fromEntries(
      entries.flatMap((entry) => (entry.kind === 'file' ? [[entry.path, entry.content.toString()]] : [])),
    );
    expect(contents).toEqual({ [`./${LONG}`]: 'deep', './ü': 'umlaut' });
    expect(entries).toContainEqual({ kind: 'link', path: './link', target: 'ü' });
  });

  test('that are cut off, or are none, are refused', () => {
    const whole = Buffer.concat([...writeTar(ENTRIES)]);
    expect(() => [...readTar(whole.subarray(0, 1100))]).toThrow('cut off');
    expect(() => [...readTar(Buffer.from('no archive '.repeat(100)))]).toThrow('no tar archive');
  });
});
