/**
 * Judges a consumer group: who owns which partition in which generation, and whether the group goes on where it has committed.
 *
 *     assignment → {member: 'a', generation: 3, partitions: ['t0-0']}
 *     assignment → {member: 'b', generation: 3, partitions: ['t0-0', 't0-1']}: owned-twice
 *
 * - `owned-twice`: two members were given a partition in one generation.
 * - `fenced-commit-accepted`: a member committed as of a generation, though another one had been assigned partitions in a later one before.
 *   A member's generation at its commit is known from an `assignment` before or after it without a poll between.
 * - `commit-ignored`: a member that was given a partition goes on in it before what the group had certainly committed by then.
 * - `group-skip`: it goes on behind all that anybody can have committed, and a record lies between, which the group then never sees.
 *
 * That acknowledged commits are kept, as `committed` shows them, is judged by the checker `log` (`committed-offset-regression`), as are records.
 * All operations are of one group. Transactions' commits count as commits.
 */
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { findingChecker } from '../findings/finding-checker.ts';
import { type Findings, indexesOf, isArray, isMap } from '../findings/findings.ts';
import { Continuations } from './continuations.ts';

const NAME = 'groups';

interface Assignment {
  readonly invocation: Operation;
  readonly completion: Operation;
  readonly member: string;
  readonly generation: number;
  readonly partitions: readonly string[];
}

/** What a process did last that bears on its generation. */
interface Member {
  assignment: Assignment | null;
  /** Since the last poll, and before the next assignment. */
  commits: Operation[];
}

export function groups(): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const owners = new Map<string, Assignment>();
    const members = new Map<Operation['process'], Member>();
    const generations: Assignment[] = [];
    const continuations = new Continuations(history, findings);
    let commits = 0;
    let judgedCommits = 0;
    const judgeCommit = (commit: Operation, own: Assignment): void => {
      judgedCommits++;
      const invocation = history.invocationOf(commit.index);
      if (invocation === undefined) return;
      const later = newestBefore(generations, invocation);
      if (later === undefined || later.generation <= own.generation) return;
      findings.add('fenced-commit-accepted', () => ({
        explanation:
          `Operation ${commit.index} committed as of generation ${own.generation}, though ${later.member} had been assigned its ` +
          `partitions in generation ${later.generation} before, by operation ${later.completion.index}.`,
        operations: indexesOf(invocation, commit, later.invocation, later.completion, own.completion),
      }));
    };
    for (const operation of history.operations) {
      if (pace.spend(1)) break;
      const { f, type, process } = operation;
      if (process === 'nemesis') continue;
      continuations.follow(operation);
      if (type === 'invoke') continue;
      const member = memberOf(members, process);
      if (
        type === 'info' ||
        f === 'poll' ||
        f === 'txn' ||
        f === 'crash' ||
        f === 'subscribe' ||
        f === 'assign'
      ) {
        member.assignment = null;
        member.commits = [];
      } else if (f === 'commit' && type === 'ok') {
        commits++;
        if (member.assignment === null) member.commits.push(operation);
        else judgeCommit(operation, member.assignment);
      } else if (f === 'assignment' && type === 'ok') {
        const invocation = history.invocationOf(operation.index);
        const assignment = invocation === undefined ? null : assignmentOf(invocation, operation);
        if (assignment === null) continue;
        judgeOwners(owners, assignment, findings);
        for (const commit of member.commits) judgeCommit(commit, assignment);
        member.assignment = assignment;
        member.commits = [];
        const newest = generations.at(-1);
        if (assignment.generation > (newest?.generation ?? -1)) generations.push(assignment);
      }
    }
    const { judged, skipped } = continuations;
    return {
      statistics: {
        generations: generations.length,
        ownerships: owners.size,
        commits,
        commitsOfKnownGeneration: judgedCommits,
        continuations: judged,
        continuationsUndecided: skipped,
      },
      unknownBecause:
        owners.size > 0
          ? undefined
          : 'no member of a group was seen with partitions, so nothing was judged: run longer, or with fewer faults',
    };
  });
}

function memberOf(members: Map<Operation['process'], Member>, process: Operation['process']): Member {
  let member = members.get(process);
  if (member === undefined) members.set(process, (member = { assignment: null, commits: [] }));
  return member;
}

/** Null where it is a member of nothing. */
function assignmentOf(invocation: Operation, completion: Operation): Assignment | null {
  const { value } = completion;
  if (!isMap(value)) return null;
  const { member, generation, partitions = null } = value;
  if (typeof member !== 'string' || typeof generation !== 'number' || generation < 0) return null;
  const names = isArray(partitions)
    ? partitions.filter((name): name is string => typeof name === 'string')
    : [];
  return { invocation, completion, member, generation, partitions: names };
}

function judgeOwners(owners: Map<string, Assignment>, assignment: Assignment, findings: Findings): void {
  const { generation, member, partitions } = assignment;
  for (const partition of partitions) {
    const place: Json = `${generation} ${partition}`;
    const known = owners.get(place);
    if (known === undefined) {
      owners.set(place, assignment);
    } else if (known.member !== member) {
      findings.add('owned-twice', () => ({
        explanation:
          `In generation ${generation} ${partition} was assigned to ${known.member}, by operation ${known.completion.index}, and to ` +
          `${member}, by operation ${assignment.completion.index}.`,
        operations: indexesOf(
          known.invocation,
          known.completion,
          assignment.invocation,
          assignment.completion,
        ),
      }));
    }
  }
}

/** The highest generation that was known before the operation was invoked; they are in the order of their completion, and rise. */
const newestBefore = (generations: readonly Assignment[], { index }: Operation): Assignment | undefined =>
  generations.findLast(({ completion }) => completion.index < index);
