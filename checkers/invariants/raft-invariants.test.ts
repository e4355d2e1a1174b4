import { describe, expect, test } from 'vitest';
import { History } from '../../harness/history/history.ts';
import { NS_PER_MS } from '../../harness/units.ts';
import type { TraceEvent } from '../../harness/history/trace.ts';
import type { Anomaly } from '../checker.ts';
import { raftInvariants } from './checker.ts';
import { INVARIANTS } from './invariants.ts';
import type { InvariantName } from './invariants.ts';
import { RaftInvariants } from './raft-invariants.ts';
import { parseTrace } from './trace-text.ts';

function anomaliesOf(text: string, globalOrder = true): Anomaly[] {
  const monitor = new RaftInvariants({ globalOrder });
  return parseTrace(text).flatMap((record) => monitor.observe(record) ?? []);
}

const namesOf = (text: string, globalOrder = true): string[] =>
  anomaliesOf(text, globalOrder).map((anomaly) => anomaly.name);

/** n1 leads term 1 and has committed index 1 and 2 with n2; n3 has nothing. */
const LED = `
  n1 start
  n2 start
  n3 start
  n1 persist 1 n1
  n1 role candidate 1
  n1 vote n1 1
  n2 persist 1 n1
  n2 vote n1 1
  n1 role leader 1
  n1 append 1:1 2:1
  n1 durable 2
  n2 role follower 1
  n2 append 1:1 2:1
  n2 durable 2
  n1 commit 2
  n1 apply 2
  n2 commit 2
`;

interface Case {
  readonly violates: string;
  readonly nearMiss: string;
  /** The two times, in lines from the end of `violates`, at which the contradicting records were written. */
  readonly says: RegExp;
}

const CASES: Record<InvariantName, Case> = {
  'two-leaders-in-a-term': {
    violates: `${LED} n2 role leader 1`,
    nearMiss: `${LED} n2 role leader 2`,
    says: /n1 and n2 were both elected leader of term 1.*n2 at .*role leader in term 1 — contradicts — n1 at/,
  },
  'elected-without-majority': {
    violates: `${LED} n3 persist 2 n3
      n3 vote n3 2
      n3 append 1:1 2:1
      n3 role leader 2`,
    nearMiss: `${LED} n3 persist 2 n3
      n3 vote n3 2
      n3 append 1:1 2:1 term=2
      n2 persist 2 n3
      n2 vote n3 2
      n3 role leader 2`,
    says: /n3 leads term 2 with the votes of 1 of 3 voters/,
  },
  'leader-again-in-a-term': {
    violates: `${LED} n1 role follower 1
      n1 role leader 1`,
    nearMiss: `${LED} n1 role leader 1
      n1 role follower 1
      n1 role leader 2`,
    says: /n1 was elected leader of term 1 twice/,
  },
  'double-vote': {
    violates: `${LED} n2 stop kill
      n2 start term=1 vote=n1
      n2 vote n3 1`,
    nearMiss: `${LED} n2 stop kill
      n2 start term=1 vote=n1
      n2 vote n1 1
      n2 persist 2 n3
      n2 vote n3 2`,
    says: /n2 voted in term 1 for n1 and then for n3/,
  },
  'vote-before-persist': {
    violates: `${LED} n3 persist 2 -
      n3 vote n2 2`,
    nearMiss: `${LED} n3 persist 2 n2
      n3 persist 3 -
      n3 vote n2 2`,
    says: /the vote of n3 for n2 in term 2 left it while its disk held term 2 and a vote for nobody/i,
  },
  'vote-forgotten': {
    violates: `${LED} n2 start term=1`,
    nearMiss: `${LED} n2 start term=2 vote=n3`,
    says: /n2 had persisted term 1 and its vote for n1, and starts with term 1 and a vote for nobody/,
  },
  'term-went-back': {
    violates: `${LED} n3 role follower 3
      n3 role follower 2`,
    nearMiss: `${LED} n3 role follower 3
      n3 start term=2
      n3 role follower 2`,
    says: /n3 goes back from term 3 to term 2/,
  },
  'log-gap': {
    violates: `${LED} n3 append 2:1`,
    nearMiss: `${LED} n3 append 1:1`,
    says: /n3 appends index 2 to a log that ends at index 0/,
  },
  'log-term-went-back': {
    violates: `${LED} n3 append 1:2
      n3 append 2:1`,
    nearMiss: `${LED} n3 append 1:2
      n3 append 2:2`,
    says: /n3 appends index 2 of term 1 behind an entry of term 2/,
  },
  'entry-redefined': {
    violates: `${LED} n3 append 1:1=77`,
    nearMiss: `${LED} n3 append 1:2=77`,
    says: /n1 and n3 hold different entries at index 1 of term 1/,
  },
  'log-mismatch': {
    violates: `${LED} n1 append 3:1
      n3 append 1:1 2:1 3:2
      n3 append 4:2
      n2 append 3:1
      n2 append 4:2`,
    nearMiss: `${LED} n1 append 3:1
      n3 append 1:1 2:1 3:2
      n3 append 4:2
      n2 append 3:1
      n2 append 4:3`,
    says: /n3 and n2 hold index 4 of term 2 behind different entries \(of terms 2 and 1\)/,
  },
  'leader-truncated-own-log': {
    violates: `${LED} n1 append 3:1
      n1 truncate 3`,
    nearMiss: `${LED} n1 append 3:1
      n1 role follower 2
      n1 truncate 3`,
    says: /n1, leader of term 1, removes its own log from index 3/,
  },
  'committed-entry-truncated': {
    violates: `${LED} n2 truncate 2`,
    nearMiss: `${LED} n2 append 3:1
      n2 truncate 3`,
    says: /n2 removes its log from index 2, and its commit index is 2/,
  },
  'durable-entry-lost': {
    violates: `${LED} n2 start term=1 vote=n1 log=1:1`,
    nearMiss: `${LED} n2 append 3:1
      n2 start term=1 vote=n1 log=1:1,2:1`,
    says: /the log of n2 was durable up to index 2, and it starts with a log that ends at index 1/i,
  },
  'durable-beyond-log': {
    violates: `${LED} n2 durable 3`,
    nearMiss: `${LED} n2 append 3:1
      n2 durable 3`,
    says: /the log of n2 is durable up to index 3, and it ends at index 2/i,
  },
  'commit-beyond-log': {
    violates: `${LED} n3 append 1:1
      n3 commit 2 term=1`,
    nearMiss: `${LED} n3 append 1:1
      n3 commit 1`,
    says: /n3 commits index 2, and its log ends at index 1/,
  },
  'commit-went-back': {
    violates: `${LED} n2 commit 1`,
    nearMiss: `${LED} n2 start term=1 vote=n1
      n2 commit 1`,
    says: /the commit index of n2 goes back from 2 to 1/i,
  },
  'older-term-committed': {
    violates: `${LED} n1 append 3:1
      n1 durable 3
      n2 append 3:1
      n2 durable 3
      n2 role leader 2
      n2 commit 3`,
    nearMiss: `${LED} n1 append 3:1
      n1 durable 3
      n2 append 3:1
      n2 durable 3
      n2 role leader 2
      n2 append 4:2
      n2 durable 4
      n3 append 1:1 2:1 3:1 4:2
      n3 durable 4
      n2 commit 4`,
    says: /n2, leader of term 2, commits index 3, an entry of term 1/,
  },
  'committed-without-majority': {
    violates: `${LED} n1 append 3:1
      n1 durable 3
      n2 append 3:1
      n1 commit 3`,
    nearMiss: `${LED} n1 append 3:1
      n3 append 1:1 2:1 3:1
      n3 durable 3
      n2 append 3:1
      n2 durable 3
      n1 commit 3`,
    says: /n1 commits index 3 of term 1, which is durable on 1 of 3 voters/,
  },
  'committed-entries-differ': {
    violates: `${LED} n3 append 1:1 2:2
      n3 commit 2`,
    nearMiss: `${LED} n3 append 1:1 2:1
      n3 commit 2`,
    says: /n1 committed an entry of term 1 at index 2, and n3 one of term 2/,
  },
  'leader-incomplete': {
    violates: `${LED} n3 role leader 2`,
    nearMiss: `${LED} n3 append 1:1 2:1
      n3 role leader 2`,
    says: /n2 committed index 2 of term 1, but the log of n3, leader of term 2, ended at index 0|n1 committed index 2/,
  },
  'applied-before-commit': {
    violates: `${LED} n2 append 3:1
      n2 apply 3`,
    nearMiss: `${LED} n2 append 3:1
      n2 apply 2`,
    says: /n2 applies up to index 3, and its commit index is 2/,
  },
  'applied-went-back': {
    violates: `${LED} n1 apply 1`,
    nearMiss: `${LED} n1 start term=1 vote=n1
      n1 commit 2
      n1 apply 1`,
    says: /the applied index of n1 goes back from 2 to 1/i,
  },
  'snapshot-beyond-applied': {
    violates: `${LED} n2 snapshot taken 2`,
    nearMiss: `${LED} n1 snapshot taken 2`,
    says: /n2 takes a snapshot up to index 2, and has applied up to 0/,
  },
  'state-diverged': {
    violates: `${LED} n1 apply 2 state=5
      n2 apply 2 state=6`,
    nearMiss: `${LED} n1 apply 2 state=5
      n2 apply 1 state=6
      n2 apply 2 state=5`,
    says: /n1 and n2 have different states at applied index 2 \(hashes 5 and 6\)/,
  },
  'impossible-state': {
    violates: `${LED} n2 impossible the applied index passes the commit index`,
    nearMiss: LED,
    says: /n2 found its own state impossible: the applied index passes the commit index/,
  },
  'node-crashed': {
    violates: `${LED} n2 crash wal-3 is corrupt`,
    nearMiss: `${LED} n2 stop killed`,
    says: /n2 crashed: wal-3 is corrupt/,
  },
  'acknowledged-before-commit': {
    violates: `${LED} n1 append 3:1
      n1 ack 3`,
    nearMiss: `${LED} n1 append 3:1
      n1 ack 2`,
    says: /n1 acknowledges index 3 of term 1, and its commit index is 2/,
  },
};

describe('a correct run', () => {
  test('has no anomaly', () => {
    expect(namesOf(LED)).toEqual([]);
  });
});

describe.each([...INVARIANTS.values()])('$name', ({ name, rule, order }) => {
  const { violates, nearMiss, says } = CASES[name];

  test('is named once, with both records and the rule', () => {
    const anomalies = anomaliesOf(violates);
    expect(anomalies.map((anomaly) => anomaly.name)).toEqual([name]);
    expect(anomalies[0]?.explanation).toMatch(says);
    expect(anomalies[0]?.explanation).toContain(rule);
    const second = parseTrace(violates).at(-1);
    // What a node says of itself contradicts nobody.
    const saysItAll = name === 'impossible-state' || name === 'node-crashed';
    const first = saysItAll ? null : { node: expect.any(String) };
    expect(anomalies[0]?.evidence).toMatchObject({ first, second });
  });

  test('is not named for the near miss', () => {
    expect(namesOf(nearMiss)).toEqual([]);
  });

  test(`is ${order === 'cluster' ? 'not judged' : 'judged'} without a global order`, () => {
    expect(namesOf(violates, false)).toEqual(order === 'cluster' ? [] : [name]);
    expect(namesOf(nearMiss, false)).toEqual([]);
  });
});

describe('the checker', () => {
  const check = (text: string) =>
    raftInvariants().check({ history: new History([]), trace: parseTrace(text) });

  test('is valid when something was committed', () => {
    expect(check(LED)).toMatchObject({ valid: true, anomalies: [] });
  });

  test('is unknown when nothing was, or nobody said anything', () => {
    const upToTheElection = LED.slice(0, LED.indexOf('n1 append'));
    expect(check(upToTheElection)).toMatchObject({
      valid: 'unknown',
      reason: expect.stringContaining('No node ever committed anything') as string,
    });
    expect(check('')).toMatchObject({
      valid: 'unknown',
      reason: expect.stringContaining('no trace') as string,
    });
  });
});

describe('other shapes of the same violations', () => {
  test('a stored vote is replaced', () => {
    expect(namesOf(`${LED} n2 persist 1 n3`)).toEqual(['double-vote']);
  });

  test('a persisted term goes back', () => {
    expect(
      namesOf(`${LED} n3 persist 3 -
        n3 persist 2 -`),
    ).toEqual(['term-went-back']);
    expect(
      namesOf(`${LED} n3 persist 3 -
        n3 start term=2`),
    ).toEqual(['vote-forgotten']);
  });

  test('an append in an earlier term than the node had', () => {
    expect(namesOf(`${LED} n3 role follower 3 \n n3 append 1:1 term=2`)).toEqual(['term-went-back']);
    expect(namesOf(`${LED} n3 role follower 3 \n n3 append 1:1 term=3`)).toEqual([]);
  });

  test('a boot without the beginning of its log', () => {
    expect(namesOf(`${LED} n2 start term=1 vote=n1 log=2:1`)).toEqual(['log-gap']);
    expect(namesOf(`${LED} n1 snapshot taken 1 \n n1 start term=1 vote=n1 log=2:1`)).toEqual([]);
  });

  test('a boot that lists another log than it says it has', () => {
    const boot = parseTrace(`${LED} n2 start term=1 vote=n1`);
    const last = boot.pop();
    const monitor = new RaftInvariants();
    for (const record of boot) expect(monitor.observe(record)).toBeUndefined();
    const event = last?.event as Extract<TraceEvent, { kind: 'start' }>;
    for (const wrong of [{ lastIndex: 3 }, { firstIndex: 2 }, { lastTerm: 4 }]) {
      expect(monitor.observe({ node: 'n2', time: 0, event: { ...event, ...wrong } })).toMatchObject({
        name: 'log-gap',
        explanation: expect.stringContaining('entries from index 1 to 2, and says ') as string,
      });
    }
  });

  test('a leader whose voters voted for another', () => {
    expect(namesOf(`${LED.replace('n1 role leader 1', 'n2 role leader 1')}`)[0]).toBe(
      'elected-without-majority',
    );
  });

  test('a leader was elected before the commit of an earlier term became known', () => {
    const text = `${LED} n3 role leader 3
      n1 append 3:1
      n1 durable 3
      n2 append 3:1
      n2 durable 3
      n1 commit 3`;
    const anomalies = anomaliesOf(text);
    expect(anomalies.map((anomaly) => anomaly.name)).toEqual(['leader-incomplete', 'leader-incomplete']);
    expect(anomalies[1]?.explanation).toMatch(/n1 at .*commit index 3.*— contradicts — n3 at .*role leader/);
  });

  test('a late leader of a lower term need not hold what a higher term committed', () => {
    expect(
      namesOf(`${LED} n1 append 3:1
        n2 persist 3 n2
        n2 role leader 3
        n2 append 3:3
        n2 durable 3
        n3 append 1:1 2:1 3:3
        n3 durable 3
        n2 commit 3
        n1 role leader 2`),
    ).toEqual([]);
  });

  test('a follower removes what others have committed', () => {
    const behind = `${LED} n3 append 1:1 2:1`;
    expect(namesOf(`${behind} \n n3 role follower 1 \n n3 truncate 2`)).toEqual([
      'committed-entry-truncated',
    ]);
  });

  test('a follower of an earlier term removes what a later term committed', () => {
    // Figure 8: the entry of term 1 commits in term 4 only, and n3 still follows the leader of term 3.
    const text = `
      n1 start
      n2 start
      n3 start
      n1 append 1:1
      n3 append 1:1
      n3 role follower 3
      n1 role leader 4
      n1 append 2:4
      n1 durable 2
      n2 append 1:1 2:4
      n2 durable 2
      n1 commit 2
      n3 truncate 1`;
    expect(namesOf(text)).toEqual([]);
    expect(namesOf(text.replace('follower 3', 'follower 4'))).toEqual(['committed-entry-truncated']);
  });

  test('entries are overwritten without a truncation', () => {
    expect(namesOf(`${LED} n2 append 2:2`)).toEqual(['committed-entry-truncated']);
    expect(
      namesOf(`${LED} n2 append 3:1
        n2 append 3:2`),
    ).toEqual([]);
  });

  test('a durable entry comes back changed', () => {
    expect(namesOf(`${LED} n2 start term=1 vote=n1 log=1:1,2:3`)).toEqual(['durable-entry-lost']);
  });

  test('a truncated suffix may come back after a crash, or be gone', () => {
    const text = `${LED} n2 append 3:1
      n2 durable 3
      n2 role follower 2
      n2 truncate 3`;
    expect(namesOf(`${text} \n n2 start term=1 vote=n1 log=1:1,2:1,3:1`)).toEqual([]);
    expect(namesOf(`${text} \n n2 start term=1 vote=n1 log=1:1,2:1`)).toEqual([]);
  });

  test('an acknowledgement names another entry than the committed one', () => {
    expect(namesOf(`${LED} n1 ack 2 term=9`)).toEqual(['acknowledged-before-commit']);
  });

  test('a conflicting copy does not count for the majority', () => {
    expect(
      namesOf(`${LED} n3 append 1:1 2:1 3:2
        n3 durable 3
        n1 append 3:1
        n1 durable 3
        n1 commit 3`),
    ).toEqual(['committed-without-majority']);
  });

  test('a single voter commits before its log is durable', () => {
    const single = `
      n1 start
      n1 voters n1
      n1 role leader 1
      n1 append 1:1`;
    expect(namesOf(`${single} \n n1 commit 1`)).toEqual(['committed-without-majority']);
    expect(namesOf(`${single} \n n1 durable 1 \n n1 commit 1`)).toEqual([]);
  });

  test('a prefix hash differs though the compared entries are gone', () => {
    const snapshot = `${LED} n1 snapshot taken 2`;
    expect(namesOf(`${snapshot} \n n3 snapshot installed 2 term=1 prefix=5`)).toEqual([
      'committed-entries-differ',
    ]);
  });
});

describe('snapshots', () => {
  const SNAPSHOT = `${LED} n1 snapshot taken 2 state=9`;
  const prefixHash = (): number => {
    const event = parseTrace(SNAPSHOT).at(-1)?.event;
    return event?.kind === 'snapshot' ? event.prefixHash : -1;
  };

  test('a follower installs one and goes on', () => {
    expect(
      namesOf(`${SNAPSHOT}
        n3 role follower 1
        n3 snapshot installed 2 term=1 prefix=${prefixHash()} state=9
        n1 append 3:1
        n1 durable 3
        n3 append 3:1
        n3 durable 3
        n1 commit 3
        n3 commit 3
        n3 start term=1 snapshot=2 log=3:1`),
    ).toEqual([]);
  });

  test('an installed state that differs from the taken one', () => {
    expect(namesOf(`${SNAPSHOT} \n n3 snapshot installed 2 term=1 prefix=${prefixHash()} state=8`)).toEqual([
      'state-diverged',
    ]);
  });

  test('an older snapshot replaces newer state', () => {
    expect(
      namesOf(`${LED} n2 apply 2
        n2 snapshot installed 1`),
    ).toEqual(['applied-went-back']);
  });

  test('a durable snapshot must be there after a crash', () => {
    expect(namesOf(`${SNAPSHOT} \n n1 start term=1 vote=n1 snapshot=1 log=1:1,2:1`)).toEqual([
      'durable-entry-lost',
    ]);
    expect(namesOf(`${SNAPSHOT} \n n1 start term=1 vote=n1 snapshot=0 log=1:1`)).toEqual([
      'durable-entry-lost',
    ]);
  });
});

test('a run that lasts keeps only what the logs hold', () => {
  const monitor = new RaftInvariants({ globalOrder: true });
  const nodes = ['n1', 'n2', 'n3'];
  let time = 0;
  const observe = (node: string, event: Parameters<typeof monitor.observe>[0]['event']): void => {
    expect(monitor.observe({ node, time: time++ * NS_PER_MS, event })).toBeUndefined();
  };
  for (const node of nodes) {
    observe(node, {
      kind: 'start',
      term: 0,
      votedFor: null,
      firstIndex: 1,
      lastIndex: 0,
      lastTerm: 0,
      snapshotIndex: 0,
      voters: nodes,
      entries: [],
    });
  }
  observe('n1', { kind: 'role', role: 'leader', term: 1, leader: 'n1' });
  for (let index = 1; index <= 20_000; index++) {
    const entries = [{ index, term: 1, hash: index }];
    for (const node of nodes) {
      observe(node, { kind: 'append', term: 1, entries });
      observe(node, { kind: 'durable', index });
    }
    for (const node of nodes) {
      observe(node, { kind: 'commit', index, term: 1, prefixHash: index });
      observe(node, { kind: 'apply', index, stateHash: index });
      if (index % 100 === 0) {
        observe(node, {
          kind: 'snapshot',
          source: 'taken',
          index,
          term: 1,
          prefixHash: index,
          stateHash: index,
        });
      }
    }
  }
  expect(monitor.figures()).toEqual({
    records: 3 + 1 + 20_000 * 12 + 600,
    nodes: 3,
    entries: 20_000,
    commitIndex: 20_000,
    elections: 1,
  });
  expect(monitor.retainedEntries()).toBeLessThan(2_500);
});
