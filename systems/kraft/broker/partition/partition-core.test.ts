/** Transcripts of the core: `testdata/*.transcript`. UPDATE_TRANSCRIPTS=1 writes what is printed now. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runTranscript } from './testing/transcript.ts';

const folder = join(import.meta.dirname, 'testdata');
const names = readdirSync(folder).filter((name) => name.endsWith('.transcript'));

describe('transcripts of a partition', () => {
  test('there are some', () => {
    expect(names.length).toBeGreaterThan(5);
  });

  test.each(names)('%s', (name) => {
    const path = join(folder, name);
    const expected = readFileSync(path, 'utf8');
    const actual = runTranscript(expected);
    if (process.env['UPDATE_TRANSCRIPTS'] === '1') writeFileSync(path, actual);
    else expect(actual).toBe(expected);
  });
});
