/** For each name of `check --workload` a history that its checker accepts, and one that it does not. */
import type { Json } from '../../history/operation.ts';

/** One call after another, by two processes in turn; the answer is the argument where there is none. */
type Call = readonly [f: string, argument: Json, answer?: Json, key?: string, type?: 'ok' | 'fail'];

export interface SampleHistories {
  readonly valid: readonly Call[];
  readonly invalid: readonly Call[];
  /** Who is guessed when nobody is named; the name itself where absent, null for nobody. */
  readonly guessed?: string | null;
}

const txn = (...micro: readonly Json[]): Call => ['txn', asked(micro), micro];

/** Of what a transaction was answered, what was asked: reads without their results. */
function asked(micro: readonly Json[]): Json {
  return micro.map((operation) => {
    const [f, key, value = null] = operation as readonly Json[];
    return [f as Json, key as Json, f === 'r' ? null : value];
  });
}

const appends: SampleHistories = {
  valid: [txn(['append', 'x', 1]), txn(['r', 'x', [1]], ['append', 'x', 2]), txn(['r', 'x', [1, 2]])],
  invalid: [txn(['append', 'x', 1]), txn(['append', 'x', 2]), txn(['r', 'x', [1]]), txn(['r', 'x', [1, 7]])],
};

export const SAMPLES: Readonly<Record<string, SampleHistories>> = {
  'list-append': appends,
  'rw-register': {
    valid: [txn(['w', 'x', 1]), txn(['r', 'x', 1], ['w', 'x', 2]), txn(['r', 'x', 2])],
    invalid: [txn(['w', 'x', 1]), txn(['r', 'x', 1], ['w', 'x', 2]), txn(['r', 'x', 1], ['w', 'x', 3])],
  },
  'read-committed': { ...appends, guessed: 'list-append' },
  'read-atomic': { ...appends, guessed: 'list-append' },
  'causal-consistency': { ...appends, guessed: 'list-append' },
  log: {
    valid: [
      ['assign', ['p']],
      ['send', [['send', 'p', 7]], [['send', 'p', [0, 7]]]],
      ['send', [['send', 'p', 8]], [['send', 'p', [1, 8]]]],
      ['poll', [['poll']], [['poll', { p: [[0, 7], [1, 8]] }]]], // prettier-ignore
    ],
    invalid: [
      ['assign', ['p']],
      ['send', [['send', 'p', 7]], [['send', 'p', [0, 7]]]],
      ['send', [['send', 'p', 8]], [['send', 'p', [1, 8]]]],
      ['poll', [['poll']], [['poll', { p: [[0, 9]] }]]],
    ],
  },
  append: {
    valid: [['append', 1], ['append', 2], ['read', null, [1, 2]]], // prettier-ignore
    invalid: [['append', 1], ['append', 2], ['read', null, [2, 1]]], // prettier-ignore
  },
  'monotonic-table': {
    valid: [
      ['add', null, { val: 1, sts: 10 }],
      ['add', null, { val: 2, sts: 12 }],
      ['read', null, [{ val: 1, sts: 10 }, { val: 2, sts: 12 }]], // prettier-ignore
    ],
    invalid: [
      ['add', null, { val: 1, sts: 10 }],
      ['add', null, { val: 2, sts: 12 }],
      ['read', null, [{ val: 2, sts: 10 }, { val: 1, sts: 12 }]], // prettier-ignore
    ],
  },
  'set-full': {
    valid: [['add', 1], ['read', null, [1]], ['add', 2], ['read', null, [1, 2]]], // prettier-ignore
    invalid: [['add', 1], ['read', null, [1]], ['add', 2], ['read', null, [2]]], // prettier-ignore
  },
  set: {
    valid: [['add', 1], ['add', 2], ['read', null, [1, 2]]], // prettier-ignore
    invalid: [['add', 1], ['add', 2], ['read', null, [2]]], // prettier-ignore
    guessed: 'set-full',
  },
  'total-queue': {
    valid: [['enqueue', 1], ['enqueue', 2], ['dequeue', null, 2], ['drain', null, [1]]], // prettier-ignore
    invalid: [['enqueue', 1], ['enqueue', 2], ['dequeue', null, 2], ['drain', null, []]], // prettier-ignore
  },
  queue: {
    valid: [['enqueue', 1], ['dequeue', null, 1]], // prettier-ignore
    invalid: [['enqueue', 1], ['dequeue', null, 3]], // prettier-ignore
    guessed: 'total-queue',
  },
  'unique-ids': {
    valid: [['generate', null, 1], ['generate', null, 2]], // prettier-ignore
    invalid: [['generate', null, 1], ['generate', null, 1]], // prettier-ignore
  },
  'lin-kv': {
    valid: [['write', 1, 1, 'k'], ['cas', [1, 2], [1, 2], 'k'], ['read', null, 2, 'k']], // prettier-ignore
    invalid: [['write', 1, 1, 'k'], ['cas', [1, 2], [1, 2], 'k'], ['read', null, 1, 'k']], // prettier-ignore
    guessed: null,
  },
  echo: {
    valid: [['echo', 'a'], ['echo', 'b', { type: 'echo_ok', echo: 'b' }]], // prettier-ignore
    invalid: [['echo', 'a'], ['echo', 'b', 'c']], // prettier-ignore
  },
  'pn-counter': {
    valid: [['add', 3], ['read', null, 3]], // prettier-ignore
    invalid: [['add', 3], ['read', null, 4]], // prettier-ignore
    guessed: 'counter',
  },
  counter: {
    valid: [['add', 3], ['read', null, 3]], // prettier-ignore
    invalid: [['add', 3], ['read', null, 4]], // prettier-ignore
  },
  causal: {
    valid: [['read-init', null, 0], ['write', 1], ['read', null, 1], ['write', 2], ['read', null, 2]], // prettier-ignore
    invalid: [['read-init', null, 0], ['write', 1], ['read', null, 1], ['write', 2], ['read', null, 1]], // prettier-ignore
  },
  bank: {
    valid: [['transfer', { from: 0, to: 1, amount: 5 }], ['read', null, { 0: 45, 1: 55 }], ['read', null, { 0: 45, 1: 55 }]], // prettier-ignore
    invalid: [
      ['transfer', { from: 0, to: 1, amount: 5 }],
      ['read', null, { 0: 45, 1: 55 }],
      ['read', null, { 0: 45, 1: 55 }],
      ['read', null, { 0: 45, 1: 50 }],
    ],
  },
  monotonic: {
    valid: [['inc', null, 1], ['read', null, 1], ['read', null, 2]], // prettier-ignore
    invalid: [['inc', null, 2], ['read', null, 2], ['read', null, 1]], // prettier-ignore
  },
  sequential: {
    valid: [['write', 5], ['read', 5, [5, ['5_1', '5_0']]], ['read', 5, [5, [null, '5_0']]]], // prettier-ignore
    invalid: [['write', 5], ['read', 5, [5, ['5_1', null]]]], // prettier-ignore
  },
  sessions: {
    valid: [
      ['append', 1],
      ['append', 2],
      ['read', null, [1, 2]],
      ['read', null, [1, 2]],
      ['append', 3],
      ['append', 4],
      ['read', null, [1, 2, 3, 4]],
      ['read', null, [1, 2, 3, 4]],
    ],
    invalid: [['append', 1], ['append', 2], ['read', null, [1, 2]], ['read', null, [1]]], // prettier-ignore
    guessed: 'append',
  },
  'causal-reverse': {
    valid: [['write', 1], ['write', 2], ['read', null, [1]], ['read', null, [1, 2]]], // prettier-ignore
    invalid: [['write', 1], ['write', 2], ['read', null, [2]]], // prettier-ignore
  },
  adya: {
    valid: [['insert', [null, 1], [null, 1], 'k'], ['insert', [2, null], [2, null], 'k', 'fail']], // prettier-ignore
    invalid: [['insert', [null, 1], [null, 1], 'k'], ['insert', [2, null], [2, null], 'k']], // prettier-ignore
  },
  'long-fork': {
    valid: [txn(['w', 'x', 1]), txn(['r', 'x', 1], ['r', 'y', null]), txn(['r', 'x', 1], ['r', 'y', null]), txn(['w', 'y', 1])], // prettier-ignore
    invalid: [txn(['w', 'x', 1]), txn(['w', 'y', 1]), txn(['r', 'x', 1], ['r', 'y', null]), txn(['r', 'x', null], ['r', 'y', 1])], // prettier-ignore
    guessed: 'rw-register',
  },
};

/** As JSON Lines without a header: what any tool can write. */
export function asJsonLines(calls: readonly Call[]): string {
  return calls
    .flatMap(([f, argument, answer = argument, key, type = 'ok'], i) => {
      const common = { process: i % 2, f, ...(key === undefined ? {} : { key }) };
      return [
        { ...common, type: 'invoke', value: argument },
        { ...common, type, value: answer },
      ];
    })
    .map((operation) => `${JSON.stringify(operation)}\n`)
    .join('');
}
