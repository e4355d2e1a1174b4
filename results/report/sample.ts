/**
 * A made-up run for tests and for work on the report: no cluster, no checker, the same bytes every time.
 *
 *     node results/report/sample.ts invalid 2000 > /tmp/report.html
 *
 * Five nodes and some clients on a few registers under partitions, kills, pauses and clock bumps; `invalid` plants a
 * stale read and two leaders in one term, `unknown` is a run in which no write was ever acknowledged. Half the names
 * and values try to break out of the page. It is no test of a checker: the verdicts are written by hand.
 */
import { pathToFileURL } from 'node:url';
import { History } from '../../harness/history/history.ts';
import type { FaultEffect, Json, Operation } from '../../harness/history/operation.ts';
import type { TraceEvent, TraceRecord } from '../../harness/history/trace.ts';
import { randomStream } from '../../harness/random.ts';
import type { Random } from '../../harness/random.ts';
import { computeStatistics } from '../../checkers/statistics/index.ts';
import type { RunSummary } from '../saved-runs.ts';
import { buildReport } from './build-report.ts';
import type { ReportedTest, ReportInput } from './collect-data.ts';
import type { VerdictWord } from './report-data.ts';
import { sampleLanes, sampleLogs } from './sample-lanes.ts';
import { KEYS, sampleVerdicts } from './sample-verdicts.ts';

export interface SampleOptions {
  readonly verdict: VerdictWord;
  /** Client operations, about. */
  readonly operations?: number;
  readonly threads?: number;
  readonly seed?: number;
  /** Markup, control characters and the like in keys, values, errors and node names. */
  readonly hostile?: boolean;
}

export const HOSTILE_TEXTS = [
  '</script><script>document.title="owned"</script>',
  '<img src=x onerror="document.title=\'owned\'">',
  '<!--<script>',
  '"\'`$' + '{document.title}',
  '\u202Eright to left\u0000\u001b[31m',
  'https://example.com/beacon.png',
] as const;

const S = 1e9;
const RUN_S = 60;
const FAULT_EVERY_S = 7;

interface Shake {
  readonly fault: string;
  readonly begin: string;
  readonly end: string;
  readonly startS: number;
  readonly endS: number;
  readonly nodes: readonly string[];
  readonly description: string;
  readonly observed: FaultEffect['observed'];
  readonly tookEffect: boolean;
}

type Draft = Omit<Operation, 'index'>;

export function sampleRun(options: SampleOptions): ReportInput & { readonly test: ReportedTest } {
  const { verdict, operations = 3000, threads = 10, seed = 7, hostile = true } = options;
  const random = randomStream(seed, 'sample');
  const nodes = ['n1', 'n2', 'n3', hostile ? HOSTILE_TEXTS[1] : 'n4', 'n5'];
  const keys = Array.from({ length: KEYS }, (_, i) => (hostile && i === 4 ? HOSTILE_TEXTS[0] : `k${i}`));
  const shakes = makeShakes(nodes);
  const drafts: Draft[] = [];
  for (const [i, shake] of shakes.entries()) drafts.push(...shakeOperations(shake, i + 1));

  const leaders = makeLeaders(shakes, nodes);
  const registers = new Map<string, number[]>(keys.map((key) => [key, []]));
  const isBlocked = (time: number): boolean =>
    verdict === 'unknown' ||
    shakes.some(
      (s) => s.tookEffect && s.nodes.length > 0 && time > s.startS * S && time < (s.startS + 1.6) * S,
    );
  const stale: { write?: Draft; read?: Draft; before?: number | null } = {};
  let written = 0;

  // Threads take turns in the order of their next free moment, so that the registers see one order of events.
  const free = Array.from({ length: threads }, (_, i) => ({ process: i, time: 1000 + i * 137_000 }));
  const gap = (RUN_S * S * threads) / operations;
  for (let i = 0; i < operations; i++) {
    const slot = free.reduce((a, b) => (b.time < a.time ? b : a));
    const key = random.pick(keys);
    const f = random.pick(['read', 'read', 'write', 'cas']);
    const start = Math.round(slot.time);
    if (start > (RUN_S - 1) * S) break;
    const values = registers.get(key) as number[];
    const last = values.at(-1) ?? null;
    const node = random.pick(nodes);
    let latency = 4e5 + random.exponential(random.chance(0.02) ? 4e7 : 1.5e6);
    let type: 'ok' | 'fail' | 'info' = 'ok';
    let error: Operation['error'];
    const blocked = isBlocked(start);
    if (blocked && random.chance(0.35)) {
      type = 'info';
      latency = 1e9;
      error = { code: 'timeout', message: hostile ? HOSTILE_TEXTS[3] : 'no answer within 1000 ms' };
    } else if ((blocked && (verdict === 'unknown' || random.chance(0.6))) || random.chance(0.004)) {
      type = 'fail';
      error = { code: 'not-leader', message: 'no leader is known' };
    }
    const end = Math.min(Math.round(start + latency), RUN_S * S - 1);
    let input: Json = null;
    let output: Json = null;
    if (f === 'write') {
      input = output = ++written;
      if (type === 'ok') values.push(written);
    } else if (f === 'cas') {
      input = output = [last, ++written];
      if (type === 'ok' && random.chance(0.3)) {
        type = 'fail';
        error = { code: 'precondition-failed' };
      } else if (type === 'ok') values.push(written);
    } else if (type === 'ok') output = hostile && random.chance(0.02) ? HOSTILE_TEXTS[4] : last;
    const invocation: Draft = {
      time: start,
      process: slot.process,
      type: 'invoke',
      f,
      key,
      value: input,
      node,
    };
    const completion: Draft = { ...invocation, time: end, type, value: output, ...(error ? { error } : {}) };
    if (verdict === 'invalid' && key === keys[3] && start > 0.55 * RUN_S * S && type === 'ok') {
      if (f === 'write' && stale.write === undefined)
        Object.assign(stale, { write: completion, before: last });
      else if (f === 'read' && stale.read === undefined && stale.write && start > stale.write.time) {
        stale.read = Object.assign(completion, { value: stale.before ?? null });
      }
    }
    drafts.push(invocation);
    const isPending = start > (RUN_S - 2) * S && slot.process % threads < 2;
    if (!isPending) drafts.push(completion);
    if (type === 'info') slot.process += threads;
    slot.time = isPending ? Infinity : end + random.exponential(gap);
  }

  const sorted = drafts.map((draft, order) => ({ draft, order }));
  sorted.sort((a, b) => a.draft.time - b.draft.time || a.order - b.order);
  const indexes = new Map<Draft, number>();
  const history = new History(
    sorted.map(({ draft }, index) => {
      indexes.set(draft, index);
      return { index, ...draft };
    }),
  );
  const witness = [stale.write, stale.read].flatMap((draft) => (draft ? [indexes.get(draft) as number] : []));
  const lanes = sampleLanes(nodes, shakes, [`t0-0${hostile ? HOSTILE_TEXTS[2] : ''}`, 't0-1'], RUN_S);
  const trace = [...leaders.flatMap(({ records }) => records), ...lanes].sort((a, b) => a.time - b.time);
  const verdicts = sampleVerdicts(verdict, history, witness, trace, nodes);
  const test = sampleTest(seed, nodes, threads, verdict, random);
  return {
    test,
    history,
    verdicts,
    trace,
    logs: sampleLogs(trace, hostile ? ` ${HOSTILE_TEXTS[0]}` : ''),
    previous: previousOf(test, history, trace),
    replaysExactly: true,
    replayCommand: `npx shaketable replay results/runs/raft-register/20260301T021500Z-${seed}`,
  };
}

/** The night before: valid, and otherwise the same. */
function previousOf(test: ReportedTest, history: History, trace: readonly TraceRecord[]): RunSummary {
  return {
    path: `results/runs/raft-register/20260228T021500Z-${test.seed - 1}`,
    test: { ...test, seed: test.seed - 1, startedAt: '2026-02-28T02:15:00.000Z' },
    ...{ valid: true, signatures: [], operations: history.length, counts: null, sentence: null },
    statistics: computeStatistics(history, trace) as unknown as Json,
  };
}

function makeShakes(nodes: readonly string[]): readonly Shake[] {
  const shakes: Shake[] = [];
  const kinds = ['partition', 'kill', 'pause', 'partition', 'clock', 'kill', 'lossy'];
  for (let i = 0; 4 + i * FAULT_EVERY_S < RUN_S - 8; i++) {
    const fault = kinds[i % kinds.length] as string;
    const target = nodes[i % nodes.length] as string;
    const startS = 4 + i * FAULT_EVERY_S;
    const verbs: Record<string, readonly [string, string, string]> = {
      partition: ['cut', 'heal', `isolated ${target} (the leader) from the other four`],
      kill: ['kill', 'restart', `killed ${target} (the leader), unsynced writes lost`],
      pause: ['pause', 'resume', `paused ${target}`],
      clock: ['bump', 'bump', `moved the clock of ${target} forward by 800 ms`],
      lossy: ['degrade', 'restore', `lost 20 % of the messages from ${target}`],
    };
    const [begin, end, description] = verbs[fault] as readonly [string, string, string];
    const isInstant = fault === 'clock';
    shakes.push({
      fault,
      begin,
      end,
      startS,
      endS: isInstant ? startS : startS + 3 + (i % 3),
      nodes: [target],
      description,
      observed:
        fault === 'partition'
          ? { messagesDropped: 412 + i }
          : fault === 'lossy'
            ? { messagesDropped: 0 }
            : { timersDeferred: 9 },
      tookEffect: fault !== 'lossy',
    });
    // Faults of different kinds overlap now and then.
    if (i === 3) {
      shakes.push({
        ...(shakes[1] as Shake),
        fault: 'pause',
        begin: 'pause',
        end: 'resume',
        startS: startS + 1.5,
        endS: startS + 6,
        nodes: [nodes[0] as string],
        description: `paused ${nodes[0] as string}`,
      });
    }
  }
  return shakes;
}

function shakeOperations(shake: Shake, faultId: number): readonly Draft[] {
  const { fault, nodes, description } = shake;
  const common = { faultId, fault, nodes: [...nodes], description, parameters: { nodes: [...nodes] } };
  const operation = (timeS: number, type: 'invoke' | 'ok', f: string, value: unknown): Draft => ({
    time: Math.round(timeS * S),
    process: 'nemesis',
    type,
    f,
    value: value as Json,
  });
  const observed = { observed: shake.observed, tookEffect: shake.tookEffect };
  const begin =
    shake.startS === shake.endS ? { ...common, edge: 'instant', ...observed } : { ...common, edge: 'begin' };
  const operations = [
    operation(shake.startS, 'invoke', shake.begin, { target: 'leader' }),
    operation(shake.startS + 0.002, 'ok', shake.begin, begin),
  ];
  if (shake.startS !== shake.endS) {
    operations.push(operation(shake.endS, 'invoke', shake.end, null));
    operations.push(operation(shake.endS + 0.003, 'ok', shake.end, { ...common, edge: 'end', ...observed }));
  }
  return operations;
}

interface Leadership {
  readonly records: readonly TraceRecord[];
}

/** A new leader in a new term after each fault that hit a node; the old one steps down when it ends. */
function makeLeaders(shakes: readonly Shake[], nodes: readonly string[]): readonly Leadership[] {
  const result: Leadership[] = [];
  const record = (node: string, timeS: number, event: TraceEvent): TraceRecord => ({
    node,
    time: Math.round(timeS * S),
    event,
  });
  const role = (
    name: 'follower' | 'pre-candidate' | 'candidate' | 'leader',
    term: number,
    leader: string | null,
  ): TraceEvent => ({
    kind: 'role',
    role: name,
    term,
    leader,
  });
  let term = 1;
  let leader = nodes[0] as string;
  result.push({
    records: nodes.flatMap((node) => [
      record(node, 0, role('follower', 0, null)),
      ...(node === leader
        ? [record(node, 0.2, role('candidate', 1, null)), record(node, 0.25, role('leader', 1, node))]
        : [record(node, 0.26, role('follower', 1, leader))]),
    ]),
  });
  for (const shake of shakes) {
    if (shake.fault === 'kill') {
      const down = shake.nodes.map((node) =>
        record(node, shake.startS, { kind: 'stop', by: 'harness', reason: 'killed' }),
      );
      const up = shake.nodes.map((node) => record(node, shake.endS, role('follower', term, null)));
      result.push({ records: [...down, ...up] });
    }
    if (!shake.nodes.includes(leader)) continue;
    const old = leader;
    const wasTerm = term;
    term++;
    leader = nodes[(nodes.indexOf(old) + 1) % nodes.length] as string;
    const at = shake.startS + 1.3;
    result.push({
      records: [
        record(leader, at - 0.2, role('pre-candidate', wasTerm, null)),
        record(leader, at - 0.1, role('candidate', term, null)),
        record(leader, at, role('leader', term, leader)),
        ...nodes
          .filter((node) => node !== leader && node !== old)
          .map((node) => record(node, at + 0.01, role('follower', term, leader))),
        record(old, shake.endS + 0.05, role('follower', term, leader)),
      ],
    });
  }
  return result;
}

function sampleTest(
  seed: number,
  nodes: readonly string[],
  concurrency: number,
  verdict: VerdictWord,
  random: Random,
): ReportedTest {
  return {
    format: 'shaketable-test',
    version: 1,
    shaketableVersion: '0.1.0',
    gitRevision: 'a1b2c3d',
    startedAt: '2026-03-01T02:15:00.000Z',
    commandLine: `shaketable run raft register --nemesis partition,kill,pause,clock,lossy --seed ${seed}`,
    system: 'raft',
    workload: 'register',
    cluster: 'sim',
    nemeses: ['partition', 'kill', 'pause', 'clock', 'lossy'],
    nodes: [...nodes],
    concurrency,
    rate: 50,
    timeLimitS: RUN_S,
    quietS: 5,
    nemesisIntervalS: FAULT_EVERY_S,
    operationTimeoutMs: 1000,
    seed,
    bugs: verdict === 'invalid' ? ['read-without-read-index'] : [],
    systemOptions: { electionTimeoutMs: 150, snapshotEvery: random.integer(100, 1000) },
    workloadOptions: { keys: KEYS, unique: true },
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [verdict = 'invalid', operations = '3000', dressing = 'hostile'] = process.argv.slice(2);
  process.stdout.write(
    buildReport(
      sampleRun({
        verdict: verdict as VerdictWord,
        operations: Number(operations),
        hostile: dressing === 'hostile',
      }),
    ),
  );
}
