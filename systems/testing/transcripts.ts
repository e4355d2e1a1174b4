/**
 * Transcripts of a core: text files of commands, each followed by what it printed.
 *
 *     # An election in a cluster of three.
 *     > nodes 3
 *     > timeout n1
 *     n1 is pre-candidate term=0
 *
 *     testTranscripts('transcripts of the core', import.meta.dirname, 5, runTranscript);
 *
 * Not here: the commands, which are each core's own.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The same text with the output as it is now. @param play - runs one command, and says what it printed */
export function replayTranscript(
  text: string,
  play: (words: readonly string[]) => readonly string[],
): string {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line === '') lines.push(line);
    if (!line.startsWith('> ')) continue;
    lines.push(line, ...play(line.slice(2).split(' ')));
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/**
 * Each of `testdata/*.transcript` prints what it says; with UPDATE_TRANSCRIPTS=1 it is written anew.
 *
 * @param parent - the folder that has `testdata`
 * @param moreThan - so many are there at least, and one more: a folder that is not read must not pass
 */
export function testTranscripts(
  title: string,
  parent: string,
  moreThan: number,
  run: (text: string) => string,
): void {
  const folder = join(parent, 'testdata');
  const names = readdirSync(folder).filter((name) => name.endsWith('.transcript'));

  describe(title, () => {
    test('there are some', () => {
      expect(names.length).toBeGreaterThan(moreThan);
    });

    test.each(names)('%s', (name) => {
      const path = join(folder, name);
      const expected = readFileSync(path, 'utf8');
      const actual = run(expected);
      if (process.env['UPDATE_TRANSCRIPTS'] === '1') writeFileSync(path, actual);
      else expect(actual).toBe(expected);
    });
  });
}
