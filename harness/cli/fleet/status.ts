/** `shaketable fleet status`: how far a sweep of a fleet is, and who works on it. */
import { EXIT } from '../../errors.ts';
import { outcomeOf } from '../../sweep/outcome.ts';
import { sweepTable } from '../../sweep/table.ts';
import type { ScreenOutput } from '../output.ts';
import { codeText } from './code.ts';
import { connect, redisUrl } from './redis.ts';
import { FleetStore } from './store.ts';
import { SweepWatch } from './watch.ts';

/** Of a table that goes into a file or a pipe, too. */
const TABLE_COLUMNS = 120;

export async function status(
  id: string | undefined,
  options: { readonly redis?: string; readonly json?: boolean },
  output: ScreenOutput,
): Promise<number> {
  const store = new FleetStore(await connect(redisUrl(options.redis), { isPatient: false }));
  const watch = new SweepWatch(store, await store.open(id));
  await watch.update();
  const [jobs, workers] = [await watch.jobs(), Object.fromEntries(await watch.workers())];
  const others = (await store.ids()).filter((each) => each !== watch.sweep.id);
  const { sweep, records, isFinished } = watch;
  const { cells } = outcomeOf(sweep.header, records, true);
  const rows = cells.map((outcome) => ({
    outcome,
    ...watch.progressOf(outcome.cell),
    rate: null,
    leftS: null,
  }));
  await watch.close();
  store.redis.disconnect();
  if (options.json === true) {
    const told = rows.map(({ outcome: { cell, counts }, seeds, isDone, running }) => ({ cell: cell.key, seeds, counts, running, isDone })); // prettier-ignore
    output.print(
      JSON.stringify(
        { id: sweep.id, ...sweep.code, isFinished, jobs, workers, cells: told, others },
        null,
        2,
      ),
    );
    return EXIT.valid;
  }
  const total = `${records.length} seeds judged · jobs: ${jobs.waiting} waiting, ${jobs.running} running`;
  output.print(`${sweep.id}: ${codeText(sweep.code)}`);
  const lines = sweepTable(rows, total, { columns: TABLE_COLUMNS, rows: Infinity });
  for (const line of lines) output.print(line);
  for (const [kind, count] of Object.entries(workers))
    output.print(
      `${count} worker${count === 1 ? '' : 's'} for ${kind === 'real' ? 'cells in real time' : 'simulated cells'}`,
    );
  if (isFinished) output.print(`finished: shaketable fleet collect ${sweep.id}`);
  if (others.length > 0) output.print(`others: ${others.join(', ')}`);
  return EXIT.valid;
}
