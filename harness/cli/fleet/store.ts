/**
 * What a fleet knows of its sweeps, in Redis: their headers, a record for each seed, and the directories of runs that came back.
 *
 *     if (await store.record(id, place, record, zip)) …      // false: another worker was first, and this one counts for nothing
 *
 * A seed is recorded in one step, with what its cell found and how long it took: no kill comes between. All is forgotten after
 * `EXPIRY_S` without a new record.
 */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { HarnessError } from '../../errors.ts';
import { type Ledger, parseLedger, type SeedRecord, type SweepHeader } from '../../sweep/ledger.ts';
import { unknownName } from '../names.ts';
import type { Code } from './code.ts';
import { connect, type ConnectOptions, redisUrl } from './redis.ts';

/** Two weeks. */
export const EXPIRY_S = 14 * 24 * 3600;
const INDEX = 'shaketable:sweeps';
const RECORDS_AT_ONCE = 1000;

export interface FleetSweep {
  /** Also the name of the sweep's folder. */
  readonly id: string;
  readonly header: SweepHeader;
  readonly code: Code;
  /** Of one job. */
  readonly rangeSeeds: number;
}

export interface CellSoFar {
  /** Some seed was invalid. */
  readonly isFound: boolean;
  /** Of all its seeds, in milliseconds. */
  readonly tookMs: number;
}

const RECORD = `
if redis.call('EXISTS', KEYS[5]) == 0 then return 0 end
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[8]) == 0 then
  return redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[8] and 1 or 0
end
redis.call('RPUSH', KEYS[2], ARGV[2])
redis.call('HINCRBYFLOAT', KEYS[3], ARGV[3] .. ':tookMs', ARGV[4])
if ARGV[5] == 'invalid' then redis.call('HSET', KEYS[3], ARGV[3] .. ':found', '1') end
if ARGV[6] ~= '' then redis.call('HSET', KEYS[4], ARGV[1], ARGV[6]) end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[7]) end
return 1`;

type Part = 'sweep' | 'done' | 'records' | 'cells' | 'runs';
const PARTS: readonly Part[] = ['sweep', 'done', 'records', 'cells', 'runs'];

export class FleetStore {
  readonly redis: Redis;

  constructor(redis: Redis) {
    this.redis = redis;
  }

  /** @returns false where the id is taken */
  async create({ id, ...sweep }: FleetSweep): Promise<boolean> {
    const made = await this.redis.set(key(id, 'sweep'), JSON.stringify(sweep), 'EX', EXPIRY_S, 'NX');
    if (made === null) return false;
    await this.redis.zadd(INDEX, String(Date.parse(sweep.header.startedAt)), id);
    return true;
  }

  /** Ids, the newest last. Those that expired are gone. */
  async ids(): Promise<readonly string[]> {
    const ids = await this.redis.zrange(INDEX, '0', '-1');
    const there = await Promise.all(ids.map((id) => this.redis.exists(key(id, 'sweep'))));
    const gone = ids.filter((_, i) => there[i] === 0);
    if (gone.length > 0) await this.redis.zrem(INDEX, ...gone);
    return ids.filter((id) => !gone.includes(id));
  }

  /**
   * @param id - the newest where absent
   * @throws HarnessError `usage` or `unknown-name` where there is none
   */
  async open(id?: string): Promise<FleetSweep> {
    const ids = await this.ids();
    const asked = id ?? ids.at(-1);
    if (asked === undefined)
      throw new HarnessError('usage', 'no sweep was submitted: shaketable fleet submit PLAN');
    const text = await this.redis.get(key(asked, 'sweep'));
    if (text === null) throw unknownName('sweep', ids, asked);
    const sweep = JSON.parse(text) as Omit<FleetSweep, 'id'>;
    // Said by another release, maybe.
    const { header } = parseLedger(`${JSON.stringify(sweep.header)}\n`, `the sweep ${asked} in Redis`);
    return { id: asked, ...sweep, header };
  }

  /** Whether it was not forgotten. */
  async isThere(id: string): Promise<boolean> {
    return (await this.redis.exists(key(id, 'sweep'))) === 1;
  }

  async isRecorded(id: string, place: number, seed: number): Promise<boolean> {
    return (await this.redis.hexists(key(id, 'done'), field(place, seed))) === 1;
  }

  async cell(id: string, place: number): Promise<CellSoFar> {
    const [tookMs, found] = await this.redis.hmget(key(id, 'cells'), `${place}:tookMs`, `${place}:found`);
    return { isFound: found === '1', tookMs: Number(tookMs ?? 0) };
  }

  /**
   * @param place - of the cell in the header
   * @param run - its directory as a zip file; null where it does not come this way
   * @param attempt - whose record this is: the client sends it again where the connection broke before Redis answered
   * @returns false where another attempt has recorded the seed, or the sweep is forgotten: nothing is changed then
   */
  async record(
    id: string,
    place: number,
    record: SeedRecord,
    run: Buffer | null,
    attempt: string = randomUUID(),
  ): Promise<boolean> {
    const keys = (['done', 'records', 'cells', 'runs', 'sweep'] as const).map((part) => key(id, part));
    const values = [
      field(place, record.seed),
      JSON.stringify(record),
      place,
      record.tookMs,
      record.outcome,
      run ?? '',
      EXPIRY_S,
      attempt,
    ];
    return (await this.redis.eval(RECORD, keys.length, ...keys, ...values)) === 1;
  }

  /** Records from this one on, in the order in which they came. */
  async recordsFrom({ id, header }: FleetSweep, from: number): Promise<Ledger['records']> {
    const lines: string[] = [];
    for (;;) {
      const start = from + lines.length;
      const some = await this.redis.lrange(key(id, 'records'), start, start + RECORDS_AT_ONCE - 1);
      lines.push(...some);
      if (some.length < RECORDS_AT_ONCE) break;
    }
    return parseLedger(`${[JSON.stringify(header), ...lines].join('\n')}\n`, `the sweep ${id} in Redis`)
      .records;
  }

  /** As a zip file; null where it did not come this way. */
  async run(id: string, place: number, seed: number): Promise<Buffer | null> {
    return this.redis.hgetBuffer(key(id, 'runs'), field(place, seed));
  }

  async forget(id: string): Promise<void> {
    await this.redis.zrem(INDEX, id);
    await this.redis.del(...PARTS.map((part) => key(id, part)));
  }
}

/** With the store at `url`, which is let go of however it ends: an open connection would keep the process alive. */
export async function withStore<T>(
  url: string | undefined,
  options: ConnectOptions,
  action: (store: FleetStore) => Promise<T>,
): Promise<T> {
  const redis = await connect(redisUrl(url), options);
  try {
    return await action(new FleetStore(redis));
  } finally {
    redis.disconnect();
  }
}

const key = (id: string, part: Part): string => `shaketable:${part}:${id}`;
const field = (place: number, seed: number): string => `${place}:${seed}`;
