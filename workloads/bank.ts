/**
 * A bank over transactions: a transfer is one transaction of two records in one topic, and a read adds up what is committed.
 *
 *     transfer {from: 0, to: 3, amount: 5} · read → {"0": -5, "3": 5}: 0 in all, as at the beginning
 *
 * Every account begins with 0 and may be overdrawn, so all together always hold 0. A consumer reads each partition at its own pace and
 * no snapshot over them, so a read waits for the other half of a transfer that it has one half of; where that stays out, it fails.
 * The final reads (`{final: true}`) show a half that is committed alone, unless a transaction is open that may have the other one: a
 * coordinator may take a while to end what clients left. The last of them (`{final: true, last: true}`) waits for nobody.
 */
import { bank as bankChecker } from '../checkers/bank/index.ts';
import { eachThread } from '../harness/generator/index.ts';
import { eachFollows } from './follow.ts';
import { integerOption, shareOption } from './options.ts';
import type { Workload } from './workload.ts';
import { asked } from './until-ok.ts';

/** Of a transfer: 1 … 5. */
const AMOUNT_MAX = 5;
/** All accounts together. */
const TOTAL = 0;
/** Final reads of a thread, until one is ok, and the pause between them. */
const FINAL_ATTEMPTS = 20;
const FINAL_PAUSE_S = 0.5;

export const bank: Workload = {
  name: 'bank',
  summary:
    'transfers as transactions of two records, reads of all balances; every read must show the same total',
  functions: ['transfer', 'read'],
  options: [
    { name: 'accounts', default: 8, meaning: 'accounts, named 0, 1, …' },
    { name: 'readShare', default: 0.4, meaning: 'share of reads; the rest are transfers' },
  ],
  prepare: ({ rate, options }) => {
    const accounts = integerOption(options, 'accounts', 2);
    const readShare = shareOption(options, 'readShare');
    return {
      generator: eachFollows<null>(rate, {
        initial: null,
        propose: (_, { draw }) => {
          if (draw('function') < readShare) return { f: 'read' };
          const from = Math.floor(draw('from') * accounts);
          const step = 1 + Math.floor(draw('to') * (accounts - 1));
          const amount = 1 + Math.floor(draw('amount') * AMOUNT_MAX);
          return { f: 'transfer', value: { from, to: (from + step) % accounts, amount } };
        },
        observe: (state) => state,
      }),
      finalGenerator: eachThread(
        asked(
          { f: 'read', value: { final: true } },
          {
            attempts: FINAL_ATTEMPTS,
            pauseS: FINAL_PAUSE_S,
            last: { f: 'read', value: { final: true, last: true } },
          },
        ),
      ),
      checkers: [
        bankChecker({
          total: TOTAL,
          accounts: Array.from({ length: accounts }, (_, account) => account),
          negativeBalances: true,
        }),
      ],
      mustSucceed: ['transfer', 'read'],
    };
  },
};
