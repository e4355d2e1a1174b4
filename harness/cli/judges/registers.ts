/** Registers and tables under weaker promises than linearizability. */
import { adyaG2 } from '../../../checkers/adya/index.ts';
import { bank } from '../../../checkers/bank/index.ts';
import { causalReverse } from '../../../checkers/causal-reverse/index.ts';
import { causalRegister } from '../../../checkers/causal/index.ts';
import { independent } from '../../../checkers/independent/index.ts';
import { casRegister, linearizability } from '../../../checkers/linearizability/index.ts';
import { longFork } from '../../../checkers/long-fork/index.ts';
import { monotonic } from '../../../checkers/monotonic/index.ts';
import { sequentialKeys } from '../../../checkers/sequential/index.ts';
import type { Json } from '../../history/operation.ts';
import { parseNumber } from '../numbers.ts';
import { choice, names } from './entry-options.ts';
import type { CheckerEntry } from './entry.ts';
import { isArray, isMap } from './shape.ts';

/** A group and its keys, the last written first: `[5, ["5_1", null]]`. */
const isGroupRead = (value: Json): boolean =>
  isArray(value) && value.length === 2 && isArray(value[1] ?? null);

export const registerJudges: readonly CheckerEntry[] = [
  {
    name: 'lin-kv',
    summary: 'a linearizable key-value store: reads, writes and compare-and-sets, as --model cas-register',
    options: [],
    // Recognised by its model.
    recognises: () => false,
    create: ({ memoryBytes }) => linearizability({ model: casRegister, memoryBytes }),
  },
  {
    name: 'causal',
    summary: 'a causal register: what one client does to a key looks to it like that order',
    options: [],
    recognises: (shape) => shape.uses(['read-init'], ['read', 'write']),
    create: () => causalRegister(),
  },
  {
    name: 'bank',
    summary: 'transfers between accounts: every read shows the same total, and no balance below zero',
    options: [
      { name: 'total', default: 'auto', meaning: 'of all accounts; auto: what most reads show' },
      {
        name: 'accounts',
        default: 'auto',
        meaning: 'their names, with commas; auto: those of reads and transfers',
      },
      { name: 'negativeBalances', default: false, meaning: 'accounts may be overdrawn' },
    ],
    recognises: (shape) => shape.uses(['transfer', 'read']) && shape.everyResult('read', isMap),
    create: ({ options }) => {
      const total = String(options['total']);
      const accounts = names(options, 'accounts');
      return bank({
        ...(total === 'auto' ? {} : { total: parseNumber('--option total=', total, { min: -Infinity }) }),
        ...(accounts[0] === 'auto' ? {} : { accounts }),
        negativeBalances: options['negativeBalances'] === true,
      });
    },
  },
  {
    name: 'monotonic',
    summary: 'values that only grow: who saw one never sees a smaller one',
    options: [
      { name: 'scope', default: 'process', meaning: 'process: for each by itself; global: in real time' },
    ],
    recognises: (shape) => shape.uses(['inc', 'read'], ['read-at']) || shape.uses(['inc', 'read-at']),
    create: ({ options }) => monotonic({ scope: choice(options, 'scope', ['process', 'global']) }),
  },
  {
    name: 'sequential',
    summary: 'a client’s writes of several keys become visible in its order',
    options: [],
    recognises: (shape) => shape.uses(['write', 'read']) && shape.everyResult('read', isGroupRead),
    create: () => sequentialKeys(),
  },
  {
    name: 'causal-reverse',
    summary: 'who sees a write sees every write that was acknowledged before it began',
    options: [],
    recognises: (shape) =>
      shape.uses(['write', 'read']) &&
      shape.everyResult('read', isArray) &&
      shape.everyArgument('write', (value) => !isArray(value)),
    create: () => causalReverse(),
  },
  {
    name: 'adya',
    summary: 'of inserts that each found no other row of their key, at most one commits (G2 over predicates)',
    options: [],
    recognises: (shape) =>
      shape.uses(['insert']) &&
      shape.everyArgument('insert', (value) => isArray(value) && value.length === 2),
    create: () => adyaG2(),
  },
  {
    name: 'long-fork',
    summary: 'transactions that read the same keys agree on which of two writes came first',
    options: [
      { name: 'groupSize', default: 0, meaning: 'every read must be of so many keys; 0: of any number' },
    ],
    // Its histories are those of rw-register, which finds the fork as a cycle.
    recognises: () => false,
    create: ({ options }) =>
      independent(
        longFork(Number(options['groupSize']) > 0 ? { groupSize: Number(options['groupSize']) } : {}),
      ),
  },
];
