/**
 * The histories that Porcupine and Knossos are tested with, with their known verdicts. They are not part of this
 * project: the folder is SHAKETABLE_HISTORIES, or `../shared/histories` beside it. Without them the tests are
 * skipped, or fail where SHAKETABLE_REQUIRE holds `histories`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHistory } from '../../harness/history/import/index.ts';
import { History } from '../../harness/history/history.ts';
import { linearizability, modelNamed } from './index.ts';
import type { Model } from './index.ts';

const root = process.env['SHAKETABLE_HISTORIES'] ?? join(import.meta.dirname, '../../../shared/histories');
const isPresent = existsSync(root);
const isRequired = (process.env['SHAKETABLE_REQUIRE'] ?? '').split(',').includes('histories');

/** A verdict takes milliseconds; a search that has gone astray must not hang the tests. */
const LIMIT_MS = 20_000;

interface Case {
  readonly path: string;
  readonly model: string;
  readonly valid: boolean;
}

function cases(): Case[] {
  if (!isPresent) return [];
  const listed = (folder: string, prefix: string, model = 'cas-register'): Case[] =>
    readFileSync(join(root, folder, 'verdicts.tsv'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(prefix))
      .map((line) => line.split('\t') as [string, string])
      .map(([file, verdict]) => ({
        path: join(folder, file),
        model,
        valid: verdict.trim() === 'valid',
      }));
  const kv = readdirSync(join(root, 'porcupine/kv'))
    .filter((file) => file.endsWith('.txt'))
    .map((file) => ({ path: join('porcupine/kv', file), model: 'kv', valid: file.includes('ok') }));
  return [
    ...listed('porcupine/jepsen-etcd', 'etcd'),
    ...listed('knossos', 'cas-register'),
    ...listed('knossos', 'multi-register', 'multi-register={"x":0,"y":0}'),
    ...listed('knossos', 'mutex', 'mutex'),
    ...kv,
    // With 50 clients, all keys together are more than a search can do.
    ...kv.filter(({ path }) => /c(01|10)-ok/.test(path)).map((known) => ({ ...known, model: 'kv-store' })),
  ];
}

const check = (history: History, model: string): ReturnType<ReturnType<typeof linearizability>['check']> => {
  const deadline = performance.now() + LIMIT_MS;
  return linearizability({ model: modelNamed(model) as Model }).check({
    history,
    isOverdue: () => performance.now() > deadline,
  });
};

const load = (path: string): History =>
  readHistory(readFileSync(join(root, path)), { fileName: path }).history;

describe('recorded histories', () => {
  it.runIf(isRequired)('are there (SHAKETABLE_REQUIRE)', () => {
    expect(isPresent, `no histories at ${root}`).toBe(true);
    expect(cases().length).toBeGreaterThan(100);
  });

  it.skipIf(isPresent)(`are skipped: none at ${root} (set SHAKETABLE_HISTORIES)`, () => {});

  it.each(cases())('$path is $valid by $model', ({ path, model, valid }) => {
    const verdict = check(load(path), model);
    expect(verdict.valid).toBe(valid);
    expect(verdict.anomalies).toHaveLength(valid ? 0 : 1);
  });

  it.runIf(isPresent)('with one read of each key made stale are refuted, key by key', () => {
    const history = load('porcupine/kv/c50-ok.txt');
    for (const [key, operations] of history.byKey()) {
      const reads = operations.filter(({ type, f }) => type === 'ok' && f === 'read');
      const late = reads.at(-1);
      const early = reads.find(({ value }) => value !== late?.value);
      if (late === undefined || early === undefined) continue;
      const forged = history.operations.map((operation) =>
        operation === late ? { ...operation, value: early.value } : operation,
      );
      const verdict = check(new History(forged), 'kv');
      expect(verdict.valid, `key ${key}`).toBe(false);
      expect(verdict.anomalies[0]?.operations).toContain(late.index);
    }
  });
});
