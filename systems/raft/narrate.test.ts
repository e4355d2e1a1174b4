import { expect, it } from 'vitest';
import { narrate } from './narrate.ts';

it('says what is rare in a sentence, and is silent about the rest', () => {
  const started = {
    kind: 'start',
    term: 3,
    votedFor: 'n2',
    firstIndex: 1,
    lastTerm: 3,
    voters: [],
    entries: [],
  } as const;
  expect(narrate({ ...started, lastIndex: 0, snapshotIndex: 0 })).toBe(
    'started in term 3 with an empty log, voted for n2',
  );
  expect(narrate({ ...started, votedFor: null, lastIndex: 9, snapshotIndex: 4 })).toBe(
    'started in term 3 with entries up to 9 behind a snapshot at 4, voted for nobody',
  );
  expect(narrate({ kind: 'role', role: 'leader', term: 4, leader: 'n1' })).toBe(
    'leader in term 4, leader n1',
  );
  expect(narrate({ kind: 'role', role: 'candidate', term: 5, leader: null })).toBe(
    'candidate in term 5, no known leader',
  );
  expect(narrate({ kind: 'truncate', fromIndex: 8 })).toBe(
    "removed entries from 8 on: they conflict with the leader's",
  );
  const snapshot = { kind: 'snapshot', index: 50, term: 2, prefixHash: 1, stateHash: 2 } as const;
  expect(narrate({ ...snapshot, source: 'taken' })).toBe('took a snapshot up to 50');
  expect(narrate({ ...snapshot, source: 'installed' })).toBe('installed a snapshot up to 50');
  expect(narrate({ kind: 'durable', index: 3 })).toBeNull();
});
