/** Sets, queues, ids, counters and lists: what went in must be there, or come out. */
import { appendList } from '../../../checkers/append/index.ts';
import { counterBounds, finalCounter } from '../../../checkers/counter/index.ts';
import { echo } from '../../../checkers/echo/index.ts';
import { monotonicTable } from '../../../checkers/monotonic/index.ts';
import { queue, totalQueue } from '../../../checkers/queue/index.ts';
import { finalSet, setFull } from '../../../checkers/set/index.ts';
import { uniqueIds } from '../../../checkers/unique-ids/index.ts';
import { choice } from './entry-options.ts';
import type { CheckerEntry } from './entry.ts';
import { isArray, isMap, isNumber } from './shape.ts';

export const collectionJudges: readonly CheckerEntry[] = [
  {
    name: 'append',
    summary:
      'lists of unique elements, appended to and read whole: nothing lost, doubled, reordered or made up',
    options: [],
    recognises: (shape) => shape.uses(['append', 'read']) && shape.everyResult('read', isArray),
    create: () => appendList(),
  },
  {
    name: 'monotonic-table',
    summary: 'rows that grow from client to client: in the order of their timestamps at the end, none lost',
    options: [
      {
        name: 'scope',
        default: 'global',
        meaning: 'rows of all clients grow along the read, or of each process',
      },
    ],
    recognises: (shape) =>
      shape.uses(['add', 'read']) && shape.everyResult('read', (rows) => isArray(rows) && rows.every(isMap)),
    create: ({ options }) => monotonicTable({ scope: choice(options, 'scope', ['global', 'process']) }),
  },
  {
    name: 'set-full',
    aliases: ['g-set', 'broadcast'],
    summary: 'every element that was added, in every read of the set: stable, lost, stale or never read',
    options: [
      {
        name: 'linearizable',
        default: false,
        meaning: 'an element missing from a read, for a while, is wrong',
      },
    ],
    recognises: (shape) => shape.uses(['add', 'read']) && shape.everyResult('read', isArray),
    create: ({ options }) => setFull({ linearizable: options['linearizable'] === true }),
  },
  {
    name: 'set',
    summary: 'every element that was added is in the last read of the set, and no other',
    options: [],
    // Who judges every read finds all that this one does.
    recognises: () => false,
    create: () => finalSet(),
  },
  {
    name: 'total-queue',
    summary: 'what was enqueued comes out, and nothing else, in whatever order',
    options: [
      { name: 'duplicates', default: 'allowed', meaning: 'allowed or judged: elements that come out again' },
    ],
    recognises: (shape) => shape.uses(['enqueue', 'dequeue'], ['drain']) || shape.uses(['enqueue', 'drain']),
    create: ({ options }) => totalQueue({ duplicates: choice(options, 'duplicates', ['allowed', 'judged']) }),
  },
  {
    name: 'queue',
    summary: 'what is dequeued was enqueued before, and did not come out already',
    options: [],
    // Who keeps accounts to the end judges losses, too. For first in, first out there is a model.
    recognises: () => false,
    create: () => queue(),
  },
  {
    name: 'unique-ids',
    summary: 'no id is generated twice',
    options: [],
    recognises: (shape) => shape.uses(['generate']),
    create: () => uniqueIds(),
  },
  {
    name: 'echo',
    summary: 'every answer is what was asked',
    options: [],
    recognises: (shape) => shape.uses(['echo']),
    create: () => echo(),
  },
  {
    name: 'pn-counter',
    aliases: ['g-counter'],
    summary: 'an eventually consistent counter: reads at the end return the sum of all additions',
    options: [],
    recognises: (shape) =>
      shape.hasFinalReads && shape.uses(['add', 'read']) && shape.everyResult('read', isNumber),
    create: () => finalCounter(),
  },
  {
    name: 'counter',
    summary: 'additions and reads of a number: every read lies within what the additions allow',
    options: [
      { name: 'decreases', default: 'judged', meaning: 'judged or allowed: a read of less than one before' },
    ],
    recognises: (shape) => shape.uses(['add', 'read']) && shape.everyResult('read', isNumber),
    create: ({ options }) =>
      counterBounds({ decreases: choice(options, 'decreases', ['judged', 'allowed']) }),
  },
];
