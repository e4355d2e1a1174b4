/** `shaketable fleet submit`: the seeds of a plan as jobs, for the workers of a fleet. */
import { timeInName } from '../../../results/run-directory.ts';
import { EXIT, HarnessError } from '../../errors.ts';
import { counted } from '../../sweep/summaries.ts';
import { parseNumber } from '../numbers.ts';
import type { ScreenOutput } from '../output.ts';
import { headerOfPlan } from '../sweep-header.ts';
import { codeHere, codeText, isChanged } from './code.ts';
import { jobOf, kindOf, openQueues } from './queues.ts';
import { firstRanges } from './ranges.ts';
import { redisUrl, shownUrl } from './redis.ts';
import { type FleetStore, type FleetSweep, withStore } from './store.ts';

export interface SubmitOptions {
  readonly redis?: string;
  readonly range: string;
}

const JOBS_AT_ONCE = 500;
/** Sweeps of one name in one second. */
const NAME_ATTEMPTS = 100;

export async function submit(
  planFile: string,
  options: SubmitOptions,
  output: ScreenOutput,
): Promise<number> {
  const url = redisUrl(options.redis);
  const rangeSeeds = parseNumber('--range', options.range, { integer: true, min: 1, max: 10_000 });
  const header = await headerOfPlan(planFile, null, false);
  const code = codeHere(header.cells);
  return withStore(url, { isPatient: false }, async (store) => {
    const sweep = await create(store, { header, code, rangeSeeds });
    const count = await addJobs(store, sweep);
    output.note(
      `${counted(header.cells.length, 'cell')}, ${counted(count, 'job')} at ${shownUrl(url)}, for workers of ${codeText(code)}`,
    );
    if (isChanged(code))
      output.note('this checkout has changes that its revision does not tell: workers may run other code');
    if (header.cells.some(({ isRealTime }) => isRealTime))
      output.note('cells in real time are run by workers with --real-time alone');
    output.print(sweep.id);
    return EXIT.valid;
  });
}

async function addJobs(store: FleetStore, sweep: FleetSweep): Promise<number> {
  const { header, rangeSeeds, id } = sweep;
  let count = 0;
  for (const [kind, queue] of openQueues(sweep, store.redis)) {
    const jobs = header.cells.flatMap((cell, place) =>
      kindOf(cell) === kind
        ? firstRanges(cell, rangeSeeds).map((range) => jobOf({ sweep: id, place, ...range }))
        : [],
    );
    for (let i = 0; i < jobs.length; i += JOBS_AT_ONCE) await queue.addBulk(jobs.slice(i, i + JOBS_AT_ONCE));
    count += jobs.length;
    await queue.close();
  }
  return count;
}

async function create(store: FleetStore, sweep: Omit<FleetSweep, 'id'>): Promise<FleetSweep> {
  const name = `${sweep.header.name}-${timeInName(new Date(sweep.header.startedAt))}`;
  for (let attempt = 1; attempt <= NAME_ATTEMPTS; attempt++) {
    const whole = { id: attempt === 1 ? name : `${name}-${attempt}`, ...sweep };
    if (await store.create(whole)) return whole;
  }
  throw new HarnessError('io', `${NAME_ATTEMPTS} sweeps of the name ${name} were submitted already`);
}
