/** What a follower does when nobody listens any more where its leader was. */
import { describe, expect, test } from 'vitest';
import { QuorumCluster } from './testing/core-cluster.ts';

const ELECTION_TIMEOUT_MS = 1000;
const FETCH_TIMEOUT_MS = 2000;

/** Node 1 leads, and node 2 waits there for records: the correlation id of that fetch. */
function followed(): { made: QuorumCluster; fetchId: number } {
  const made = new QuorumCluster({ voters: 3 });
  made.timeout(1);
  let fetchId = 0;
  for (let round = 0; round < 20; round++) {
    for (const { from, correlationId, ...message } of made.messages) {
      if (from === 2 && 'request' in message && message.request.api === 'fetch') fetchId = correlationId;
    }
    made.deliver();
    for (const id of made.ids) made.store(id);
  }
  expect(made.core(2).status()).toMatchObject({ state: 'follower', leaderId: 1 });
  return { made, fetchId };
}

/** The state after this time, without any answer. */
function stateAfter({ made }: { made: QuorumCluster }, ms: number): string {
  made.core(2).tick(made.nowMs + ms);
  return made.core(2).status().state;
}

describe('a follower whose leader is down', () => {
  test('asks for votes within a part of the election timeout', () => {
    const rig = followed();
    rig.made.core(2).requestRefused(rig.made.nowMs, 1, rig.fetchId);
    expect(rig.made.core(2).status().state).toBe('follower');
    expect(stateAfter(rig, ELECTION_TIMEOUT_MS / 5)).toBe('prospective');
  });

  test('waits for the fetch timeout where a request merely failed', () => {
    const rig = followed();
    rig.made.core(2).requestFailed(rig.made.nowMs, 1, rig.fetchId);
    expect(stateAfter(rig, FETCH_TIMEOUT_MS - 1)).toBe('follower');
    expect(stateAfter(rig, FETCH_TIMEOUT_MS)).toBe('prospective');
  });

  test('grants a pre-vote to another who saw it, too', () => {
    const { made, fetchId } = followed();
    made.core(2).requestRefused(made.nowMs, 1, fetchId);
    made.core(2).receiveRequest(
      made.nowMs,
      { from: 3, correlationId: 99, boot: 1 },
      {
        ...{ api: 'vote', clusterId: 'shaken', voterId: 2, voterDirectoryId: null, preVote: true },
        ...{
          candidateEpoch: 1,
          candidateId: 3,
          candidateDirectoryId: null,
          lastOffsetEpoch: 1,
          lastOffset: 1,
        },
      },
    );
    const answers = made
      .core(2)
      .takeEffects()
      .flatMap((effect) => (effect.kind === 'respond' ? effect.response : []));
    expect(answers).toMatchObject([{ api: 'vote', voteGranted: true }]);
  });

  test('is not hurried by a refusal of what it does not wait for, nor a second time without a fetch between', () => {
    const rig = followed();
    const core = rig.made.core(2);
    core.requestRefused(rig.made.nowMs, 1, rig.fetchId + 1);
    core.requestRefused(rig.made.nowMs, 3, rig.fetchId);
    expect(stateAfter(rig, ELECTION_TIMEOUT_MS)).toBe('follower');

    const again = followed();
    const { made, fetchId } = again;
    made.core(2).requestRefused(made.nowMs, 1, fetchId);
    expect(stateAfter(again, ELECTION_TIMEOUT_MS / 5)).toBe('prospective');
    // The others still reach the leader, and would not vote for it.
    made.nowMs += ELECTION_TIMEOUT_MS / 5;
    for (const effect of made.core(2).takeEffects()) {
      if (effect.kind !== 'request' || effect.request.api !== 'vote') continue;
      const refusal = { api: 'vote', errorCode: 0, leaderId: 1, leaderEpoch: 1, voteGranted: false } as const;
      made.core(2).receiveResponse(made.nowMs, effect.to, effect.correlationId, refusal);
    }
    expect(made.core(2).status().state).toBe('follower');
    const fetches = made
      .core(2)
      .takeEffects()
      .flatMap((effect) =>
        effect.kind === 'request' && effect.request.api === 'fetch' ? effect.correlationId : [],
      );
    expect(fetches).toHaveLength(1);
    made.core(2).requestRefused(made.nowMs, 1, fetches[0] as number);
    expect(stateAfter(again, FETCH_TIMEOUT_MS - 1)).toBe('follower');
  });
});
