/**
 * The linearizability checker on the recorded histories of Porcupine and Knossos: processor time and steps a case, with
 * garbage collection and compilation; and where there is Go, Porcupine's own on one thread (porcupine-go/).
 *
 *     SHAKETABLE_HISTORIES=../histories node bench/porcupine.ts
 *
 * The histories are not part of the project; without them it says so and measures nothing.
 */
import { spawnSync } from 'node:child_process';
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
  return folders
    .flatMap(({ folder, model }) =>
      readdirSync(join(root, folder))
        .filter((file) => /\.(?:log|txt|edn)$/.test(file))
        .sort()
        .map((file) => ({ folder, file, model })),
    )
    .concat([{ folder: 'porcupine/kv', file: 'c10-ok.txt', model: 'kv-store' }]);
}

/** Porcupine's median milliseconds by case; none where there is no Go. */
function measurePorcupine(root: string): ReadonlyMap<string, number> {
  const { status, stdout } = spawnSync('go', ['run', '.', root], {
    cwd: join(import.meta.dirname, 'porcupine-go'),
    env: { ...process.env, GOMAXPROCS: '1' },
    encoding: 'utf8',
  });
  if (status !== 0)
    console.log('without Porcupine itself: `go run` in bench/porcupine-go does not work here');
  const rows = (stdout || '').split('\n').map((line) => line.split('\t'));
  return new Map(
    rows.flatMap(([name = '', , , median]) => (median === undefined ? [] : [[name, Number(median)]])),
  );
}

function measure(history: History, model: Model): Measured {
  const timesMs: number[] = [];
  let valid: Validity = 'unknown';
  let figures = { steps: 0, cacheEntries: 0 };
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const start = process.cpuUsage();
    const verdict = linearizability({ model }).check({ history });
    const { user, system } = process.cpuUsage(start);
    timesMs.push((user + system) / 1000);
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
  const porcupineMs = measurePorcupine(root);
  const sums = new Map<string, { files: number; ms: number; porcupineMs: number; steps: number }>();
  console.log(
    'case                                                verdict   median ms  Porcupine      steps    entries',
  );
  for (const { folder, file, model } of cases(root)) {
    const { history } = readHistory(readFileSync(join(root, folder, file)), { fileName: file });
    const measured = measure(history, models.get(model) as Model);
    const sum = sums.get(model === 'kv-store' ? `${folder} as one state` : folder) ?? {
      files: 0,
      ms: 0,
      porcupineMs: 0,
      steps: 0,
    };
    const isWhole = model === 'kv-store';
    const theirs = porcupineMs.get(`${folder}/${file}${isWhole ? ' as one state' : ''}`);
    const name = isWhole ? `${folder} as one state` : folder;
    sums.set(name, {
      files: sum.files + 1,
      ms: sum.ms + measured.medianMs,
      porcupineMs: sum.porcupineMs + (theirs ?? 0),
      steps: sum.steps + measured.steps,
    });
    console.log(
      `${`${folder}/${file}`.padEnd(52)}${String(measured.valid).padEnd(8)}${measured.medianMs.toFixed(2).padStart(11)}` +
        `${(theirs?.toFixed(2) ?? '').padStart(11)}` +
        `${String(measured.steps).padStart(11)}${String(measured.cacheEntries).padStart(11)}`,
    );
  }
  for (const [folder, { files, ms, porcupineMs: theirs, steps }] of sums) {
    console.log(
      `sum of ${folder} (${files} files): ${ms.toFixed(1)} ms, ${steps} steps; Porcupine ${theirs === 0 ? 'not measured' : `${theirs.toFixed(1)} ms`}`,
    );
  }
}

if (import.meta.main) run();
