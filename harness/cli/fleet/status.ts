/** `shaketable fleet status`: how far a sweep of a fleet is, and who works on it. */
import { EXIT } from '../../errors.ts';
import { outcomeOf } from '../../sweep/outcome.ts';
import { sweepTable } from '../../sweep/table.ts';
import type { ScreenOutput } from '../output.ts';
import { codeText } from './code.ts';
import { withStore } from './store.ts';
import { SweepWatch } from './watch.ts';

/** Of a table that goes into a file or a pipe, too. */
const TABLE_COLUMNS = 120;

export async function status(
  id: string | undefined,
  options: { readonly redis?: string; readonly json?: boolean },
  output: ScreenOutput,
): Promise<number> {
  const { watch, jobs, workers, others } = await withStore(
    options.redis,
    { isPatient: false },
    async (store) => {
      const watched = new SweepWatch(store, await store.open(id));
      await watched.update();
      const told = {
        watch: watched,
        jobs: await watched.jobs(),
        workers: Object.fromEntries(await watched.workers()),
        others: (await store.ids()).filter((each) => each !== watched.sweep.id),
      };
      await watched.close();
      return told;
    },
  );
  const { sweep, records, isFinished } = watch;
  const { cells } = outcomeOf(sweep.header, records, true);
  const rows = cells.map((outcome) => ({
    outcome,
    ...watch.progressOf(outcome.cell),
    rate: null,
    leftS: null,
  }));
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
