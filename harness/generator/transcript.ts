/**
 * Transcript tests: a text file of commands and what they print.
 *
 *     # Comments and blank lines stand between the blocks.
 *     perfect concurrency=1
 *     limit(2, repeat({ f: 'read' }))
 *     ----
 *            0  0        invoke read
 *           10  0        ok     read
 *
 * The first line of a block is a word and `name=value` options, the lines up to `----` are the command's body, and
 * the lines after it are the expected output, up to a blank line. With UPDATE_TRANSCRIPTS=1 in the environment
 * the output is written to the file instead of compared; read the difference before you commit it.
 */
import { readFileSync, writeFileSync } from 'node:fs';

export interface TranscriptBlock {
  /** Of the first line, counted from 1. */
  readonly line: number;
  readonly command: string;
  readonly options: Readonly<Record<string, string>>;
  readonly body: string;
}

interface ParsedBlock extends TranscriptBlock {
  /** The lines before the output, comments included, as they stand. */
  readonly head: readonly string[];
  readonly expected: string;
}

function parse(text: string): { blocks: ParsedBlock[]; tail: readonly string[] } {
  const lines = text.split('\n');
  const blocks: ParsedBlock[] = [];
  let head: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    head.push(line);
    if (line !== '----') continue;
    const start = head.findIndex((each) => each !== '' && !each.startsWith('#'));
    const [command = '', ...words] = (head[start] ?? '').split(' ');
    const options = Object.fromEntries(words.map((word) => word.split('=', 2) as [string, string]));
    const output: string[] = [];
    while (i + 1 < lines.length && lines[i + 1] !== '') output.push(lines[++i] as string);
    blocks.push({
      line: i + 1 - output.length - (head.length - 1 - start),
      command,
      options,
      body: head.slice(start + 1, -1).join('\n'),
      head,
      expected: output.join('\n'),
    });
    head = [];
  }
  return { blocks, tail: head };
}

export interface TranscriptResult {
  readonly block: TranscriptBlock;
  readonly expected: string;
  readonly actual: string;
}

/** Runs every block of a file. The caller compares `actual` with `expected`; on update they are equal. */
export async function runTranscript(
  path: string,
  run: (block: TranscriptBlock) => string | Promise<string>,
): Promise<TranscriptResult[]> {
  const { blocks, tail } = parse(readFileSync(path, 'utf8'));
  const results: TranscriptResult[] = [];
  for (const block of blocks) {
    results.push({ block, expected: block.expected, actual: (await run(block)).trimEnd() });
  }
  if (process.env['UPDATE_TRANSCRIPTS'] !== '1') return results;
  const text = blocks.flatMap(({ head }, i) => [...head, results[i]?.actual ?? '']);
  writeFileSync(path, [...text, ...tail].join('\n'));
  return results.map((result) => ({ ...result, expected: result.actual }));
}
