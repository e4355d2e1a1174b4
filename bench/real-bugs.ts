/**
 * Bugs in real time: those that need a real disk, a real network or a real clock to be believed, found on child processes and in
 * containers; and the correct node under the same faults, for as long as one likes.
 *
 *     npm run bugs:real -- process                     find every bug in child processes
 *     npm run bugs:real -- process docker --write      … in both, and write docs/bugs-in-real-time.md
 *     npm run bugs:real -- docker stale-read           only this one
 *     npm run bugs:real -- process --correct 60        the correct node, an hour in portions of half a minute
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CLUSTER_KINDS } from '../harness/cluster/capabilities.ts';
import { checkersThat, type Run, sweep } from './bugs.ts';

const ROOT = join(import.meta.dirname, '..');
/** Runs of {@link TIME_LIMIT_S} until a bug must have been found: a few minutes. */
const RUNS_MAX = 8;
const TIME_LIMIT_S = 20;
const QUIET_S = 2;
const CORRECT_TIME_LIMIT_S = 30;

interface RealBug {
  readonly name: string;
  /** What is added to `shaketable run raft register --cluster KIND`. */
  readonly arguments: string;
}

export const REAL_BUGS: readonly RealBug[] = [
  { name: 'ack-before-fsync', arguments: '--nemesis power-loss --nemesis-interval 1 --bug ack-before-fsync' },
  {
    name: 'stale-read',
    arguments: '--nemesis partition-leader --nemesis-interval 1 --option checkQuorum=false --bug stale-read',
  },
  {
    name: 'vote-not-persisted',
    arguments: '--nemesis partition,kill --nemesis-interval 1 --bug vote-not-persisted',
  },
  {
    name: 'ack-before-commit',
    arguments: '--nemesis partition,kill --nemesis-interval 1 --bug ack-before-commit',
  },
];

/** All faults that every cluster in real time can inject into our nodes. */
const CORRECT_ARGUMENTS = '--nemesis partition,kill,power-loss,pause,clock,links';

type Kind = 'process' | 'docker';

export function commandOf(kind: Kind, { arguments: args }: Pick<RealBug, 'arguments'>): string {
  return `shaketable run raft register --cluster ${kind} ${args} --time-limit ${TIME_LIMIT_S} --quiet ${QUIET_S}`;
}

export function correctCommandOf(kind: Kind): string {
  return `shaketable run raft register --cluster ${kind} ${CORRECT_ARGUMENTS} --time-limit ${CORRECT_TIME_LIMIT_S} --quiet ${QUIET_S}`;
}

interface Found {
  readonly kind: Kind;
  readonly bug: RealBug;
  readonly run: Run | undefined;
  readonly runs: number;
  readonly wallS: number;
}

export async function findReal(kind: Kind, bug: RealBug): Promise<Found> {
  const { runs, wallS } = await sweep(commandOf(kind, bug), RUNS_MAX);
  return { kind, bug, run: runs.find(({ valid }) => valid === false), runs: runs.length, wallS };
}

function page(found: readonly Found[]): string {
  const rows = found.map(({ kind, bug, run, runs, wallS }) => {
    const by = run === undefined ? 'not found' : checkersThat(run);
    return `| \`${bug.name}\` | ${kind} | ${runs} | ${wallS.toFixed(0)} s | ${by} |`;
  });
  const commands = [...new Set(found.map(({ kind, bug }) => `    ${commandOf(kind, bug)}`))];
  return `# Bugs in real time

Found on real processes with real sockets, fsync and signals, by the commands below. [bugs.md](bugs.md) has what each bug is, and the whole
catalogue in simulation. This page is written by \`npm run bugs:real -- process docker --write\`; seconds are of the machine that
wrote it, for all runs of ${TIME_LIMIT_S} seconds up to the one that failed. A run in real time is not the same twice: where the first
does not find it, the next will.

| bug | cluster | runs | after | found by |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

${commands.join('\n')}

The correct node passes under \`${CORRECT_ARGUMENTS}\`: \`npm run bugs:real -- process --correct 60\` runs it for an
hour, in portions of ${CORRECT_TIME_LIMIT_S} seconds.
`;
}

async function findAll(kinds: readonly Kind[], bugs: readonly RealBug[], write: boolean): Promise<boolean> {
  const found: Found[] = [];
  for (const kind of kinds) {
    for (const bug of bugs) {
      const one = await findReal(kind, bug);
      found.push(one);
      const what = one.run === undefined ? 'NOT FOUND' : checkersThat(one.run);
      console.log(
        `${kind.padEnd(8)} ${bug.name.padEnd(20)} ${one.runs} runs ${one.wallS.toFixed(0).padStart(4)} s  ${what}`,
      );
    }
  }
  if (write) {
    const path = join(ROOT, 'docs/bugs-in-real-time.md');
    writeFileSync(path, page(found));
    spawnSync('npx', ['prettier', '--write', path]);
  }
  return found.every(({ run }) => run !== undefined);
}

async function passAll(kinds: readonly Kind[], minutes: number): Promise<boolean> {
  let succeeded = true;
  for (const kind of kinds) {
    const command = correctCommandOf(kind);
    const count = Math.max(1, Math.ceil((minutes * 60) / CORRECT_TIME_LIMIT_S));
    const { runs, wallS } = await sweep(command, count, ['--keep-going']);
    const of = (valid: Run['valid']): readonly Run[] => runs.filter((run) => run.valid === valid);
    console.log(
      `${command}\n    ${runs.length} runs, ${of(true).length} valid, ${of(false).length} invalid, ${of('unknown').length} unknown, ${wallS.toFixed(0)} s`,
    );
    for (const run of [...of(false), ...of('unknown')]) {
      const reason = run.verdicts.find(({ valid }) => valid === 'unknown')?.reason;
      console.log(`    seed ${run.seed}: ${run.valid === false ? checkersThat(run) : (reason ?? '')}`);
    }
    succeeded &&= of(false).length === 0 && runs.length === count;
  }
  return succeeded;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { write: { type: 'boolean', default: false }, correct: { type: 'string' } },
    allowPositionals: true,
  });
  const kinds = positionals.filter((word): word is Kind => word === 'process' || word === 'docker');
  const names = positionals.filter((word) => !(CLUSTER_KINDS as readonly string[]).includes(word));
  const bugs = REAL_BUGS.filter(({ name }) => names.length === 0 || names.includes(name));
  if (kinds.length === 0 || bugs.length === 0) {
    console.error(
      `usage: npm run bugs:real -- process|docker … [BUG …] [--write] [--correct MINUTES]; bugs are ${REAL_BUGS.map(({ name }) => name).join(', ')}`,
    );
    process.exit(64);
  }
  const succeeded =
    values.correct === undefined
      ? await findAll(kinds, bugs, values.write)
      : await passAll(kinds, Number(values.correct));
  if (!succeeded) process.exitCode = 1;
}

/** `npm run bench real-bugs`: the quick half. */
export async function run(): Promise<void> {
  await findAll(['process'], REAL_BUGS, false);
}

if (import.meta.main) await main();
