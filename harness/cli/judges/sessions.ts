/** What a client may rely on, whatever node it talks to. */
import { type Guarantee, sessions } from '../../../checkers/sessions/index.ts';
import { HarnessError } from '../../errors.ts';
import type { Json } from '../../history/operation.ts';
import { unknownName } from '../names.ts';
import { choice, names } from './entry-options.ts';
import type { CheckerEntry, CheckerSettings } from './entry.ts';

const GUARANTEES: readonly Guarantee[] = [
  'read-your-writes',
  'monotonic-reads',
  'monotonic-writes',
  'writes-follow-reads',
];

export const sessionJudges: readonly CheckerEntry[] = [
  {
    name: 'sessions',
    summary: 'session guarantees on registers or lists, and which session lost which',
    options: [
      { name: 'guarantees', default: 'all', meaning: `with commas: ${GUARANTEES.join(', ')}` },
      { name: 'threads', default: 0, meaning: 'sessions are threads, of so many; 0: processes' },
      { name: 'initial', default: 'null', meaning: 'what a register holds before the first write, as JSON' },
      { name: 'versionOrder', default: 'positions', meaning: 'newer is by positions, or by values' },
    ],
    // Registers and lists are judged by the stronger promise, unless this one is asked for.
    recognises: () => false,
    create: ({ options }) => {
      const threads = Number(options['threads']);
      return sessions({
        guarantees: guaranteesOf(options),
        ...(threads > 0 ? { sessions: 'thread', threads } : {}),
        initial: parseJson(String(options['initial'])),
        versionOrder: choice(options, 'versionOrder', ['positions', 'values']),
      });
    },
  },
];

function guaranteesOf(options: CheckerSettings['options']): readonly Guarantee[] {
  const wanted = names(options, 'guarantees');
  if (wanted.includes('all')) return GUARANTEES;
  return wanted.map((name) => {
    const guarantee = GUARANTEES.find((known) => known === name);
    if (guarantee === undefined) throw unknownName('guarantee', GUARANTEES, name);
    return guarantee;
  });
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new HarnessError('usage', `--option initial=${text}: wants JSON`, { cause });
  }
}
