/**
 * The code, checked as text: what no compiler and no linter says. File sizes are a ratchet: a long file may stay as long
 * as it is, may shrink, and may not grow; no other may become long.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const IGNORED_FOLDERS = new Set(['node_modules', '.git', 'dist', 'coverage', 'runs', 'testdata']);
const TEXTS = /\.(ts|js|cjs|md|json|css|html|yml|sh|txt)$|^\.ci\//;

const LINES_MAX = 400;
/** Longer than they should be. Lower a number when its file shrinks; add a line only with a reason. */
const LONG_FILES: Readonly<Record<string, number>> = {};
/** So much may an exception exceed its file, before the ratchet must be turned. */
const SLACK_LINES = 15;
/** Tests are tables and cases: they may be longer. */
const TEST_LINES_MAX = 600;

/** The folders that are the project's vocabulary: each has its page. */
const DOCUMENTED_FOLDERS = ['harness', 'checkers', 'nemeses', 'workloads', 'systems', 'results'];

interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

function readFiles(folder = ''): SourceFile[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return IGNORED_FOLDERS.has(entry.name) ? [] : readFiles(path);
      if (!TEXTS.test(path) || entry.name === 'package-lock.json') return [];
      return [{ path, text: readFileSync(join(ROOT, path), 'utf8') }];
    });
}

const files = readFiles();
const code = files.filter(({ path }) => path.endsWith('.ts') && path.includes('/'));
const isTest = (path: string): boolean =>
  path.endsWith('.test.ts') || path.startsWith('test/') || path.includes('/testing/');

/** `path:line: text` of every line that matches. */
function linesMatching(among: readonly SourceFile[], pattern: RegExp): string[] {
  return among.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
  );
}

const lineCount = (text: string): number => text.split('\n').length - 1;

test('the walk finds the code', () => {
  expect(code.length).toBeGreaterThan(100);
  expect(files.map(({ path }) => path)).toContain('test/tidy.test.ts');
});

describe('file sizes', () => {
  test(`no file is longer than ${LINES_MAX} lines, but those that always were`, () => {
    const tooLong = code
      .filter(
        ({ path, text }) =>
          lineCount(text) > (isTest(path) ? TEST_LINES_MAX : (LONG_FILES[path] ?? LINES_MAX)),
      )
      .map(({ path, text }) => `${path}: ${lineCount(text)} lines`);
    expect(tooLong).toEqual([]);
  });

  test('the exceptions are as tight as their files allow', () => {
    const loose = Object.entries(LONG_FILES).flatMap(([path, allowed]) => {
      const file = code.find((candidate) => candidate.path === path);
      if (file === undefined) return [`${path} is gone: remove it from the table`];
      const actual = lineCount(file.text);
      if (actual <= LINES_MAX) return [`${path} has ${actual} lines: remove it from the table`];
      return allowed - actual > SLACK_LINES ? [`${path} has ${actual} lines: lower ${allowed}`] : [];
    });
    expect(loose).toEqual([]);
  });
});

describe('words', () => {
  test('nothing is left to do in comments', () => {
    // In two parts, so that this file does not find itself.
    const marks = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|');
    expect(linesMatching(files, new RegExp(`\\b(${marks})\\b`))).toEqual([]);
  });

  test('no path of somebody’s machine', () => {
    expect(linesMatching(files, /(^|[\s'"`(=:])\/(home|Users|work|root|mnt)\/\w/)).toEqual([]);
  });

  test('no test runs alone or is switched off', () => {
    expect(linesMatching(code, /\b(test|it|describe)\.(only|skip|todo)\(/)).toEqual([]);
    expect(linesMatching(code, /^\s*debugger\b/)).toEqual([]);
  });

  test('the compiler and the linter are not silenced', () => {
    const others = code.filter(({ path }) => path !== 'test/tidy.test.ts');
    expect(linesMatching(others, /@ts-(ignore|nocheck)/)).toEqual([]);
    expect(linesMatching(others, /eslint-disable(?!-next-line)(?!-line)/)).toEqual([]);
    const silenced = linesMatching(others, /eslint-disable-(next-line|line)|@ts-expect-error/);
    // Each names the rule, or says what is wrong on purpose.
    expect(
      silenced.filter((line) => !/(eslint-disable-(next-)?line|@ts-expect-error:?) +[\w@]/.test(line)),
    ).toEqual([]);
  });
});

describe('modules', () => {
  test('have names in kebab-case, and none is for everything', () => {
    const named = code.map(({ path }) => path);
    expect(named.filter((path) => !/^[a-z0-9-]+(\.test|\.d|\.config)?\.ts$/.test(basename(path)))).toEqual(
      [],
    );
    expect(named.filter((path) => /(^|\/)(utils?|helpers?|common|misc)(\.ts|\/)/.test(path))).toEqual([]);
  });

  test('open with what they are for', () => {
    const silent = code
      .filter(({ path, text }) => !isTest(path) && !path.endsWith('.d.ts') && !text.startsWith('/**'))
      .map(({ path }) => path);
    expect(silent).toEqual([]);
  });
});

describe('documentation', () => {
  test('every folder of the vocabulary has its page', () => {
    const missing = DOCUMENTED_FOLDERS.map((folder) => `docs/${folder}.md`).filter(
      (page) => !existsSync(join(ROOT, page)),
    );
    expect(missing).toEqual([]);
  });

  test('links between pages lead somewhere', () => {
    const broken = files
      .filter(({ path }) => path.endsWith('.md'))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
          .map(([, target]) => target ?? '')
          .filter((target) => !existsSync(join(ROOT, dirname(path), target)))
          .map((target) => `${path} → ${target}`),
      );
    expect(broken).toEqual([]);
  });
});
