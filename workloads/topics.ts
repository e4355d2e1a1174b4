/**
 * Topics come and go: creations, deletions and descriptions of several names at once.
 *
 *     create-topic t0 {partitions: 3} · describe-topic t0 → {partitions: {"0": …, "1": …, "2": …}} · delete-topic t0
 *
 * Creations differ in their number of partitions, so that a description says which creation it shows. Creations and deletions are decided by
 * the controllers and are linearizable. Descriptions come from the broker that is asked, which reads the metadata log at its own pace: late, but
 * in order (checkers/topics). When all is quiet every thread describes every topic once more, and sees what was acknowledged.
 */
import { topics as topicsChecker } from '../checkers/topics/index.ts';
import { eachThread, type Generator, map, stagger } from '../harness/generator/index.ts';
import { integerOption, keyOptions, shareOption } from './options.ts';
import { RecentKeys, rotatingKeys } from './rotating-keys.ts';
import type { Workload } from './workload.ts';
import { asked } from './until-ok.ts';

/** Of a topic: 1 … 9. */
const PARTITIONS_MAX = 9;
const RECENT_FACTOR = 2;
const FINAL_ATTEMPTS = 20;
const FINAL_PAUSE_S = 0.2;

export const topics: Workload = {
  name: 'topics',
  summary: 'creates, deletes and describes topics; changes are linearizable, and brokers show them in order',
  functions: ['create-topic', 'delete-topic', 'describe-topic'],
  options: [
    ...keyOptions(4, 40),
    { name: 'describeShare', default: 0.5, meaning: 'share of descriptions' },
    { name: 'deleteShare', default: 0.2, meaning: 'share of deletions; the rest are creations' },
    {
      name: 'strictRefusals',
      default: false,
      meaning: 'a refusal saw the topic as it was: more than Kafka promises',
    },
  ],
  prepare: ({ rate, options }) => {
    const keys = integerOption(options, 'keys', 1);
    const describeShare = shareOption(options, 'describeShare');
    const deleteShare = shareOption(options, 'deleteShare');
    const recent = new RecentKeys(keys * RECENT_FACTOR);
    return {
      generator: stagger(
        1 / rate,
        named(
          rotatingKeys<null>({
            keys,
            operationsPerKey: integerOption(options, 'operationsPerKey', 1),
            initial: null,
            propose: ({ draw, count }) => {
              const kind = draw('function');
              if (kind < describeShare) return { f: 'describe-topic', value: {} };
              if (kind < describeShare + deleteShare) return { f: 'delete-topic', value: {} };
              return { f: 'create-topic', value: { partitions: 1 + (count % PARTITIONS_MAX) } };
            },
            recent,
          }),
        ),
      ),
      finalGenerator: eachThread((_context, count) =>
        count === 0 ? recent.keys.map((key) => finalDescription(key)) : null,
      ),
      checkers: [topicsChecker({ strictRefusals: options['strictRefusals'] === true })],
      mustSucceed: ['create-topic', 'describe-topic'],
    };
  },
};

function finalDescription(key: string | number): Generator {
  const describe = { f: 'describe-topic', key, value: { topic: topicOf(key) } };
  return asked(describe, { attempts: FINAL_ATTEMPTS, pauseS: FINAL_PAUSE_S });
}

/** Keys are topics: `k0` is the topic `topic-0`. */
const topicOf = (key: string | number): string => String(key).replace(/^k/, 'topic-');

function named(generator: Generator): Generator {
  return map(
    (op) => ({ ...op, value: { topic: topicOf(op.key ?? ''), ...(op.value as object) } }),
    generator,
  );
}
