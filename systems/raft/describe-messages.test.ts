import { expect, it } from 'vitest';
import { describeMessages } from './describe-messages.ts';
import { RESULT } from './errors.ts';
import { newEntry } from './log.ts';
import { encodeMessage, type Message } from './messages.ts';
import { encodePosition, encodeProposal, encodeRead, encodeReadReply, encodeRefusal } from './protocol.ts';

const between = { from: 'n1', to: 'n2', connection: null, isAnswer: false };
const asked = { from: 'client-0', to: 'n1', connection: 3, isAnswer: false };
const answered = { from: 'n1', to: 'client-0', connection: 3, isAnswer: true };

it('says what nodes say to each other', () => {
  const describe = describeMessages();
  const say = (message: Message) => describe({ ...between, bytes: encodeMessage(message) })?.text;
  expect(say({ kind: 'vote', term: 3, lastIndex: 7, lastTerm: 2 })).toBe('vote? term 3, log to 7 (term 2)');
  expect(say({ kind: 'vote-reply', term: 3, granted: true })).toBe('granted, term 3');
  expect(say({ kind: 'pre-vote-reply', term: 3, granted: false })).toBe('refused, term 3');
  const append = { kind: 'append', term: 3, prevIndex: 7, prevTerm: 2, commit: 6, round: 1 } as const;
  const entries = [newEntry(3, new Uint8Array([0])), newEntry(3, new Uint8Array([0]))];
  expect(say({ ...append, entries })).toBe(
    'append term 3: entries 8–9 of term 3, after 7 (term 2), commit 6',
  );
  expect(say({ ...append, entries: entries.slice(0, 1) })).toContain('entry 8 of term 3');
  const reply = {
    kind: 'append-reply',
    ...{ term: 3, round: 1, verified: 9, match: 8 },
    ...{ prevIndex: 0, hintIndex: 0, hintTerm: 0, hintFirst: 0 },
  } as const;
  expect(say({ ...reply, rejected: false })).toBe('has up to 8, term 3');
  expect(say({ ...reply, rejected: true, prevIndex: 7 })).toBe('refused, term 3: not after 7');
});

it('takes a heartbeat that says nothing new for routine', () => {
  const describe = describeMessages();
  const heartbeat = (commit: number, round: number) =>
    describe({
      ...between,
      bytes: encodeMessage({
        ...{ kind: 'append', term: 1, prevIndex: 1, prevTerm: 1, commit, round, entries: [] },
      }),
    })?.isRoutine ?? false;
  expect([heartbeat(1, 1), heartbeat(1, 2), heartbeat(2, 3), heartbeat(2, 4)]).toEqual([
    false,
    true,
    false,
    true,
  ]);
});

it('says what clients ask, and what they are told', () => {
  const describe = describeMessages();
  const command = { kind: 'command', session: 1, sequence: 2, key: 'k0', expected: null } as const;
  expect(describe({ ...asked, bytes: encodeRead(1, 'k0') })?.text).toBe('read k0');
  expect(describe({ ...asked, bytes: encodeProposal(2, { ...command, op: 'write', value: 5 }) })?.text).toBe(
    'write k0 5',
  );
  expect(
    describe({ ...asked, bytes: encodeProposal(2, { ...command, op: 'cas', value: 6, expected: 5 }) })?.text,
  ).toBe('cas k0 5 → 6');
  expect(describe({ ...answered, bytes: encodePosition(2, RESULT.ok, 3, 9) })?.text).toBe(
    'ok: index 9 of term 3',
  );
  expect(describe({ ...answered, bytes: encodeReadReply(1, 'v') })?.text).toBe('ok: "v"');
  expect(describe({ ...answered, bytes: encodeRefusal(1, RESULT.notLeader, 'n3') })?.text).toBe(
    'not-leader: ask n3',
  );
});

it('does not know what is no message', () => {
  expect(describeMessages()({ ...between, bytes: new Uint8Array([99, 1]) })).toBeNull();
});
