import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as combinators from './index.ts';
import type { GeneratorLike } from './index.ts';
import { type Complete, crashing, describeEvent, imperfect, perfect, quick, simulate } from './simulate.ts';
import { runTranscript, type TranscriptBlock } from './transcript.ts';

const COMPLETIONS: Readonly<Record<string, Complete>> = { quick, perfect, crashing, imperfect };

/** What expressions in the transcripts may use besides the combinators. */
const WORDS = {
  read: { f: 'read' },
  reads: combinators.repeat({ f: 'read' }),
  /** Endless, values counted from 0. */
  writes: (_context: unknown, count: number) => ({ f: 'write', value: count }),
  adds: (_context: unknown, count: number) => ({ f: 'add', value: count }),
};

function evaluate(expression: string, write: (line: string) => void): GeneratorLike {
  const scope = { ...combinators, ...WORDS, write };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- transcripts are ours, and are TypeScript expressions
  const compiled = new Function(...Object.keys(scope), `return (${expression});`) as (
    ...words: unknown[]
  ) => GeneratorLike;
  return compiled(...Object.values(scope));
}

function run({ command, options, body }: TranscriptBlock): string {
  const complete = COMPLETIONS[command];
  if (complete === undefined) throw new Error(`no such command: ${command}`);
  const traced: string[] = [];
  try {
    const events = simulate(
      evaluate(body, (line) => traced.push(line)),
      {
        complete,
        concurrency: Number(options['concurrency'] ?? 2),
        seed: Number(options['seed'] ?? 1),
        maxEvents: Number(options['events'] ?? 200),
      },
    );
    return [...traced, ...(events.length === 0 ? ['nothing'] : events.map(describeEvent))].join('\n');
  } catch (error) {
    return [...traced, String(error)].join('\n');
  }
}

const FOLDER = new URL('testdata/', import.meta.url);

for (const name of readdirSync(FOLDER).sort()) {
  test(name, async () => {
    const results = await runTranscript(new URL(name, FOLDER).pathname, run);
    expect(results.length).toBeGreaterThan(0);
    for (const { block, expected, actual } of results) {
      expect(actual, `${name} line ${block.line}`).toBe(expected);
    }
  });
}
