/** `shaketable triage`: which failures of many runs are new, which somebody has accepted, and which do not come any more. */
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { type Accepted, BASELINE_FILE, EMPTY_BASELINE, isSignature } from '../../results/triage/baseline.ts';
import { type FailureGroup, type Triage, triage } from '../../results/triage/triage.ts';
import { type FoundRuns, readRuns } from '../../results/triage/triaged-runs.ts';
import { EXIT, HarnessError } from '../errors.ts';
import { readBaseline, writeBaseline } from './baseline-file.ts';
import type { CommandContext } from './command-context.ts';
import { unknownName } from './names.ts';
import { type Output, wantsColour } from './output.ts';
import { collect } from './settings.ts';
import { parseSince } from './since.ts';
import { triageJson, triageText } from './triage-text.ts';

interface Options {
  readonly since?: string;
  readonly baseline?: string;
  readonly strict?: boolean;
  readonly withBugs?: boolean;
  readonly json?: boolean;
}

interface AcceptOptions {
  readonly reason: string;
  readonly baseline: string;
  readonly results: readonly string[];
  readonly unseen?: boolean;
  readonly withCompanions?: boolean;
}

const DEFAULT_FOLDER = 'results';
/** Runs between two redrawings of the live line. */
const PROGRESS_EVERY = 20;

const EXAMPLES = `
Examples:
  shaketable triage                                    all runs below results/
  shaketable triage results/sweeps/nightly-20261128T030000Z --json
  shaketable triage --since 24h --baseline main        against what main has accepted
  shaketable triage accept raft-register/linearizability/nonlinearizable/40cd42 --reason 'issue 214'
  shaketable triage forget raft-register/linearizability/nonlinearizable/40cd42

A failure is told by its signature, which is the same for other seeds. It is known when
${BASELINE_FILE} accepts it, else new. A baseline is a file, a git revision, or
REVISION:PATH.
Exit codes: 0 nothing new, 1 a new failure (with --strict also a known one), 2 no run was decided
(with --strict also when a run is unknown or cannot be read).`;

const ACCEPT_EXAMPLES = `
Examples:
  shaketable triage accept raft-register/linearizability/nonlinearizable/40cd42 --reason 'issue 214'
  shaketable triage accept SIGNATURE SIGNATURE --reason 'one cause, issue 215'

Writes ${BASELINE_FILE}, for review and commit. What is accepted again gets the new reason.`;

const FORGET_EXAMPLES = `
Examples:
  shaketable triage forget raft-register/linearizability/nonlinearizable/40cd42

The next time that it comes, it is new.`;

export function addTriageCommand(program: Command, { output, finish }: CommandContext): void {
  const command = program
    .command('triage')
    .description('sort failures of many runs: new, known, fixed')
    .argument('[folders...]', `with runs or sweeps below them (default: ${DEFAULT_FOLDER})`)
    .option('--since <time>', 'only runs from then on: 2026-11-27, 24h, 7d')
    .option('--baseline <file|revision>', `what is accepted (default: ${BASELINE_FILE}, if it is there)`)
    .option('--strict', 'known failures and what is unknown count, too, in the exit code')
    .option('--with-bugs', 'runs with planted bugs count, too')
    .option('--json', 'the result for machines, on standard output')
    .addHelpText('after', EXAMPLES)
    .action((folders: readonly string[], options: Options) => {
      finish(sortFailures(folders.length === 0 ? [DEFAULT_FOLDER] : folders, options, output));
    });
  command
    .command('accept')
    .description('write failures into the baseline: they are known from now on')
    .argument('<signatures...>', 'as triage prints them')
    .requiredOption('--reason <text>', 'why they are no reason to stop; an issue, a plan')
    .option('--baseline <file>', 'the file', BASELINE_FILE)
    .addOption(
      new Option('--results <folder>', 'where they were seen (may be repeated)')
        .argParser(collect)
        .default([], DEFAULT_FOLDER),
    )
    .option('--with-companions', 'also what never came without them: as a rule of one cause')
    .option('--unseen', 'also what no run here has')
    .addHelpText('after', ACCEPT_EXAMPLES)
    .action((signatures: readonly string[], options: AcceptOptions) => {
      accept(signatures, options, output);
      finish(EXIT.valid);
    });
  command
    .command('forget')
    .description('take failures out of the baseline')
    .argument('<signatures...>', 'as triage prints them')
    .option('--baseline <file>', 'the file', BASELINE_FILE)
    .addHelpText('after', FORGET_EXAMPLES)
    .action((signatures: readonly string[], options: Pick<AcceptOptions, 'baseline'>) => {
      forget(signatures, options.baseline, output);
      finish(EXIT.valid);
    });
}

function sortFailures(folders: readonly string[], options: Options, output: Output): number {
  const sinceMs = options.since === undefined ? null : parseSince(options.since, Date.now());
  const { baseline, source } = readBaseline(options.baseline);
  const { runs, problems } = readAll(folders, output);
  if (runs.length === 0 && problems.length === 0) {
    throw new HarnessError('usage', `no runs below ${folders.join(', ')}: name the folder of --results`);
  }
  const report = triage({ runs, baseline, sinceMs, withBugs: options.withBugs === true });
  const told = { report, problems, folders, sinceMs, baseline: source, colour: wantsColour() };
  output.print(options.json === true ? JSON.stringify(triageJson(told), null, 2) : triageText(told));
  return exitCodeOf(report, problems.length, options.strict === true);
}

function readAll(folders: readonly string[], output: Output): FoundRuns {
  const missing = folders.find((folder) => !existsSync(folder));
  if (missing !== undefined)
    throw new HarnessError('usage', `${missing} does not exist: name the folder of --results`);
  return readRuns(folders, (count) => {
    if (count % PROGRESS_EVERY === 0) output.live(`reading runs: ${count}`);
  });
}

function exitCodeOf({ groups, counts }: Triage, problems: number, isStrict: boolean): number {
  const isFailed = groups.some(({ state }) => isStrict || state === 'new');
  if (isFailed) return EXIT.invalid;
  const isUnknown = counts.valid + counts.invalid === 0;
  const leaves = counts.unknown + counts.undecided + problems;
  return isUnknown || (isStrict && leaves > 0) ? EXIT.unknown : EXIT.valid;
}

function accept(signatures: readonly string[], options: AcceptOptions, output: Output): void {
  const wrong = signatures.find((signature) => !isSignature(signature));
  if (wrong !== undefined) {
    throw new HarnessError(
      'usage',
      `${wrong} is no signature: wants SYSTEM-WORKLOAD/CHECKER/ANOMALY/HASH, as triage prints it`,
    );
  }
  const reason = options.reason.trim();
  if (reason === '') throw new HarnessError('usage', '--reason is empty: say why the failure is accepted');
  const file = options.baseline;
  const known = existsSync(file) ? readBaseline(file).baseline : EMPTY_BASELINE;
  const seen = seenIn(options.results);
  const acceptedAt = new Date().toISOString();
  const baseline = new Map(known);
  const accepted = new Set<string>();
  for (const signature of signatures) {
    const group = seen.get(signature);
    if (group === undefined && options.unseen !== true && !known.has(signature)) {
      const { message } = unknownName('failure', [...seen.keys()], signature);
      throw new HarnessError(
        'usage',
        `${message} (--unseen accepts what no run here has, --results says where runs are)`,
      );
    }
    accepted.add(signature);
    if (options.withCompanions !== true) continue;
    for (const each of seen.values()) if (each.companionOf === signature) accepted.add(each.signature);
  }
  for (const signature of accepted) {
    const details = detailsOf(seen.get(signature));
    baseline.set(signature, { ...known.get(signature), ...details, signature, reason, acceptedAt });
  }
  writeBaseline(file, baseline);
  output.print(`${file}: accepted ${[...accepted].join(', ')}`);
}

/** By signature: what came without planted bugs, and what came with them alone. */
function seenIn(folders: readonly string[]): ReadonlyMap<string, FailureGroup> {
  const places = (folders.length === 0 ? [DEFAULT_FOLDER] : folders).filter((folder) => existsSync(folder));
  const { runs } = readRuns(places);
  const groups = [true, false].flatMap(
    (withBugs) => triage({ runs, baseline: EMPTY_BASELINE, sinceMs: null, withBugs }).groups,
  );
  return new Map(groups.map((group) => [group.signature, group]));
}

function detailsOf(group: FailureGroup | undefined): Partial<Accepted> {
  if (group === undefined) return {};
  const { shape, explanation, rates } = group;
  const sum = (count: 'failures' | 'runs'): number => rates.reduce((all, rate) => all + rate[count], 0);
  const nemeses = rates.map(({ nemesis }) => nemesis).sort();
  return {
    ...{ shape, explanation, failures: sum('failures'), runs: sum('runs') },
    // Where it came from plans alone, what was known stays.
    ...(nemeses.length > 0 ? { nemeses } : {}),
  };
}

function forget(signatures: readonly string[], file: string, output: Output): void {
  const baseline = new Map(readBaseline(file).baseline);
  for (const signature of signatures) {
    if (!baseline.delete(signature)) throw unknownName('accepted failure', [...baseline.keys()], signature);
  }
  writeBaseline(file, baseline);
  output.print(`${file}: forgot ${signatures.join(', ')}`);
}
