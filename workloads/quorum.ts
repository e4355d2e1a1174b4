/**
 * The quorum as clients see it: who leads, in which epoch, how far the metadata are committed, while topics are created.
 *
 *     describe-quorum → {leaderId: 2, leaderEpoch: 5, highWatermark: 40, voters: …, observers: …}
 *
 * Each client asks through its own node. Topics are created beside so that the high watermark moves by more than heartbeats.
 */
import { quorumViews } from '../checkers/quorum-views/index.ts';
import { eachThread } from '../harness/generator/index.ts';
import { eachFollows } from './follow.ts';
import { integerOption, shareOption } from './options.ts';
import type { Workload } from './workload.ts';
import { asked } from './until-ok.ts';

const FINAL_ATTEMPTS = 20;
const FINAL_PAUSE_S = 0.5;

export const quorum: Workload = {
  name: 'quorum',
  summary: 'descriptions of the quorum while topics are created; epochs and high watermark must not go back',
  functions: ['describe-quorum', 'create-topic'],
  options: [
    { name: 'createShare', default: 0.1, meaning: 'share of operations that create a topic' },
    {
      name: 'topicsMax',
      default: 200,
      meaning: 'topics that are created at most; then all operations describe',
    },
  ],
  prepare: ({ rate, options, concurrency }) => {
    const createShare = shareOption(options, 'createShare');
    const topicsMax = integerOption(options, 'topicsMax', 0);
    return {
      generator: eachFollows<number>(rate, {
        // Topics that the thread has created.
        initial: 0,
        propose: (created, { draw, thread }) => {
          const number = created * concurrency + thread;
          if (draw('function') >= createShare || number >= topicsMax) return { f: 'describe-quorum' };
          return { f: 'create-topic', value: { topic: `q${number}`, partitions: 1 } };
        },
        observe: (created, { type, f }) =>
          f === 'create-topic' && type === 'invoke' ? created + 1 : created,
      }),
      finalGenerator: eachThread(
        asked({ f: 'describe-quorum' }, { attempts: FINAL_ATTEMPTS, pauseS: FINAL_PAUSE_S }),
      ),
      checkers: [quorumViews()],
      mustSucceed: ['describe-quorum', 'create-topic'],
    };
  },
};
