/**
 * The tutorial (docs/your-own-system.md), as a reader follows it: writes the files, runs the commands, and compares exit codes and
 * output with what the page says.
 *
 *     ```js file shake/kv-server.mjs       is written
 *     ```sh exits with 1                   is run; `in FOLDER` behind it: there
 *     ```text output                       each line is in what the command before it printed
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { commandIn, ROOT, temporaryFolder } from './testing/command.ts';

const PAGE = readFileSync(join(ROOT, 'docs', 'your-own-system.md'), 'utf8');
/** Of runs for which the page leaves it at the defaults, which are for readers with more time. */
const SHORT = ['--time-limit', '6'];
const TEST_TIMEOUT_MS = 240_000;

interface Block {
  readonly info: string;
  readonly text: string;
}

function blocks(): readonly Block[] {
  return [...PAGE.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info = '', text = '']) => ({
    info,
    text,
  }));
}

function argumentsOf(line: string): readonly string[] {
  const [npx, name, ...args] = line.trim().split(' ');
  expect([npx, name]).toEqual(['npx', 'shaketable']);
  const isRun = args[0] === 'run';
  const isReal = isRun && args.includes('process');
  return [
    ...args,
    ...(isReal && !args.includes('--time-limit') ? SHORT : []),
    ...(isReal ? ['--quiet', '1'] : []),
  ];
}

it(
  'the tutorial says what happens',
  async () => {
    const folder = temporaryFolder();
    let printed = '';
    const done: string[] = [];
    for (const { info, text } of blocks()) {
      const [language = '', mark, ...rest] = info.split(' ');
      if (mark === 'file') {
        const path = join(folder, rest.join(' '));
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      } else if (language === 'sh' && mark === 'exits') {
        const [, code, , place = ''] = rest;
        const ended = await commandIn(join(folder, place))(...argumentsOf(text));
        printed = ended.stdout;
        expect(`${text.trim()}\n${ended.stderr}→ ${ended.exitCode}`, ended.stdout).toBe(
          `${text.trim()}\n→ ${code}`,
        );
        done.push(text.trim());
      } else if (mark === 'output') {
        for (const line of text.trim().split('\n'))
          expect(printed.replace(/\s+/g, ' ')).toContain(line.replace(/\s+/g, ' '));
      }
    }
    expect(done.length).toBeGreaterThanOrEqual(10);
  },
  TEST_TIMEOUT_MS,
);
