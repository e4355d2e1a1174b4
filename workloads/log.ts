/**
 * Partitioned logs: sends of unique values to several partitions of several topics, polls, commits of offsets, transactions.
 *
 *     send [["send", "t0-1", 7]] → [["send", "t0-1", [3, 7]]] · poll [["poll"]] → [["poll", {"t0-1": [[3, 7]]}]]
 *
 * Every thread produces and consumes. A consumer assigns partitions to itself, some of them, now and then others; or, with
 * `consumers=subscribe`, is a member of a group that shares all topics out. With `transactions=true` half of the sends and polls are in
 * transactions of two to four. With `crashes` clients are gone from one moment to the next, and come back as others.
 *
 * At the end everybody reads everything (`final-polls.ts`), and the checker `log` judges, under what the options promise: under acks=1
 * or 0 a loss is a note with a count.
 */
import { listOf } from '../checkers/findings/findings.ts';
import { log as logChecker } from '../checkers/log/index.ts';
import { andThen, type OperationTemplate } from '../harness/generator/index.ts';
import type { Json, Operation } from '../harness/history/operation.ts';
import { finalCommitted, finalPolls } from './final-polls.ts';
import { eachFollows, type Turn } from './follow.ts';
import { choiceOption, integerOption, shareOption } from './options.ts';
import { partitionNames, polledIn, PROMISE_OPTIONS, promisesOf } from './partitions.ts';
import type { Workload } from './workload.ts';

/** Shares of all operations. */
const REASSIGN_SHARE = 0.02;
const COMMIT_SHARE = 0.03;
const COMMITTED_SHARE = 0.01;
const LIST_OFFSETS_SHARE = 0.02;
/** Of sends and polls, with transactions. */
const TRANSACTION_SHARE = 0.5;
/** Micro-operations of a transaction: 2 … 4. */
const TRANSACTION_MIN = 2;
const TRANSACTION_MAX = 4;

/** A thread's client, as far as its operations tell. */
export interface Consumer {
  /** Null: it has nothing to poll yet. */
  readonly assigned: readonly string[] | null;
  /** By partition, the offset behind what it polled last. */
  readonly next: ReadonlyMap<string, number>;
}

export const NOBODY: Consumer = { assigned: null, next: new Map() };

interface Traffic {
  readonly keys: readonly string[];
  readonly concurrency: number;
  readonly isGroup: boolean;
  readonly transactions: boolean;
  readonly sendShare: number;
  readonly trims: number;
  readonly crashes: number;
}

export const log: Workload = {
  name: 'log',
  summary:
    'sends, polls and commits on partitioned logs; nothing may be lost, doubled, reordered, made up or skipped',
  functions: [
    'send',
    'poll',
    'txn',
    'assign',
    'subscribe',
    'commit',
    'committed',
    'list-offsets',
    'trim',
    'crash',
  ],
  options: [
    { name: 'topics', default: 2, meaning: 'topics, from t0 on' },
    { name: 'partitions', default: 2, meaning: 'partitions of each that are used' },
    {
      name: 'consumers',
      default: 'assign',
      meaning: 'assign: each chooses its partitions; subscribe: a group shares them out',
    },
    { name: 'transactions', default: false, meaning: 'half of the sends and polls are in transactions' },
    ...PROMISE_OPTIONS,
    { name: 'sendShare', default: 0.5, meaning: 'share of sends among sends and polls' },
    {
      name: 'trims',
      default: 0,
      meaning: 'share of operations that delete what a partition begins with (DeleteRecords)',
    },
    { name: 'crashes', default: 0, meaning: 'share of operations after which the client is gone' },
  ],
  prepare: ({ rate, options, concurrency }) => {
    const keys = partitionNames(integerOption(options, 'topics', 1), integerOption(options, 'partitions', 1));
    const transactions = options['transactions'] === true;
    const promises = promisesOf(options);
    const traffic: Traffic = {
      keys,
      concurrency,
      transactions,
      isGroup: choiceOption(options, 'consumers', ['assign', 'subscribe']) === 'subscribe',
      sendShare: shareOption(options, 'sendShare'),
      trims: shareOption(options, 'trims'),
      crashes: shareOption(options, 'crashes'),
    };
    return {
      generator: eachFollows<Consumer>(rate, {
        initial: NOBODY,
        propose: (consumer, turn) => propose(traffic, consumer, turn),
        observe: observeConsumer,
      }),
      finalGenerator: andThen(
        finalCommitted(keys),
        finalPolls(() => keys),
      ),
      checkers: [
        logChecker({
          ...promises,
          idempotence: promises.idempotence || transactions,
          transactions,
          rebalancesRecorded: true,
          staleViews: true,
        }),
      ],
      mustSucceed: ['send', 'poll', ...(transactions ? ['txn'] : [])],
    };
  },
};

function propose(traffic: Traffic, consumer: Consumer, turn: Turn): OperationTemplate {
  const { assigned, next } = consumer;
  let kind = turn.draw('kind');
  const isDrawn = (share: number): boolean => {
    kind -= share;
    return kind < 0;
  };
  if (isDrawn(traffic.crashes)) return { f: 'crash' };
  if (isDrawn(traffic.trims) && next.size > 0) return { f: 'trim', value: trimmed(next, turn) };
  if (isDrawn(REASSIGN_SHARE)) return assign(traffic, turn);
  if (isDrawn(COMMIT_SHARE) && next.size > 0) return { f: 'commit', value: Object.fromEntries(next) };
  if (isDrawn(COMMITTED_SHARE)) return { f: 'committed', value: [...traffic.keys] };
  if (isDrawn(LIST_OFFSETS_SHARE)) return { f: 'list-offsets', value: [...traffic.keys] };
  if (traffic.transactions && turn.draw('transaction') < TRANSACTION_SHARE) {
    if (assigned === null) return assign(traffic, turn);
    return { f: 'txn', value: transaction(traffic, turn) };
  }
  if (turn.draw('function') < traffic.sendShare) return { f: 'send', value: [send(traffic, turn, 0)] };
  return assigned === null ? assign(traffic, turn) : { f: 'poll', value: [['poll']] };
}

/** A group's members want all topics; who assigns takes some partitions, at least one. */
function assign({ keys, isGroup }: Traffic, turn: Turn): OperationTemplate {
  if (isGroup) return { f: 'subscribe', value: [...keys] };
  const chosen = keys.filter((key) => turn.draw(`assign ${key}`) < 0.5);
  return { f: 'assign', value: chosen.length > 0 ? chosen : [pick(keys, turn.draw('assign one'))] };
}

/** Of one partition some of what the client has polled: others may not have come so far. */
function trimmed(next: Consumer['next'], turn: Turn): Json {
  const key = pick([...next.keys()], turn.draw('trim partition'));
  return { [key]: Math.floor(turn.draw('trim offset') * (next.get(key) as number)) };
}

function transaction(traffic: Traffic, turn: Turn): Json {
  const length = TRANSACTION_MIN + Math.floor(turn.draw('length') * (TRANSACTION_MAX - TRANSACTION_MIN + 1));
  return Array.from({ length }, (_, i) =>
    turn.draw(`micro ${i}`) < traffic.sendShare ? send(traffic, turn, i) : ['poll'],
  );
}

/** The value is the only one of its kind in the run. */
function send({ keys, concurrency }: Traffic, { count, thread, draw }: Turn, i: number): Json {
  const value = (count * TRANSACTION_MAX + i) * concurrency + thread;
  return ['send', pick(keys, draw(`partition ${i}`)), value];
}

const pick = (keys: readonly string[], draw: number): string =>
  keys[Math.floor(draw * keys.length)] as string;

export function observeConsumer(consumer: Consumer, event: Operation): Consumer {
  const { type, f, value } = event;
  if (type === 'info' || (f === 'crash' && type !== 'invoke')) return NOBODY;
  // A poll that failed may have taken over other partitions: what was polled before is not its to commit.
  if (type === 'fail' && (f === 'poll' || f === 'txn')) return { ...consumer, next: new Map() };
  if (type !== 'ok') return consumer;
  if (f === 'subscribe') return { assigned: listOf(value).map(String), next: new Map() };
  if (f === 'assign') {
    const assigned = listOf(value).map(String);
    return { assigned, next: new Map([...consumer.next].filter(([key]) => assigned.includes(key))) };
  }
  if (f !== 'poll' && f !== 'txn') return consumer;
  const polled = polledIn(event);
  if (polled.next.size === 0 && polled.rebalanced.length === 0) return consumer;
  const kept = [...consumer.next].filter(([key]) => !polled.rebalanced.includes(key));
  return { ...consumer, next: new Map([...kept, ...polled.next]) };
}
