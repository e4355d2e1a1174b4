/**
 * A page of docs/, as a reader follows it: writes the files, runs the commands, and compares exit codes and output with what the
 * page says.
 *
 *     ```js file shake/kv-server.mjs       is written
 *     ```sh exits with 1                   is run, a line a command; `in FOLDER` behind it: there
 *     ```text output                       each line is in what the last command before it printed
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { commandIn, ROOT, temporaryFolder } from './command.ts';

/** Of runs in real time for which the page leaves it at the defaults, which are for readers with more time. */
const SHORT = ['--time-limit', '6'];

interface Block {
  readonly info: string;
  readonly text: string;
}

function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8');
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info = '', block = '']) => ({
    info,
    text: block,
  }));
}

function argumentsOf(line: string): readonly string[] {
  const [npx, name, ...args] = line.trim().split(' ');
  expect([npx, name]).toEqual(['npx', 'shaketable']);
  const isReal = args[0] === 'run' && args.includes('process');
  return [
    ...args,
    ...(isReal && !args.includes('--time-limit') ? SHORT : []),
    ...(isReal ? ['--quiet', '1'] : []),
  ];
}

/** @returns the folder in which everything was done, and how many commands were run */
export async function followPage(page: string): Promise<{ readonly folder: string; readonly done: number }> {
  const folder = temporaryFolder();
  let printed = '';
  let done = 0;
  for (const { info, text } of blocksOf(page)) {
    const [language = '', mark, ...rest] = info.split(' ');
    if (mark === 'file') {
      const path = join(folder, rest.join(' '));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    } else if (language === 'sh' && mark === 'exits') {
      const [, code, , place = ''] = rest;
      for (const line of text.trim().split('\n')) {
        const ended = await commandIn(join(folder, place))(...argumentsOf(line));
        printed = ended.stdout;
        expect(`${line} → ${ended.exitCode}`, `${ended.stdout}${ended.stderr}`).toBe(`${line} → ${code}`);
        done++;
      }
    } else if (mark === 'output') {
      for (const line of text.trim().split('\n'))
        expect(printed.replace(/\s+/g, ' ')).toContain(line.replace(/\s+/g, ' '));
    }
  }
  return { folder, done };
}
