/**
 * Where members go on in partitions that they were given: not before what the group had committed by then, and not behind all that it
 * can have committed.
 *
 *     commit {t0-0: 5} ok · then another process polls [rebalance t0-0, records from offset 3 on]: commit-ignored
 */
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { type Findings, indexesOf, isMap, listOf } from '../findings/findings.ts';

interface Commit {
  readonly offset: number;
  readonly invocation: Operation;
  /** Undefined while it is in doubt, or under way. */
  completion: Operation | undefined;
}

/** The first records of a partition that a member was given. */
interface Continuation {
  readonly partition: string;
  readonly offset: number;
  readonly invocation: Operation;
  readonly completion: Operation;
  /** What was committed before this operation of the member is known to it. */
  readonly since: number;
}

export class Continuations {
  judged = 0;
  /** Nobody had certainly committed, or who did so is in doubt. */
  skipped = 0;
  readonly #history: History;
  readonly #findings: Findings;
  readonly #commits = new Map<string, Commit[]>();
  /** By partition, the lowest and later offsets that polls showed, ascending as they came. */
  readonly #records = new Map<string, Set<number>>();
  /** By process: where its last poll that was ok ended, and the partitions that it was given and got nothing of yet. */
  readonly #since = new Map<Operation['process'], number>();
  readonly #given = new Map<Operation['process'], Map<string, number>>();
  readonly #members = new Set<Operation['process']>();

  constructor(history: History, findings: Findings) {
    this.#history = history;
    this.#findings = findings;
  }

  follow(operation: Operation): void {
    const { f, type, process } = operation;
    if (type === 'invoke') {
      this.#begin(operation);
      return;
    }
    if (type === 'ok') this.#endCommits(operation);
    if (f === 'subscribe' && type === 'ok') this.#members.add(process);
    if (type === 'info' || f === 'crash' || f === 'assign') this.#members.delete(process);
    if (type === 'info' || f === 'crash' || f === 'assign' || f === 'subscribe' || f === 'seek') {
      this.#given.delete(process);
      this.#since.set(process, operation.index);
    }
    if (f !== 'poll' && f !== 'txn') return;
    // What a failed poll took over, and from where, nobody knows.
    if (type === 'fail') this.#given.delete(process);
    if (type !== 'ok') return;
    this.#poll(operation);
    this.#since.set(process, operation.index);
  }

  /** What fails certainly commits nothing. */
  #begin(operation: Operation): void {
    if (this.#history.completionOf(operation.index)?.type === 'fail') return;
    for (const [partition, offset] of commitsOf(operation)) {
      const commit = { offset, invocation: operation, completion: undefined };
      const all = this.#commits.get(partition);
      if (all === undefined) this.#commits.set(partition, [commit]);
      else all.push(commit);
    }
  }

  #endCommits(operation: Operation): void {
    const invocation = this.#history.invocationOf(operation.index);
    if (invocation === undefined) return;
    for (const [partition] of commitsOf(invocation)) {
      const commit = this.#commits.get(partition)?.findLast((it) => it.invocation === invocation);
      if (commit !== undefined) commit.completion = operation;
    }
  }

  #poll(operation: Operation): void {
    const { process } = operation;
    const since = this.#since.get(process) ?? -1;
    const given = this.#given.get(process) ?? new Map<string, number>();
    this.#given.set(process, given);
    for (const micro of listOf(operation.value)) {
      const [f, carried = null] = listOf(micro);
      if (f === 'rebalance') {
        for (const partition of listOf(carried)) {
          if (typeof partition === 'string') given.set(partition, since);
        }
      } else if (f === 'poll' && isMap(carried)) {
        for (const [partition, records] of Object.entries(carried)) {
          const offsets = listOf(records).map((record) => Number(listOf(record)[0]));
          const [offset] = offsets;
          if (offset === undefined) continue;
          const from = given.get(partition);
          given.delete(partition);
          if (from !== undefined && this.#members.has(process)) {
            const invocation = this.#history.invocationOf(operation.index) ?? operation;
            this.#judge({ partition, offset, invocation, completion: operation, since: from });
          }
          this.#remember(partition, offsets);
        }
      }
    }
  }

  #remember(partition: string, offsets: readonly number[]): void {
    let known = this.#records.get(partition);
    if (known === undefined) this.#records.set(partition, (known = new Set()));
    for (const offset of offsets) known.add(offset);
  }

  #judge(continuation: Continuation): void {
    const { partition, offset, completion } = continuation;
    const possible = (this.#commits.get(partition) ?? []).filter(
      ({ invocation }) => invocation.index < completion.index,
    );
    const last = latest(possible, continuation.since);
    if (last !== undefined && offset < last.offset) {
      const isExcused = possible.some((other) => other.offset <= offset && !isBefore(other, last));
      if (isExcused) this.skipped++;
      else this.#tellIgnored(continuation, last);
      return;
    }
    const highest = possible.reduce((high, commit) => Math.max(high, commit.offset), 0);
    const passed = [...(this.#records.get(partition) ?? [])].filter((at) => at >= highest && at < offset);
    if (passed.length > 0) this.#tellSkip(continuation, highest, Math.min(...passed));
    this.judged++;
  }

  #tellIgnored({ partition, offset, invocation, completion }: Continuation, commit: Commit): void {
    this.#findings.add('commit-ignored', () => ({
      explanation:
        `Process ${completion.process} was given ${partition} and goes on in it at offset ${offset}, in operation ${completion.index}, though ` +
        `operation ${commit.completion?.index ?? '?'} had committed ${commit.offset} before it was.`,
      operations: indexesOf(commit.invocation, commit.completion, invocation, completion),
    }));
  }

  #tellSkip(
    { partition, offset, invocation, completion }: Continuation,
    highest: number,
    passed: number,
  ): void {
    this.#findings.add('group-skip', () => ({
      explanation:
        `Process ${completion.process} was given ${partition} and goes on in it at offset ${offset}, in operation ${completion.index}, though ` +
        `nobody can have committed more than ${highest}: the group passes over offset ${passed}.`,
      operations: indexesOf(invocation, completion),
    }));
  }
}

/** Of the acknowledged commits that were over by then the one that certainly came last. */
function latest(commits: readonly Commit[], by: number): Commit | undefined {
  let last: Commit | undefined;
  for (const commit of commits) {
    if (commit.completion === undefined || commit.completion.index > by) continue;
    if (last === undefined || isBefore(last, commit)) last = commit;
    // Of two side by side nobody knows which came last: the lower one is certain.
    else if (!isBefore(commit, last) && commit.offset < last.offset) last = commit;
  }
  return last;
}

const isBefore = (a: Commit, b: Commit): boolean =>
  a.completion !== undefined && a.completion.index < b.invocation.index;

/** Offsets by partition, of a commit or of those within a transaction. */
function commitsOf({ f, value }: Operation): readonly (readonly [string, number])[] {
  if (f === 'commit') return offsetsOf(value);
  if (f !== 'txn') return [];
  return listOf(value).flatMap((micro) => {
    const [kind, carried = null] = listOf(micro);
    return kind === 'commit' ? offsetsOf(carried) : [];
  });
}

function offsetsOf(value: Json): readonly (readonly [string, number])[] {
  if (!isMap(value)) return [];
  const { offsets } = value;
  return Object.entries(offsets !== undefined && isMap(offsets) ? offsets : value).flatMap(
    ([partition, offset]) => (typeof offset === 'number' ? [[partition, offset] as const] : []),
  );
}
