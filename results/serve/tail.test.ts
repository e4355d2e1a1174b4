import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Tail } from './tail.ts';

const folder = mkdtempSync(join(tmpdir(), 'shaketable-tail-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function linesOf(tail: Tail): Promise<readonly string[]> {
  const lines: string[] = [];
  await tail.read((line) => lines.push(line));
  return lines;
}

test('each line once, when it is whole, whatever its letters are made of', async () => {
  const file = join(folder, 'whole');
  const tail = new Tail(file);
  expect(await linesOf(tail)).toEqual([]);
  const bytes = Buffer.from('one\n\nzwölf\n😀\n');
  const seen: string[] = [];
  for (const byte of bytes) {
    appendFileSync(file, Buffer.of(byte));
    seen.push(...(await linesOf(tail)));
  }
  expect(seen).toEqual(['one', 'zwölf', '😀']);
  expect(await tail.read(() => expect.unreachable())).toBe(false);
});

test('of the end of a long file only whole lines', async () => {
  const file = join(folder, 'end');
  writeFileSync(file, Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join(''));
  const tail = new Tail(file, 20);
  expect(await linesOf(tail)).toEqual(['line 98', 'line 99']);
  appendFileSync(file, 'line 100\n');
  expect(await linesOf(tail)).toEqual(['line 100']);
});

test('a line longer than any record is passed over', async () => {
  const file = join(folder, 'long');
  writeFileSync(file, `${'x'.repeat(40 << 20)}\nnext\n`);
  expect((await linesOf(new Tail(file))).map((line) => line.slice(0, 10))).toEqual(['next']);
});

test('a folder in its place is empty', async () => {
  mkdirSync(join(folder, 'folder'));
  expect(await linesOf(new Tail(join(folder, 'folder')))).toEqual([]);
});
