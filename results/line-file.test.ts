import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LineFile } from './line-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'shaketable-lines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(folder, `file-${++count}`);
const text = (path: string): string => readFileSync(path, 'utf8');
const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('LineFile', () => {
  it('has its head on the disk at once, and all of it when it is closed', () => {
    const path = fresh();
    const file = new LineFile(path, { head: 'header\n' });
    expect(text(path)).toBe('header\n');
    file.append('one\n');
    file.append('twö\n');
    expect(text(path)).toBe('header\n');
    file.close();
    file.close();
    expect(text(path)).toBe('header\none\ntwö\n');
  });

  it('is flushed within a second, though nothing more comes', async () => {
    const path = fresh();
    const file = new LineFile(path);
    file.append('one\n');
    await delay(900);
    expect(text(path)).toBe('one\n');
    file.close();
  });

  it('is flushed when much has come', () => {
    const path = fresh();
    const file = new LineFile(path);
    const line = `${'x'.repeat(999)}\n`;
    for (let i = 0; i < 100; i++) file.append(line);
    expect(text(path).length).toBeGreaterThan(60_000);
    file.close();
    expect(text(path)).toBe(line.repeat(100));
  });

  it('is never ahead of the file that goes ahead of it', () => {
    const [first, second] = [fresh(), fresh()];
    const ahead = new LineFile(first);
    const file = new LineFile(second, { ahead });
    ahead.append('cause\n');
    file.append('effect\n');
    file.flush();
    expect(text(first)).toBe('cause\n');
    expect(text(second)).toBe('effect\n');
    ahead.close();
    file.append('late\n');
    file.close();
    expect(text(second)).toBe('effect\nlate\n');
  });

  it('is flushed when the file that goes ahead of it is full', () => {
    const [first, second] = [fresh(), fresh()];
    const ahead = new LineFile(first);
    const file = new LineFile(second, { ahead });
    file.append('effect\n');
    ahead.append(`${'x'.repeat(70_000)}\n`);
    expect(text(second)).toBe('effect\n');
    file.close();
    ahead.close();
  });

  it('refuses to write over a file, and where there is no folder', () => {
    const path = fresh();
    new LineFile(path, { head: 'mine\n' }).close();
    expect(() => new LineFile(path)).toThrow(/cannot create \S+: EEXIST/);
    expect(text(path)).toBe('mine\n');
    expect(() => new LineFile(join(fresh(), 'deeper'))).toThrow(expect.objectContaining({ code: 'io' }));
  });

  it('is whole when the process exits in the middle, and keeps no process alive', () => {
    const path = fresh();
    const module = JSON.stringify(join(import.meta.dirname, 'line-file.ts'));
    const script = (end: string): string =>
      `const { LineFile } = await import(${module}); const file = new LineFile(process.argv[1]); file.append('one\\n'); ${end}`;
    const run = (end: string, to: string): void =>
      void execFileSync(process.execPath, ['--input-type=module', '-e', script(end), to], {
        timeout: 20_000,
      });
    run('process.exit(0);', path);
    expect(text(path)).toBe('one\n');
    const another = fresh();
    run('', another);
    expect(text(another)).toBe('one\n');
    expect(existsSync(`${another}.partial`)).toBe(false);
  });
});
