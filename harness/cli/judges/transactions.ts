/** Transactions: lists of micro-operations `[f, key, value]`. */
import { independent } from '../../../checkers/independent/index.ts';
import { listAppend } from '../../../checkers/transactions/index.ts';
import { rwRegister } from '../../../checkers/transactions/rw-register/index.ts';
import { causalConsistency, readAtomic, readCommitted } from '../../../checkers/transactions/weak/index.ts';
import { choice } from './entry-options.ts';
import type { CheckerEntry, CheckerSettings } from './entry.ts';

const dataType = {
  name: 'dataType',
  default: 'auto',
  meaning: 'register, list, or auto: what the writes of the history are',
};

function weak({ options }: CheckerSettings): { readonly dataType?: 'register' | 'list' } {
  const chosen = choice(options, 'dataType', ['auto', 'register', 'list']);
  return chosen === 'auto' ? {} : { dataType: chosen };
}

const byLevel = ({ consistencyModel }: CheckerSettings) =>
  consistencyModel === undefined ? {} : { consistencyModel };

export const transactionJudges: readonly CheckerEntry[] = [
  {
    name: 'list-append',
    aliases: ['txn-list-append'],
    summary: 'transactions that append to lists and read them: all of Elle’s anomalies',
    options: [],
    takesConsistencyModel: true,
    recognises: ({ functions, microFunctions }) =>
      functions.length === 1 &&
      microFunctions.includes('append') &&
      microFunctions.includes('r') &&
      microFunctions.every((f) => f === 'append' || f === 'r'),
    create: (settings) => independent(listAppend(byLevel(settings))),
  },
  {
    name: 'rw-register',
    aliases: ['txn-rw-register'],
    summary: 'transactions that write registers and read them: all that unique values show of their order',
    options: [
      {
        name: 'wfrKeys',
        default: true,
        meaning: 'within a transaction a write comes after what it read of the key',
      },
      { name: 'sequentialKeys', default: false, meaning: 'each key is sequentially consistent' },
      { name: 'linearizableKeys', default: false, meaning: 'each key is linearizable' },
    ],
    takesConsistencyModel: true,
    recognises: ({ functions, microFunctions }) =>
      functions.length === 1 &&
      microFunctions.includes('r') &&
      microFunctions.includes('w') &&
      microFunctions.every((f) => f === 'r' || f === 'w'),
    presumes: ({ wfrKeys }) =>
      wfrKeys === true
        ? 'presumed that within a transaction a write comes after what it read of the key: --option wfrKeys=false does without, and proves less'
        : null,
    create: (settings) =>
      independent(
        rwRegister({
          ...byLevel(settings),
          wfrKeys: settings.options['wfrKeys'] === true,
          sequentialKeys: settings.options['sequentialKeys'] === true,
          linearizableKeys: settings.options['linearizableKeys'] === true,
        }),
      ),
  },
  {
    name: 'read-committed',
    summary:
      'nobody reads what was aborted or not final, or goes back behind what it has read: exact and fast',
    options: [dataType],
    // A level has to be asked for: others judge by the strongest.
    recognises: () => false,
    create: (settings) => independent(readCommitted(weak(settings))),
  },
  {
    name: 'read-atomic',
    summary: 'who sees one write of a transaction sees all: exact and fast',
    options: [dataType],
    recognises: () => false,
    create: (settings) => independent(readAtomic(weak(settings))),
  },
  {
    name: 'causal-consistency',
    summary: 'who sees a write sees all that its transaction had seen: exact and fast',
    options: [dataType],
    recognises: () => false,
    create: (settings) => independent(causalConsistency(weak(settings))),
  },
];
