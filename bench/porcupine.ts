/**
 * The linearizability checker on the recorded histories of Porcupine and Knossos: time and steps a case.
 *
 *     SHAKETABLE_HISTORIES=../histories node bench/porcupine.ts
 *
 * The histories are not part of the project; without them it says so and measures nothing.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { linearizability, models } from '../checkers/linearizability/index.ts';
import type { Model } from '../checkers/linearizability/index.ts';
import type { Validity } from '../checkers/checker.ts';
import type { History } from '../harness/history/history.ts';
import { readHistory } from '../harness/history/import/index.ts';

const REPETITIONS = 5;

interface Case {
  readonly folder: string;
  readonly file: string;
  readonly model: string;
}

interface Measured {
  readonly valid: Validity;
  readonly medianMs: number;
  readonly steps: number;
  readonly cacheEntries: number;
}

function cases(root: string): Case[] {
  const folders = [
    { folder: 'porcupine/jepsen-etcd', model: 'cas-register' },
    { folder: 'porcupine/kv', model: 'kv' },
    { folder: 'knossos/cas-register/good', model: 'cas-register' },
    { folder: 'knossos/cas-register/bad', model: 'cas-register' },
  ];
  return folders.flatMap(({ folder, model }) =>
    readdirSync(join(root, folder))
      .filter((file) => /\.(?:log|txt|edn)$/.test(file))
      .sort()
      .map((file) => ({ folder, file, model })),
  );
}

function measure(history: History, model: Model): Measured {
  const timesMs: number[] = [];
  let valid: Validity = 'unknown';
  let figures = { steps: 0, cacheEntries: 0 };
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const start = performance.now();
    const verdict = linearizability({ model }).check({ history });
    timesMs.push(performance.now() - start);
    valid = verdict.valid;
    figures = verdict.statistics as unknown as typeof figures;
  }
  timesMs.sort((a, b) => a - b);
  return {
    valid,
    medianMs: timesMs[REPETITIONS >> 1] as number,
    steps: figures.steps,
    cacheEntries: figures.cacheEntries,
  };
}

export function run(): void {
  const root = process.env['SHAKETABLE_HISTORIES'] ?? join(import.meta.dirname, '../../shared/histories');
  if (!existsSync(root)) {
    console.log(`no histories at ${root}: set SHAKETABLE_HISTORIES`);
    return;
  }
  const sums = new Map<string, { files: number; ms: number; steps: number }>();
  console.log(
    'case                                                verdict   median ms      steps    entries',
  );
  for (const { folder, file, model } of cases(root)) {
    const { history } = readHistory(readFileSync(join(root, folder, file)), { fileName: file });
    const measured = measure(history, models.get(model) as Model);
    const sum = sums.get(folder) ?? { files: 0, ms: 0, steps: 0 };
    sums.set(folder, {
      files: sum.files + 1,
      ms: sum.ms + measured.medianMs,
      steps: sum.steps + measured.steps,
    });
    console.log(
      `${`${folder}/${file}`.padEnd(52)}${String(measured.valid).padEnd(8)}${measured.medianMs.toFixed(2).padStart(11)}` +
        `${String(measured.steps).padStart(11)}${String(measured.cacheEntries).padStart(11)}`,
    );
  }
  for (const [folder, { files, ms, steps }] of sums) {
    console.log(`sum of ${folder} (${files} files): ${ms.toFixed(1)} ms, ${steps} steps`);
  }
}

if (import.meta.main) run();
