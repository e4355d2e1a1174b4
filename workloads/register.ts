/**
 * Registers: reads, writes and compare-and-sets of several keys, judged by linearizability.
 *
 *     write k0 17 · cas k0 [17, 18] · read k0 → 18
 *
 * With `values=unique` no value is written twice, so that a read says which write it saw; a compare-and-set expects a value that
 * was the key's not long ago. With `values=small` values are 0 to 4 and come again: a stale value may look current, and
 * compare-and-sets succeed by chance.
 */
import { casRegister, linearizability } from '../checkers/linearizability/index.ts';
import { stagger } from '../harness/generator/index.ts';
import type { Json, Operation } from '../harness/history/operation.ts';
import { choiceOption, integerOption, keyOptions, shareOption } from './options.ts';
import { finalReads, type KeyTurn, RecentKeys, rotatingKeys } from './rotating-keys.ts';
import type { Workload } from './workload.ts';

/** Values that the key is known to have had, the latest first. */
type Known = readonly Json[];

/** How many of them a compare-and-set picks from: older ones never match. */
const KNOWN_MAX = 3;
/** How often it expects the latest of them. */
const LATEST_SHARE = 0.75;
/** `values=small`: 0 … 4, as in Jepsen's register tests. */
const SMALL_VALUES = 5;
/** Final reads take in this many keys for each key in use: a value may also be lost long after its writing. */
const RECENT_FACTOR = 2;

function learn(known: Known, { type, f, value }: Operation): Known {
  if (type !== 'ok') return known;
  const current = f === 'cas' && Array.isArray(value) ? (value[1] as Json) : value;
  if (current === null || current === known[0]) return known;
  return [current, ...known.filter((other) => other !== current)].slice(0, KNOWN_MAX);
}

export const register: Workload = {
  name: 'register',
  summary: 'reads, writes and compare-and-sets of several keys; every key must be linearizable',
  functions: ['read', 'write', 'cas'],
  options: [
    ...keyOptions(5, 100),
    { name: 'values', default: 'unique', meaning: 'unique: none is written twice; small: 0 to 4' },
    { name: 'readShare', default: 0.5, meaning: 'share of reads among the operations' },
    { name: 'casShare', default: 0.2, meaning: 'share of compare-and-sets; the rest are writes' },
  ],
  prepare: ({ rate, options }) => {
    const keys = integerOption(options, 'keys', 1);
    const isSmall = choiceOption(options, 'values', ['unique', 'small']) === 'small';
    const readShare = shareOption(options, 'readShare');
    const casShare = shareOption(options, 'casShare');
    const recent = new RecentKeys(keys * RECENT_FACTOR);

    const small = (draw: number): number => Math.floor(draw * SMALL_VALUES);
    const propose = ({ memory, count, draw }: KeyTurn<Known>): { f: string; value: Json } => {
      const kind = draw('function');
      if (kind < readShare) return { f: 'read', value: null };
      const value = isSmall ? small(draw('value')) : count;
      const choice = draw('latest') < LATEST_SHARE ? 0 : Math.floor(draw('known') * memory.length);
      const expected = isSmall ? small(draw('expected')) : memory[choice];
      if (kind >= readShare + casShare || expected === undefined) return { f: 'write', value };
      return { f: 'cas', value: [expected, value] };
    };

    return {
      generator: stagger(
        1 / rate,
        rotatingKeys<Known>({
          keys,
          operationsPerKey: integerOption(options, 'operationsPerKey', 1),
          initial: [],
          propose,
          observe: learn,
          recent,
        }),
      ),
      finalGenerator: finalReads(recent),
      checkers: [linearizability({ model: casRegister })],
      mustSucceed: ['read', 'write'],
    };
  },
};
