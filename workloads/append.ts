/**
 * Lists: unique elements are appended, whole lists are read. A list tells its own history: what was lost, came twice,
 * changed places or was never appended stands in it.
 *
 *     append k0 4 · append k0 9 · read k0 → [4, 9]
 */
import { appendList } from '../checkers/append/index.ts';
import { stagger } from '../harness/generator/index.ts';
import { integerOption, keyOptions, shareOption } from './options.ts';
import { finalReads, RecentKeys, rotatingKeys } from './rotating-keys.ts';
import type { Workload } from './workload.ts';

export const append: Workload = {
  name: 'append',
  summary: 'appends unique elements to lists and reads them; none may be lost, doubled, reordered or made up',
  functions: ['read', 'append'],
  options: [
    ...keyOptions(3, 200),
    { name: 'readShare', default: 0.3, meaning: 'share of reads; the rest are appends' },
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
          propose: ({ draw, count }) =>
            draw('function') < readShare ? { f: 'read', value: null } : { f: 'append', value: count },
          recent,
        }),
      ),
      finalGenerator: finalReads(recent),
      checkers: [appendList()],
      mustSucceed: ['read', 'append'],
    };
  },
};
