/** `shaketable fleet collect`: what a fleet judged, as the folder that `shaketable sweep` makes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SeedRecord } from '../../sweep/ledger.ts';
import { outcomeOf } from '../../sweep/outcome.ts';
import { interruptOnSignal } from '../interrupt.ts';
import type { ScreenOutput } from '../output.ts';
import { SweepFolder } from '../sweep-folder.ts';
import { SweepLive } from '../sweep-live.ts';
import { sumUp } from '../sweep-summary.ts';
import { unpackRun } from './archive.ts';
import { codeText } from './code.ts';
import { connect, redisUrl } from './redis.ts';
import { FleetStore } from './store.ts';
import { SweepWatch } from './watch.ts';

export interface CollectOptions {
  readonly redis?: string;
  readonly results: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

const POLL_INTERVAL_MS = 1000;

/** @returns the exit code of the sweep: 2 while it is not finished */
export async function collect(
  id: string | undefined,
  { redis: url, results, wait = false, json = false }: CollectOptions,
  output: ScreenOutput,
): Promise<number> {
  const store = new FleetStore(await connect(redisUrl(url), { isPatient: wait }));
  const watch = new SweepWatch(store, await store.open(id));
  const { sweep, records } = watch;
  const folder = SweepFolder.collect(join(results, sweep.id), sweep.header);
  const interrupt = interruptOnSignal(output, 'what there is by now is collected');
  const live = new SweepLive(output, sweep.header);
  const bring = new Bringing(store, watch, folder);
  output.note(`${sweep.id}: ${sweep.header.cells.length} cells, ${folder.path}`);
  let isTold = false;
  for (;;) {
    await watch.update();
    await bring.newRecords();
    if (wait) live.show(records, (cell) => watch.progressOf(cell), true);
    if (watch.isFinished || !wait || interrupt.requested) break;
    const { waiting, running } = await watch.jobs();
    if (!isTold && waiting > 0 && running === 0) {
      isTold = true;
      for (const [kind, count] of await watch.workers())
        if (count === 0) output.note(`waits for workers of ${codeText(sweep.code)}${kind === 'real' ? ' with --real-time' : ''}`); // prettier-ignore
    }
    if (waiting + running === 0) {
      // The last ones may have ended since.
      await watch.update();
      await bring.newRecords();
      if (!watch.isFinished) output.note('no job is left, and seeds are missing');
      break;
    }
    await delay(POLL_INTERVAL_MS);
  }
  interrupt.letSignalsEnd();
  if (watch.isFinished) folder.removeUnrecorded();
  const outcome = outcomeOf(sweep.header, folder.records, watch.isFinished);
  live.end(outcome);
  folder.close();
  if (bring.elsewhere > 0) output.note(`${bring.elsewhere} runs stayed with their workers: too large for Redis, or in a --results that is not this one`); // prettier-ignore
  await watch.close();
  store.redis.disconnect();
  return sumUp(folder, outcome, output, json);
}

/** Records and runs, from Redis to the folder. */
class Bringing {
  /** Runs that are neither in Redis nor in the folder. */
  elsewhere = 0;
  readonly #store: FleetStore;
  readonly #watch: SweepWatch;
  readonly #folder: SweepFolder;
  readonly #places: ReadonlyMap<string, number>;
  readonly #there: Set<string>;
  #done = 0;

  constructor(store: FleetStore, watch: SweepWatch, folder: SweepFolder) {
    this.#store = store;
    this.#watch = watch;
    this.#folder = folder;
    this.#places = new Map(watch.sweep.header.cells.map(({ key }, place) => [key, place]));
    this.#there = new Set(folder.records.map(nameOf));
  }

  async newRecords(): Promise<void> {
    for (const record of this.#watch.records.slice(this.#done)) {
      if (!this.#there.has(nameOf(record))) this.#folder.record(await this.#withRun(record));
      this.#done++;
    }
  }

  async #withRun(record: SeedRecord): Promise<SeedRecord> {
    if (record.directory === null) return record;
    const target = join(this.#folder.path, record.directory);
    const place = this.#places.get(record.cell) ?? -1;
    const zip = await this.#store.run(this.#watch.sweep.id, place, record.seed);
    if (zip !== null) unpackRun(zip, target);
    else if (!existsSync(target)) {
      this.elsewhere++;
      return { ...record, directory: null, again: `npx shaketable run ${record.cell} --seed ${record.seed}` };
    }
    return record;
  }
}

const nameOf = ({ cell, seed }: SeedRecord): string => `${seed} ${cell}`;
