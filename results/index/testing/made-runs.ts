/**
 * Run directories that nobody ran: small, of several systems, over some weeks, the same for the same number.
 *
 *     makeRuns(folder, 10_000);
 *     makeRun(folder, { path: 'raft-register/1', valid: false, test: { system: '<b>' } });
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../../harness/history/operation.ts';
import { TEST_FORMAT, TEST_VERSION, type TestDefinition } from '../../../harness/run/test-definition.ts';
import type { FailureSignature } from '../../signatures.ts';
import { verdictFile } from '../../verdict-file.ts';

export interface MadeRun {
  /** From the folder. */
  readonly path: string;
  /** Null: no verdict yet. */
  readonly valid: boolean | 'unknown' | null;
  readonly test?: Partial<TestDefinition>;
  /** Of what is invalid: the anomaly's name and its sentence. */
  readonly anomaly?: string;
  readonly explanation?: string;
  readonly signature?: string;
  readonly p99Ms?: number;
  readonly answeredShare?: number;
}

/** Of a thousand operations: failed, and answered. */
const REFUSED = 100;
const EPOCH_MS = Date.UTC(2026, 9, 1);
const HOUR_MS = 3_600_000;

export function makeRun(folder: string, run: MadeRun): string {
  const directory = join(folder, run.path);
  mkdirSync(directory, { recursive: true });
  const write = (name: string, value: unknown): void =>
    writeFileSync(join(directory, name), `${JSON.stringify(value)}\n`);
  write('test.json', madeTest(run.test));
  writeFileSync(join(directory, 'history.jsonl'), '{"format":"shaketable-history","version":1}\n');
  if (run.valid !== null) write('verdict.json', madeVerdict({ ...run, valid: run.valid }));
  return directory;
}

/** One of 31 fails, one way or another; one of 47 is unknown. @returns their paths */
export function makeRuns(folder: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => {
    const [system, workload] = (
      [
        ['raft', 'register'],
        ['raft', 'append'],
        ['kraft', 'log'],
      ] as const
    )[i % 3] as readonly [string, string];
    const valid = i % 31 === 7 ? false : i % 47 === 9 ? 'unknown' : true;
    const startedAt = new Date(EPOCH_MS + i * (HOUR_MS / 10)).toISOString();
    const path = `${system}-${workload}/${startedAt.replace(/[-:]|\.\d+/g, '')}-${i}`;
    const anomaly = i % 2 === 0 ? 'stale-read' : 'lost-write';
    const nemeses = [[], ['partition'], ['kill', 'pause']][i % 4 === 3 ? 0 : i % 3] ?? [];
    const gitRevision = `${(0xabcdef00 + Math.floor(i / 240)).toString(16)}0000`;
    const test = { system, workload, seed: i, startedAt, nemeses, gitRevision };
    makeRun(folder, { path, valid, anomaly, test, p99Ms: 5 + (i % 17), answeredShare: 1 - (i % 11) / 100 });
    return path;
  });
}

function madeTest(test: Partial<TestDefinition> = {}): TestDefinition {
  return {
    format: TEST_FORMAT,
    version: TEST_VERSION,
    shaketableVersion: '0.1.0',
    gitRevision: 'abcdef012345',
    startedAt: '2026-11-28T19:24:09.422Z',
    commandLine: 'shaketable run raft register',
    system: 'raft',
    workload: 'register',
    cluster: 'sim',
    nemeses: ['partition'],
    nodes: ['n1', 'n2', 'n3'],
    concurrency: 5,
    rate: 100,
    timeLimitS: 10,
    quietS: 5,
    nemesisIntervalS: 3,
    operationTimeoutMs: 5000,
    seed: 1,
    bugs: [],
    systemOptions: { heartbeatMs: 50 },
    workloadOptions: { keys: 5 },
    ...test,
  };
}

function madeVerdict(run: MadeRun & { readonly valid: boolean | 'unknown' }): unknown {
  const {
    valid,
    anomaly = 'stale-read',
    explanation = `${anomaly}: process 3 read 7, which was overwritten.`,
  } = run;
  const { system = 'raft', workload = 'register' } = run.test ?? {};
  const { signature = `${system}-${workload}/linearizability/${anomaly}/3f9a1c` } = run;
  const signatures: readonly FailureSignature[] =
    valid === false
      ? [{ signature, checker: 'linearizability', anomaly, shape: 'a read', explanation, count: 1 }]
      : [];
  const anomalies = signatures.map(() => ({ name: anomaly, explanation, operations: [0, 1] }));
  const reason = valid === 'unknown' ? { reason: 'The time budget ended: allow more time.' } : {};
  return verdictFile({
    valid,
    interruptTime: null,
    operations: 2000,
    eventHash: '00',
    eventCount: 1,
    signatures,
    verdicts: [
      { checker: 'linearizability', valid, anomalies, ...reason },
      { checker: 'statistics', valid: true, anomalies: [], statistics: madeStatistics(run) },
    ],
  });
}

function madeStatistics({ p99Ms = 12, answeredShare = 0.98 }: MadeRun): Json {
  const answered = Math.round(1000 * answeredShare);
  const ok = answered - REFUSED;
  const counts = { invoked: 1000, ok, fail: 1000 - ok, refused: REFUSED, info: 0, pending: 0 };
  const share = { invoked: 1000, ok, okShare: ok / 1000, answered, answeredShare };
  const latency = { type: 'ok', count: ok, minNs: 1e5, meanNs: 2e6, p50Ns: 1e6, p90Ns: 3e6 } as const;
  const [p99Ns, maxNs] = [p99Ms * 1e6, 2 * p99Ms * 1e6];
  return {
    durationNs: 15e9,
    total: counts,
    functions: [{ f: 'read', ...counts }],
    errors: [],
    rate: { completedPerS: 66, okPerS: 65 },
    latencies: [{ f: 'read', ...latency, p99Ns, p999Ns: maxNs, maxNs }],
    availability: {
      overall: share,
      duringFaults: { ...share, answeredShare: answeredShare * 0.9 },
      outsideFaults: share,
      longestGap: { startNs: 0, endNs: 2e8, lengthNs: 2e8 },
      windows: [],
    },
    leaderChanges: 1,
    faults: { count: 2, tookEffect: 2 },
  };
}
