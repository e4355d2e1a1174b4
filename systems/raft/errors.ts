/**
 * What an answer means for the operation: the system's error table.
 *
 *     isDefinite(RESULT.notLeader)  // true: it was refused before it was proposed
 *     isDefinite(12345)             // false: an unknown code proves nothing
 */
import type { SystemError } from '../system.ts';

export const RESULT = {
  ok: 0,
  preconditionFailed: 1,
  wrongType: 2,
  unknownSession: 3,
  staleSequence: 4,
  notLeader: 10,
  overloaded: 11,
  notReady: 12,
  malformed: 13,
  tooLarge: 14,
  leadershipLost: 20,
  timeout: 100,
  connectionReset: 101,
  connectionRefused: 102,
  unreachable: 103,
  noSession: 104,
} as const;

export const ERRORS: readonly SystemError[] = [
  {
    code: RESULT.preconditionFailed,
    name: 'precondition-failed',
    definite: true,
    meaning: 'a cas was evaluated in its place in the log and saw another value than the expected one',
  },
  {
    code: RESULT.wrongType,
    name: 'wrong-type',
    definite: true,
    meaning: 'add to what is no number, or append to what is neither list nor text; nothing changed',
  },
  {
    code: RESULT.unknownSession,
    name: 'unknown-session',
    definite: true,
    meaning: 'the session expired or never was; this request changed nothing',
  },
  {
    code: RESULT.staleSequence,
    name: 'stale-sequence',
    definite: false,
    meaning:
      'the session already has a later reply; whether an earlier request with this number took effect is not known',
  },
  {
    code: RESULT.notLeader,
    name: 'not-leader',
    definite: true,
    meaning: 'the node does not lead and proposed nothing; it names the leader where it knows one',
  },
  {
    code: RESULT.overloaded,
    name: 'overloaded',
    definite: true,
    meaning: 'too much is proposed and not yet committed; nothing was proposed',
  },
  { code: RESULT.notReady, name: 'not-ready', definite: true, meaning: 'the node still reads its disk' },
  { code: RESULT.malformed, name: 'malformed', definite: true, meaning: 'the request is not in the grammar' },
  {
    code: RESULT.tooLarge,
    name: 'too-large',
    definite: true,
    meaning: 'the request is larger than a node takes',
  },
  {
    code: RESULT.leadershipLost,
    name: 'leadership-lost',
    definite: false,
    meaning: 'the node proposed it and then ceased to lead; a later leader may still commit it',
  },
  { code: RESULT.timeout, name: 'timeout', definite: false, meaning: 'no answer came in time' },
  {
    code: RESULT.connectionReset,
    name: 'connection-reset',
    definite: false,
    meaning: 'the connection ended after the request was sent',
  },
  {
    code: RESULT.connectionRefused,
    name: 'connection-refused',
    definite: true,
    meaning: 'nothing listened there; the request was not sent',
  },
  {
    code: RESULT.unreachable,
    name: 'unreachable',
    definite: true,
    meaning: 'the connection never opened; the request was not sent',
  },
  {
    code: RESULT.noSession,
    name: 'no-session',
    definite: true,
    meaning: 'no session could be registered; the operation itself was never sent',
  },
];

const byCode = new Map(ERRORS.map((error) => [error.code, error]));

export const errorName = (code: number): string => byCode.get(code)?.name ?? `unknown-error-${code}`;

/** Whether the operation certainly took no effect. An unknown code proves nothing. */
export const isDefinite = (code: number): boolean => byCode.get(code)?.definite ?? false;
