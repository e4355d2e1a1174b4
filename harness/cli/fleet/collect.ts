/** `shaketable fleet collect`: what a fleet judged, as the folder that `shaketable sweep` makes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SeedRecord } from '../../sweep/ledger.ts';
import { outcomeOf } from '../../sweep/outcome.ts';
import { counted } from '../../sweep/summaries.ts';
import { interruptOnSignal } from '../interrupt.ts';
import type { ScreenOutput } from '../output.ts';
import { SweepFolder } from '../sweep-folder.ts';
import { SweepLive } from '../sweep-live.ts';
import { sumUp } from '../sweep-summary.ts';
import { unpackRun } from './archive.ts';
import { codeText } from './code.ts';
import { isPlaceOfRun, ownPlace } from './places.ts';
import { type FleetStore, withStore } from './store.ts';
import { SweepWatch } from './watch.ts';

export interface CollectOptions {
  readonly redis?: string;
  readonly results: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

const POLL_INTERVAL_MS = 1000;
/** Seeds in hand when nothing is missing any more are waited for so long: their worker may be gone. */
const IN_HAND_POLLS = 60;

/** @returns the exit code of the sweep: 2 while it is not finished */
export async function collect(
  id: string | undefined,
  options: CollectOptions,
  output: ScreenOutput,
): Promise<number> {
  const { redis, wait = false } = options;
  return withStore(redis, { isPatient: wait }, async (store) => {
    const watch = new SweepWatch(store, await store.open(id));
    const { header } = watch.sweep;
    const folder = SweepFolder.collect(join(options.results, watch.sweep.id), header);
    output.note(`${watch.sweep.id}: ${counted(header.cells.length, 'cell')}, ${folder.path}`);
    const bring = new Bringing(store, watch, folder);
    const live = new SweepLive(output, header);
    await follow(watch, bring, wait, live, output);
    // In a folder that all see a worker may be at one of them.
    if (watch.isFinished && !watch.isRunning) folder.removeUnrecorded();
    const outcome = outcomeOf(header, folder.records, watch.isFinished);
    live.end(outcome);
    folder.close();
    if (bring.elsewhere > 0)
      output.note(`${bring.elsewhere} runs stayed with their workers: too large for Redis, or in a --results that is not this one`); // prettier-ignore
    if (bring.refused > 0)
      output.note(`${counted(bring.refused, 'run')} left out: their places in Redis are none of runs/SYSTEM-WORKLOAD/RUN`); // prettier-ignore
    await watch.close();
    return sumUp(folder, outcome, output, options.json === true);
  });
}

/** Until all is done where `wait` says so, nobody pressed Ctrl-C, and jobs are left. */
async function follow(
  watch: SweepWatch,
  bring: Bringing,
  wait: boolean,
  live: SweepLive,
  output: ScreenOutput,
): Promise<void> {
  const interrupt = interruptOnSignal(output, 'what there is by now is collected');
  let [isTold, isDrained, polls] = [false, false, 0];
  for (;;) {
    await watch.update();
    await bring.newRecords();
    if (wait) live.show(bring.records, (cell) => watch.progressOf(cell), true);
    if (!wait || interrupt.requested) break;
    if (watch.isFinished && (!watch.isRunning || polls++ >= IN_HAND_POLLS)) break;
    if (isDrained && !watch.isFinished) {
      output.note('no job is left, and seeds are missing');
      break;
    }
    const { waiting, running } = await watch.jobsOfAll();
    // The last ones may have ended since.
    isDrained = waiting + running === 0;
    if (!isTold && waiting > 0 && running === 0) {
      isTold = true;
      for (const [kind, count] of await watch.workers())
        if (count === 0)
          output.note(`waits for workers of ${codeText(watch.sweep.code)}${kind === 'real' ? ' with --real-time' : ''}`); // prettier-ignore
    }
    await delay(POLL_INTERVAL_MS);
  }
  interrupt.letSignalsEnd();
}

/** Records and runs, from Redis to the folder. */
class Bringing {
  /** Runs that are neither in Redis nor in the folder. */
  elsewhere = 0;
  /** Runs whose records name a place that is none of a run. */
  refused = 0;
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

  /** As they are in the folder. */
  get records(): readonly SeedRecord[] {
    return this.#folder.records;
  }

  async newRecords(): Promise<void> {
    for (const record of this.#watch.records.slice(this.#done)) {
      if (!this.#there.has(nameOf(record))) this.#folder.record(await this.#withRun(record));
      this.#done++;
    }
  }

  async #withRun(record: SeedRecord): Promise<SeedRecord> {
    if (record.directory === null) return record;
    const again = `run ${record.cell} --seed ${record.seed}`;
    const without = { ...record, directory: null, again: `npx shaketable ${again}` };
    if (!isPlaceOfRun(record.directory)) {
      this.refused++;
      return without;
    }
    const place = this.#places.get(record.cell) ?? -1;
    const zip = await this.#store.run(this.#watch.sweep.id, place, record.seed);
    const directory = ownPlace(this.#folder.path, record.directory, `shaketable ${again}`);
    if (zip !== null) {
      unpackRun(zip, join(this.#folder.path, directory));
      return { ...record, directory };
    }
    if (directory === record.directory && existsSync(join(this.#folder.path, directory))) return record;
    this.elsewhere++;
    return without;
  }
}

const nameOf = ({ cell, seed }: SeedRecord): string => `${seed} ${cell}`;
