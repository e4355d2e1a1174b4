/**
 * What is otherwise for a partition that a Raft group replicates: the group alone says how far its log is committed, and an
 * acknowledgement means just that, whatever acks asks for.
 *
 *     groupRules(correctRules).mayAcknowledge({ acks: 1, requiredOffset: 5, highWatermark: 4, … }) // 'wait'
 *
 * With acks=1 a producer is told when its batch is in the log to stay. In ISR replication that is the leader's log; here a leader alone
 * can promise nothing, so that acks=1 is acks=-1. `min.insync.replicas` does not count: a majority does.
 */
import type { Rules } from '../partition/rules.ts';

export const groupRules = (rules: Rules): Rules => ({
  ...rules,
  highWatermark: ({ highWatermark }) => highWatermark,
  mayAcknowledge: (facts) => rules.mayAcknowledge({ ...facts, acks: facts.acks === 0 ? 0 : -1 }),
});
