/**
 * Which seed of which cell is next. Seeds that a ledger has are done; cells take their turns in the plan's order, those in real time
 * at the end, one run at a time.
 *
 *     const schedule = new Schedule(cells, { shard: null, records });
 *     for (let job = schedule.next(); job !== null; job = schedule.next()) schedule.finished(await run(job));
 */
import type { Cell } from './cells.ts';
import type { SeedRecord } from './ledger.ts';

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

export interface Job {
  readonly cell: Cell;
  readonly seed: number;
}

interface Place {
  readonly cell: Cell;
  /** In the plan. */
  readonly place: number;
}

interface Track extends Place {
  /** Of this shard; null where a budget decides. */
  readonly seedCount: number | null;
  readonly done: Set<number>;
  readonly running: Set<number>;
  nextSeed: number;
  tookMs: number;
  isFound: boolean;
}

export class Schedule {
  private readonly tracks: readonly Track[];
  private readonly shard: Shard | null;

  constructor(
    cells: readonly Cell[],
    { shard, records }: { readonly shard: Shard | null; readonly records: readonly SeedRecord[] },
  ) {
    this.shard = shard;
    this.tracks = cells.map((cell, place) => ({
      cell,
      place,
      seedCount: this.countSeeds({ cell, place }),
      done: new Set(),
      running: new Set(),
      nextSeed: cell.seeds.first,
      tookMs: 0,
      isFound: false,
    }));
    for (const record of records) this.finished(record);
  }

  /** Null: nothing that could begin now. A run in real time waits until it is alone, and keeps others waiting. */
  next(): Job | null {
    const running = this.tracks.filter((track) => track.running.size > 0);
    if (running.some(({ cell }) => cell.isRealTime)) return null;
    for (const isRealTime of [false, true]) {
      if (isRealTime && running.length > 0) return null;
      for (const track of this.tracks.filter(({ cell }) => cell.isRealTime === isRealTime)) {
        const seed = this.nextSeed(track);
        if (seed === null) continue;
        track.running.add(seed);
        return { cell: track.cell, seed };
      }
    }
    return null;
  }

  finished({ cell: key, seed, outcome, tookMs }: SeedRecord): void {
    const track = this.tracks.find(({ cell }) => cell.key === key);
    if (track === undefined) return;
    track.running.delete(seed);
    track.done.add(seed);
    track.tookMs += tookMs;
    if (outcome === 'invalid') track.isFound = true;
  }

  /** Whether no seed of it will run any more. */
  isDone(cell: Cell): boolean {
    const track = this.tracks.find((each) => each.cell === cell);
    return track !== undefined && track.running.size === 0 && this.nextSeed(track) === null;
  }

  /** Whether nothing is left of any cell. */
  isFinished(): boolean {
    return this.tracks.every(({ cell }) => this.isDone(cell));
  }

  /** Of the cell: its seeds for this shard (null where a budget decides), and how many run. */
  stateOf(cell: Cell): { readonly seeds: number | null; readonly running: number; readonly isDone: boolean } {
    const track = this.tracks.find((each) => each.cell === cell);
    return {
      seeds: track?.seedCount ?? null,
      running: track?.running.size ?? 0,
      isDone: this.isDone(cell),
    };
  }

  private countSeeds(track: Place): number | null {
    const { first, last } = track.cell.seeds;
    if (last === null) return null;
    if (this.shard === null) return last - first + 1;
    let count = 0;
    for (let seed = first; seed <= last; seed++) if (this.isOurs(track, seed)) count++;
    return count;
  }

  private nextSeed(track: Track): number | null {
    const { cell, done, running } = track;
    // A bug that was found is not looked for again.
    if (cell.expect === 'invalid' && track.isFound) return null;
    if (cell.budgetS !== null && track.tookMs >= cell.budgetS * 1000) return null;
    if (!this.isCellOurs(track)) return null;
    const last = cell.seeds.last ?? Number.MAX_SAFE_INTEGER;
    while (track.nextSeed <= last) {
      const seed = track.nextSeed;
      if (!done.has(seed) && !running.has(seed) && this.isOurs(track, seed)) return seed;
      track.nextSeed++;
    }
    return null;
  }

  /** A bug is looked for by one shard alone: another could not know that it was found. */
  private isCellOurs({ cell, place }: Place): boolean {
    return this.shard === null || cell.expect === 'valid' || this.isAt(place);
  }

  private isOurs(track: Place, seed: number): boolean {
    if (this.shard === null) return true;
    return track.cell.expect === 'invalid' ? this.isAt(track.place) : this.isAt(track.place + seed);
  }

  private isAt(number: number): boolean {
    const { index, count } = this.shard as Shard;
    return number % count === index - 1;
  }
}
