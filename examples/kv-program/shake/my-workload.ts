/**
 * A workload of your own: one register, that everybody reads and writes.
 *
 *     npx shaketable run kv one-register --cluster process
 */
import { defineWorkload, linearizability, mix, register, shareOption, stagger } from 'shaketable';

const KEY = 'x';

export default defineWorkload({
  name: 'one-register',
  summary: 'reads and writes of one register, which must be linearizable',
  functions: ['read', 'write'],
  options: [{ name: 'readShare', default: 0.5, meaning: 'share of reads; the rest are writes' }],
  prepare: ({ rate, options }) => {
    const readShare = shareOption(options, 'readShare');
    const next = (count: number, draw: number) =>
      // `count` grows: no value is written twice, so that a read tells which write it saw.
      draw < readShare ? { f: 'read', key: KEY } : { f: 'write', key: KEY, value: count };
    return {
      generator: stagger(
        1 / rate,
        mix((context, count) => next(count, context.random('kind', 0))),
      ),
      // When all is quiet again.
      finalGenerator: { f: 'read', key: KEY },
      checkers: [linearizability({ model: register })],
    };
  },
});
