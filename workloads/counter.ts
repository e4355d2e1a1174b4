/**
 * Counters: additions and reads. Shows what a register hides: a write that is applied twice leaves the same value,
 * an addition does not.
 *
 *     add k0 3 · add k0 5 · read k0 → 8
 */
import { counterBounds } from '../checkers/counter/index.ts';
import { stagger } from '../harness/generator/index.ts';
import { integerOption, keyOptions, shareOption } from './options.ts';
import { finalReads, RecentKeys, rotatingKeys } from './rotating-keys.ts';
import type { Workload } from './workload.ts';

const MAX_ADDED = 5;

export const counter: Workload = {
  name: 'counter',
  summary: 'adds to counters and reads them; every addition must count exactly once',
  functions: ['read', 'add'],
  options: [
    ...keyOptions(2, 1_000),
    { name: 'readShare', default: 0.3, meaning: 'share of reads; the rest are additions' },
  ],
  prepare: ({ rate, options }) => {
    const keys = integerOption(options, 'keys', 1);
    const readShare = shareOption(options, 'readShare');
    const recent = new RecentKeys(keys * 2);
    return {
      generator: stagger(
        1 / rate,
        rotatingKeys<null>({
          keys,
          operationsPerKey: integerOption(options, 'operationsPerKey', 1),
          initial: null,
          propose: ({ draw }) =>
            draw('function') < readShare
              ? { f: 'read', value: null }
              : { f: 'add', value: 1 + Math.floor(draw('amount') * MAX_ADDED) },
          recent,
        }),
      ),
      finalGenerator: finalReads(recent),
      checkers: [counterBounds()],
      mustSucceed: ['read', 'add'],
    };
  },
};
