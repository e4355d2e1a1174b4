/**
 * The linearizability checker on the recorded histories of Porcupine and Knossos: processor time and steps a case, with
 * garbage collection and compilation, for the verdict alone and with its explanations, which Porcupine has none of; and
 * where there is Go, Porcupine's own time on one thread (porcupine-go/).
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

const REPETITIONS = 7;
/** Of all of its 102 logs of etcd, on another machine of this kind: of half of them it must be less. */
const RECORDED_PORCUPINE_MS = 522;
const RECORDED_KNOSSOS = 'c50-ok 140 ms, all 102 logs of etcd 1.0 to 1.6 s';

interface Case {
  readonly folder: string;
  readonly file: string;
  readonly model: string;
}

interface Times {
  readonly bestMs: number;
  readonly medianMs: number;
}

interface Measured {
  readonly valid: Validity;
  readonly alone: Times;
  readonly explained: Times;
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
  const alone = timesOf(() => linearizability({ model, explain: false }).check({ history }));
  const explained = timesOf(() => linearizability({ model }).check({ history }));
  const { valid, statistics } = linearizability({ model, explain: false }).check({ history });
  const { steps, cacheEntries } = statistics as unknown as Pick<Measured, 'steps' | 'cacheEntries'>;
  return { valid, alone, explained, steps, cacheEntries };
}

function timesOf(check: () => unknown): Times {
  const timesMs: number[] = [];
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const start = process.cpuUsage();
    check();
    const { user, system } = process.cpuUsage(start);
    timesMs.push((user + system) / 1000);
  }
  timesMs.sort((a, b) => a - b);
  return { bestMs: timesMs[0] as number, medianMs: timesMs[REPETITIONS >> 1] as number };
}

const show = ({ bestMs, medianMs }: Times): string =>
  `${bestMs.toFixed(2)}/${medianMs.toFixed(2)}`.padStart(17);

const plus = (a: Times, b: Times): Times => ({
  bestMs: a.bestMs + b.bestMs,
  medianMs: a.medianMs + b.medianMs,
});

const NO_TIME: Times = { bestMs: 0, medianMs: 0 };

export function run(): void {
  const root = process.env['SHAKETABLE_HISTORIES'] ?? join(import.meta.dirname, '../../shared/histories');
  if (!existsSync(root)) {
    console.log(`no histories at ${root}: set SHAKETABLE_HISTORIES`);
    return;
  }
  const porcupineMs = measurePorcupine(root);
  const sums = new Map<
    string,
    { files: number; alone: Times; explained: Times; porcupineMs: number; steps: number }
  >();
  console.log('processor time in ms, the best and the median of the repetitions');
  console.log(
    'case                                                verdict     verdict alone   with explanation  Porcupine' +
      '      steps    entries',
  );
  for (const { folder, file, model } of cases(root)) {
    const { history } = readHistory(readFileSync(join(root, folder, file)), { fileName: file });
    const measured = measure(history, models.get(model) as Model);
    const { valid, alone, explained, steps, cacheEntries } = measured;
    const suffix = model === 'kv-store' ? ' as one state' : '';
    const theirs = porcupineMs.get(`${folder}/${file}${suffix}`);
    const sum = sums.get(folder + suffix) ?? {
      files: 0,
      alone: NO_TIME,
      explained: NO_TIME,
      porcupineMs: 0,
      steps: 0,
    };
    sums.set(folder + suffix, {
      files: sum.files + 1,
      alone: plus(sum.alone, alone),
      explained: plus(sum.explained, explained),
      porcupineMs: sum.porcupineMs + (theirs ?? 0),
      steps: sum.steps + steps,
    });
    console.log(
      `${`${folder}/${file}`.padEnd(52)}${String(valid).padEnd(8)}${show(alone)} ${show(explained)} ` +
        `${(theirs?.toFixed(2) ?? '').padStart(11)}${String(steps).padStart(11)}${String(cacheEntries).padStart(11)}`,
    );
  }
  for (const [folder, { files, alone, explained, porcupineMs: theirs, steps }] of sums) {
    console.log(
      `sum of ${folder} (${files} files): verdict alone ${show(alone).trim()} ms, with explanation ` +
        `${show(explained).trim()} ms, ${steps} steps; Porcupine ${theirs === 0 ? 'not measured' : `${theirs.toFixed(1)} ms`}`,
    );
  }
  console.log(`Porcupine's recorded sum of all 102 logs of etcd: ${RECORDED_PORCUPINE_MS} ms`);
  console.log(`Knossos, recorded: ${RECORDED_KNOSSOS}`);
}

if (import.meta.main) run();
