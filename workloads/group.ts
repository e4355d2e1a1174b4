/**
 * A consumer group: members come, poll, commit, crash and come back, while records are sent.
 *
 *     subscribe ["t0-0", "t0-1"] · poll → [["rebalance", ["t0-0"]], ["poll", {"t0-0": [[0, 7]]}]] · commit {"t0-0": 1}
 *     assignment → {member: …, generation: 3, partitions: ["t0-0"]}
 *
 * A commit names the offsets behind what the member polled since it was given the partitions. An `assignment` next to it tells as of which
 * generation it was. Judged by `groups` (no partition owned twice in a generation, no commit of an older generation, the group goes on where it
 * has committed) and by `log` (records; commits that were acknowledged are there).
 */
import { groups } from '../checkers/groups/index.ts';
import { log as logChecker } from '../checkers/log/index.ts';
import { andThen, type OperationTemplate } from '../harness/generator/index.ts';
import { finalCommitted, finalPolls } from './final-polls.ts';
import { eachFollows, type Turn } from './follow.ts';
import { type Consumer, NOBODY, observeConsumer } from './log.ts';
import { integerOption, shareOption } from './options.ts';
import { partitionNames, PROMISE_OPTIONS, promisesOf } from './partitions.ts';
import type { Workload } from './workload.ts';

/** Shares of all operations; the rest are polls. */
const SEND_SHARE = 0.3;
const COMMIT_SHARE = 0.15;
const ASSIGNMENT_SHARE = 0.15;
const COMMITTED_SHARE = 0.05;
const RESUBSCRIBE_SHARE = 0.005;

export const group: Workload = {
  name: 'group',
  summary: 'members of a consumer group poll, commit and crash; no partition is owned twice, no commit lost',
  functions: [
    'subscribe',
    'poll',
    'send',
    'commit',
    'committed',
    'assignment',
    'assign',
    'list-offsets',
    'crash',
  ],
  options: [
    { name: 'topics', default: 2, meaning: 'topics, from t0 on' },
    { name: 'partitions', default: 4, meaning: 'partitions of each' },
    { name: 'crashes', default: 0.002, meaning: 'share of operations after which the client is gone' },
    ...PROMISE_OPTIONS,
  ],
  prepare: ({ rate, options, concurrency }) => {
    const keys = partitionNames(integerOption(options, 'topics', 1), integerOption(options, 'partitions', 1));
    const crashes = shareOption(options, 'crashes');
    return {
      generator: eachFollows<Consumer>(rate, {
        initial: NOBODY,
        propose: (consumer, turn) => propose({ keys, crashes, concurrency }, consumer, turn),
        observe: observeConsumer,
      }),
      finalGenerator: andThen(
        finalCommitted(keys),
        finalPolls(() => keys),
      ),
      checkers: [
        groups(),
        logChecker({
          ...promisesOf(options),
          transactions: false,
          rebalancesRecorded: true,
          staleViews: true,
        }),
      ],
      mustSucceed: ['subscribe', 'poll', 'send', 'commit', 'assignment'],
    };
  },
};

interface Settings {
  readonly keys: readonly string[];
  readonly crashes: number;
  readonly concurrency: number;
}

function propose(
  { keys, crashes, concurrency }: Settings,
  { assigned, next }: Consumer,
  { count, thread, draw }: Turn,
): OperationTemplate {
  if (assigned === null) return { f: 'subscribe', value: [...keys] };
  let kind = draw('kind');
  const isDrawn = (share: number): boolean => {
    kind -= share;
    return kind < 0;
  };
  if (isDrawn(crashes)) return { f: 'crash' };
  if (isDrawn(RESUBSCRIBE_SHARE)) return { f: 'subscribe', value: [...keys] };
  if (isDrawn(COMMIT_SHARE) && next.size > 0) return { f: 'commit', value: Object.fromEntries(next) };
  if (isDrawn(ASSIGNMENT_SHARE)) return { f: 'assignment' };
  if (isDrawn(COMMITTED_SHARE)) return { f: 'committed', value: [...keys] };
  if (!isDrawn(SEND_SHARE)) return { f: 'poll', value: [['poll']] };
  const key = keys[Math.floor(draw('partition') * keys.length)] as string;
  return { f: 'send', value: [['send', key, count * concurrency + thread]] };
}
