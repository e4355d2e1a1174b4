/**
 * `shaketable fleet worker`: takes ranges of seeds, runs them on the cores of this machine, and records what came of each.
 *
 * What survives what:
 * - Its death at any moment: a job that it does not renew is given to another worker, which runs the seeds that have no record.
 * - That of a process that runs a seed: the seed is run once more, and once more again on any machine, before it is an error.
 * - Redis going away for a while: it is waited for.
 */
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { type Job, WaitingError, Worker } from 'bullmq';
import { EXIT } from '../../errors.ts';
import type { Cell } from '../../sweep/cells.ts';
import type { SeedRecord } from '../../sweep/ledger.ts';
import { interruptOnSignal, type SignalInterrupt } from '../interrupt.ts';
import { MIB_BYTES, parseNumber } from '../numbers.ts';
import type { ScreenOutput } from '../output.ts';
import { SweepPool } from '../sweep-pool.ts';
import { packRun } from './archive.ts';
import { codesHere, codeText, type JobKind, queueOf } from './code.ts';
import { Machine } from './machine.ts';
import { joinFolder } from './own-folder.ts';
import { ATTEMPTS, jobOf, openQueue, PREFIX, type RangeJob } from './queues.ts';
import { rangeAfter } from './ranges.ts';
import { redisUrl, shownUrl } from './redis.ts';
import { type CellSoFar, type FleetStore, type FleetSweep, withStore } from './store.ts';

export interface WorkerOptions {
  readonly redis?: string;
  readonly concurrency: string;
  readonly realTime?: boolean;
  /** Seen by who collects; absent: runs go through Redis. */
  readonly results?: string;
  readonly maxRunMib: string;
  readonly lostAfter: string;
}

/** Where runs are before they go through Redis: where `collect` puts them unless told otherwise, as reports say. */
const OWN_RESULTS = 'results/sweeps';
/** How many workers may die with one job before it counts as failed: it may be what kills them. */
const MAX_STALLED = 5;
const LOOK_AROUND_MS = 15_000;

export async function work(options: WorkerOptions, output: ScreenOutput): Promise<number> {
  const url = redisUrl(options.redis);
  const concurrency = parseNumber('--concurrency', options.concurrency, { integer: true, min: 1, max: 256 });
  const maxRunBytes = parseNumber('--max-run-mib', options.maxRunMib, { max: 500 }) * MIB_BYTES;
  const lockDuration = 1000 * parseNumber('--lost-after', options.lostAfter, { min: 1, max: 3600 });
  return withStore(url, { isPatient: true }, async (store) => {
    const isOwnFolder = resolve(options.results ?? OWN_RESULTS) === resolve(OWN_RESULTS);
    const lock = isOwnFolder ? await joinFolder(OWN_RESULTS, store) : null;
    const interrupt = interruptOnSignal(output, 'seeds in hand are let end');
    const pool = new SweepPool(concurrency);
    const judge = new Judge({
      store,
      pool,
      interrupt,
      output,
      maxRunBytes,
      sharedResults: options.results ?? null,
    });
    const name = `${hostname()}-${process.pid}`;
    const kinds: readonly JobKind[] = options.realTime === true ? ['sim', 'real'] : ['sim'];
    const codes = codesHere();
    const queues = codes.flatMap((code) => kinds.map((kind) => [queueOf(code, kind), kind] as const));
    const workers = queues.map(
      ([queue, kind]) =>
        new Worker<RangeJob>(queue, (job, token) => judge.range(job, token ?? ''), {
          connection: store.redis,
          prefix: PREFIX,
          name,
          concurrency: kind === 'real' ? 1 : concurrency,
          lockDuration,
          stalledInterval: lockDuration,
          maxStalledCount: MAX_STALLED,
        }),
    );
    tellTroubles(workers, output);
    output.note(`${name}: ${concurrency} at once, ${codes.slice(0, 1).map(codeText).join('')}, ${shownUrl(url)}; Ctrl-C ends it`); // prettier-ignore
    const lookAround = lookForOthers(store, new Set(queues.map(([queue]) => queue)), output);
    await new Promise<void>((resolve) => interrupt.onRequest(resolve));
    clearInterval(lookAround);
    await Promise.all(workers.map((worker) => worker.close()));
    interrupt.letSignalsEnd();
    pool.end();
    lock?.release();
    output.print(`${judge.count} seeds judged`);
    return EXIT.valid;
  });
}

interface JudgeOptions {
  readonly store: FleetStore;
  readonly pool: SweepPool;
  readonly interrupt: SignalInterrupt;
  readonly output: ScreenOutput;
  readonly maxRunBytes: number;
  readonly sharedResults: string | null;
}

class Judge {
  readonly store: FleetStore;
  /** Seeds whose records counted. */
  count = 0;
  readonly #options: JudgeOptions;
  readonly #machine: Machine;
  readonly #sweeps = new Map<string, FleetSweep>();

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.store = options.store;
    this.#machine = new Machine(options.pool.size);
  }

  /** The seeds of a job that have no record. @throws what BullMQ tries again */
  async range(job: Job<RangeJob>, token: string): Promise<void> {
    const { sweep: id, place, first, last } = job.data;
    if (!(await this.store.isThere(id))) return;
    const sweep = await this.#sweep(id);
    const cell = sweep.header.cells[place];
    if (cell === undefined) throw new Error(`the sweep ${id} has no cell ${place}`);
    for (let seed = first; seed <= last; seed++) {
      if (await this.store.isRecorded(id, place, seed)) continue;
      if (isOver(cell, await this.store.cell(id, place))) return;
      if (this.#options.interrupt.requested) {
        await job.moveToWait(token);
        throw new WaitingError();
      }
      await this.#seed(sweep, place, seed, job.attemptsMade + 1 >= ATTEMPTS);
    }
    const next = rangeAfter(cell, sweep.rangeSeeds, job.data);
    if (next === null || isOver(cell, await this.store.cell(id, place))) return;
    const queue = openQueue(sweep, cell.isRealTime ? 'real' : 'sim', this.store.redis);
    const { name, data, opts } = jobOf({ sweep: id, place, ...next });
    await queue.add(name, data, opts);
    await queue.close();
  }

  async #sweep(id: string): Promise<FleetSweep> {
    const known = this.#sweeps.get(id);
    if (known !== undefined) return known;
    const sweep = await this.store.open(id);
    this.#sweeps.set(id, sweep);
    return sweep;
  }

  async #seed(sweep: FleetSweep, place: number, seed: number, isLastAttempt: boolean): Promise<void> {
    const { pool, sharedResults, output } = this.#options;
    const { cells, keep } = sweep.header;
    const cell = cells[place] as Cell;
    const folder = join(sharedResults ?? OWN_RESULTS, sweep.id);
    const run = (): Promise<SeedRecord> => pool.run({ cell, seed, folder, keep });
    const record = await (cell.isRealTime ? this.#machine.own(run) : this.#machine.share(run));
    // It may be this machine's: another one gets a try.
    if (record.outcome === 'error' && !isLastAttempt) throw new Error(`seed ${seed}: ${record.why ?? ''}`);
    const directory = record.directory === null ? null : join(folder, record.directory);
    const zip = directory === null || sharedResults !== null ? null : this.#pack(directory, cell, seed);
    if (await this.store.record(sweep.id, place, record, zip)) {
      this.count++;
      if (record.outcome !== 'valid')
        output.note(`${record.outcome}  ${cell.key} --seed ${seed}  ${record.why ?? ''}`);
      output.live(`${this.count} seeds judged; ${sweep.id}`);
    } else if (directory !== null && zip === null) rmSync(directory, { recursive: true, force: true });
  }

  /** Gone from here before the record is made: who collects may put it at the same place. */
  #pack(directory: string, cell: Cell, seed: number): Buffer | null {
    const { maxRunBytes, output } = this.#options;
    const zip = packRun(directory, maxRunBytes);
    if (zip === null)
      output.note(`too large for Redis, and left in ${directory}: ${cell.key} --seed ${seed} (--max-run-mib, or --results that all see)`); // prettier-ignore
    else rmSync(directory, { recursive: true, force: true });
    return zip;
  }
}

/** No further seed of the cell begins: its bug is found, or its time is used up. */
function isOver({ expect, budgetS }: Cell, { isFound, tookMs }: CellSoFar): boolean {
  return (expect === 'invalid' && isFound) || (budgetS !== null && tookMs >= budgetS * 1000);
}

function tellTroubles(workers: readonly Worker<RangeJob>[], output: ScreenOutput): void {
  let last = '';
  const tell = (text: string): void => {
    // Each of many connections says it, again and again.
    if (text !== last) output.note(text);
    last = text;
  };
  for (const worker of workers) {
    worker.on('error', (error) => tell(`Redis: ${error.message || String(error)}; it is tried again`));
    worker.on('failed', (job, error) => tell(`job ${job?.id ?? ''}: ${error.message}`));
    worker.on('stalled', (id) => tell(`job ${id} of a worker that is gone is done again`));
  }
}

/** Says once of each sweep that this worker cannot help with why that is so. */
function lookForOthers(store: FleetStore, own: ReadonlySet<string>, output: ScreenOutput): NodeJS.Timeout {
  const told = new Set<string>();
  const look = async (): Promise<void> => {
    for (const id of await store.ids()) {
      if (told.has(id)) continue;
      const sweep = await store.open(id);
      if (own.has(queueOf(sweep.code, 'sim'))) continue;
      const queue = openQueue(sweep, 'sim', store.redis);
      const waiting = await queue.getWaitingCount();
      await queue.close();
      if (waiting === 0) continue;
      told.add(id);
      output.note(`${id} waits for workers of ${codeText(sweep.code)}: this is another`);
    }
  };
  const attempt = (): void => void look().catch(() => undefined);
  attempt();
  return setInterval(attempt, LOOK_AROUND_MS);
}
