/**
 * Judges the offsets that consumer groups commit, and the watermarks that the system shows.
 *
 * `committed-offset-regression`: a `committed` finds a lower offset than was there before it began, and nobody has
 * committed that one since; or a `commit` of a lower offset is accepted from a process that did not seek, and was given
 * no partitions, since its last: a member that should have been fenced. A transaction commits offsets with its records.
 * `committed-from-nowhere`: a `committed` finds an offset that no commit has sent that was asked for before its answer. Judged where
 * a commit of the group in that partition had been accepted before it was asked: such a history notes commits, and
 * what the group had from before the history is overwritten. A `commit` that does not say what it asks for ends it.
 * `high-watermark-regression`: a `list-offsets` shows a high watermark below one that was shown, or below the end of
 * what was polled, before it began. What a broker thinks to itself may go back after a failover; this may not.
 *
 * What goes back is told when it is known whether a later answer makes it good: see the option `staleViews`.
 */
import type { Operation } from '../../harness/history/operation.ts';
import type { Finding } from '../findings/findings.ts';
import { witnesses } from './findings.ts';
import type { Judgement } from './judgement.ts';
import { NONE } from './ledger.ts';
import { runsOf } from './logs.ts';
import type { LogOptions } from './options.ts';
import { commitsOf, committedOffsets, isTransactional, watermarksOf } from './shapes.ts';

/** A commit that was accepted, or a `committed` that was answered. */
interface Established {
  readonly offset: number;
  readonly invocation: number;
  readonly completion: number;
}

const NOTHING: Established = { offset: NONE, invocation: NONE, completion: NONE };

/** Something that went back, until a later answer is as far again. */
interface Regression {
  readonly known: number;
  readonly tell: (isMadeGood: boolean) => void;
}

class Regressions {
  readonly #mayBeMadeGood: boolean;
  #open: Regression[] = [];

  constructor({ staleViews }: LogOptions) {
    this.#mayBeMadeGood = staleViews;
  }

  add(regression: Regression): void {
    if (this.#mayBeMadeGood) this.#open.push(regression);
    else regression.tell(false);
  }

  /** An answer that shows so much. */
  shown(offset: number): void {
    if (this.#open.length === 0) return;
    for (const { known, tell } of this.#open) if (known <= offset) tell(true);
    this.#open = this.#open.filter(({ known }) => known > offset);
  }

  /** The history is over. */
  end(): void {
    for (const { tell } of this.#open) tell(false);
    this.#open = [];
  }
}

/** One partition's offset of one group. */
class CommittedOffset {
  latest = NOTHING;
  /** Of each offset, when the last commit of it was over, and how many may yet take effect. */
  readonly commits = new Map<number, { last: number; open: number }>();
  /** That commits have sent, whatever became of them, or that an answer showed before the first was accepted. */
  readonly sent = new Set<number>();
  /** The completion of the first commit that was accepted. */
  firstAccepted = Infinity;
  /** By process, the completion of its last commit. */
  readonly lastCommitBy = new Map<Operation['process'], number>();
  /** What was established when an operation in flight began. */
  readonly before = new Map<Operation['process'], Established>();
  readonly regressions: Regressions;

  constructor(options: LogOptions) {
    this.regressions = new Regressions(options);
  }

  commitsOf(offset: number): { last: number; open: number } {
    let commits = this.commits.get(offset);
    if (commits === undefined) this.commits.set(offset, (commits = { last: NONE, open: 0 }));
    return commits;
  }
}

export function judgeGroups(judgement: Judgement): void {
  const { otherFunctions, hasCommits } = judgement.ledger;
  if (!hasCommits && !otherFunctions.has('commit') && !otherFunctions.has('committed')) return;
  const groups = new Groups(judgement);
  for (const operation of judgement.ledger.history.operations) {
    if (judgement.pace.spend(1)) return;
    if (operation.process !== 'nemesis') groups.follow(operation);
  }
  groups.end();
}

class Groups {
  readonly #judgement: Judgement;
  readonly #offsets = new Map<string, CommittedOffset>();
  /** By process: when it last sought, or was given partitions. */
  readonly #repositioned = new Map<Operation['process'], number>();
  readonly #assigning = new Set<Operation['process']>();
  /** A commit was asked for of whatever the consumer has polled: nobody knows what was sent. */
  #hasUntold = false;

  constructor(judgement: Judgement) {
    this.#judgement = judgement;
  }

  follow(operation: Operation): void {
    const { f, type, process, index } = operation;
    if (f === 'assign' || f === 'subscribe' || f === 'seek' || f === 'rebalance') {
      if (type === 'invoke') return;
      this.#repositioned.set(process, index);
      if (f === 'assign') this.#assigning.add(process);
      if (f === 'subscribe') this.#assigning.delete(process);
    } else if (f === 'poll' || f === 'txn') {
      if (type === 'invoke') this.#begin(operation);
      else if (type === 'ok') this.#endCommit(operation);
      if (this.#judgement.ledger.rebalances.has(index)) this.#repositioned.set(process, index);
    } else if (f === 'commit') {
      if (type === 'invoke') this.#begin(operation);
      else if (type === 'ok') this.#endCommit(operation);
    } else if (f === 'committed') {
      if (type === 'invoke') this.#beginAll(operation);
      else if (type === 'ok') this.#endCommitted(operation);
    }
  }

  end(): void {
    for (const { regressions } of this.#offsets.values()) regressions.end();
  }

  #of(group: string, key: string): CommittedOffset {
    const name = `${group}\u0000${key}`;
    let offset = this.#offsets.get(name);
    if (offset === undefined)
      this.#offsets.set(name, (offset = new CommittedOffset(this.#judgement.options)));
    return offset;
  }

  /** What fails certainly commits nothing: it was sent, and is else as if it had never been asked. */
  #begin(operation: Operation): void {
    if (operation.f === 'commit' && operation.value === null) this.#hasUntold = true;
    const hasFailed = this.#judgement.ledger.history.completionOf(operation.index)?.type === 'fail';
    for (const { group, key, offset } of commitsOf(operation)) {
      const committed = this.#of(group, key);
      committed.sent.add(offset);
      if (hasFailed) continue;
      committed.before.set(operation.process, committed.latest);
      committed.commitsOf(offset).open++;
    }
  }

  /** A `committed` says only when it is answered what it asked for. */
  #beginAll(operation: Operation): void {
    this.#judgement.pace.spend(this.#offsets.size);
    for (const committed of this.#offsets.values()) {
      committed.before.set(operation.process, committed.latest);
    }
  }

  #endCommit(operation: Operation): void {
    const { ledger, findings } = this.#judgement;
    const invocation = ledger.history.invocationOf(operation.index) as Operation;
    for (const { group, key, offset } of commitsOf(invocation)) {
      const committed = this.#of(group, key);
      const commits = committed.commitsOf(offset);
      commits.open--;
      commits.last = operation.index;
      const before = committed.before.get(operation.process) ?? NOTHING;
      const lastOwn = committed.lastCommitBy.get(operation.process) ?? NONE;
      const isRepositioned = (this.#repositioned.get(operation.process) ?? NONE) > lastOwn;
      if (offset < before.offset && !isRepositioned) {
        findings.add(
          'committed-offset-regression',
          () => ({
            explanation:
              `Operation ${operation.index} committed offset ${offset} of ${key} for ${group}, though operation ` +
              `${before.completion} had committed ${before.offset} before, and process ${operation.process} had not ` +
              `sought, or been given partitions, since its last commit.`,
            operations: witnesses(before.invocation, before.completion, invocation.index, operation.index),
          }),
          { isSelfAssigned: this.#assigning.has(operation.process) },
        );
      }
      committed.firstAccepted = Math.min(committed.firstAccepted, operation.index);
      committed.lastCommitBy.set(operation.process, operation.index);
      committed.latest = { offset, invocation: invocation.index, completion: operation.index };
    }
  }

  #endCommitted(operation: Operation): void {
    const { ledger, findings } = this.#judgement;
    const invocation = ledger.history.invocationOf(operation.index)?.index ?? NONE;
    for (const { group, key, offset } of committedOffsets(operation)) {
      const committed = this.#of(group, key);
      const before = committed.before.get(operation.process) ?? NOTHING;
      const { last, open } = committed.commitsOf(offset);
      committed.regressions.shown(offset);
      if (this.#hasUntold || invocation < committed.firstAccepted || offset === NONE) {
        committed.sent.add(offset);
      } else if (!committed.sent.has(offset)) {
        findings.add('committed-from-nowhere', () => ({
          explanation:
            `Operation ${operation.index} found that ${group} had committed offset ${offset} of ${key}, which no ` +
            `commit before it had sent; operation ${before.completion} had shown ${before.offset}.`,
          operations: witnesses(before.invocation, before.completion, invocation, operation.index),
        }));
      }
      if (offset < before.offset && open === 0 && last < before.invocation) {
        const finding = (): Finding => ({
          explanation:
            `Operation ${operation.index} found that ${group} had committed offset ${offset} of ${key}, though ` +
            `operation ${before.completion} had shown ${before.offset} before it began, and nobody committed ` +
            `${offset} after that.`,
          operations: witnesses(before.invocation, before.completion, invocation, operation.index),
        });
        committed.regressions.add({
          known: before.offset,
          tell: (isMadeGood) => findings.add('committed-offset-regression', finding, { isMadeGood }),
        });
      }
      committed.latest = { offset, invocation, completion: operation.index };
    }
  }
}

export function judgeWatermarks(judgement: Judgement): void {
  const { ledger } = judgement;
  const { operations } = ledger.history;
  if (!ledger.otherFunctions.has('list-offsets')) return;
  const shown = ledger.keyNames.map(() => NONE);
  const shownBy = ledger.keyNames.map(() => NONE);
  const before = new Map<Operation['process'], { shown: number[]; shownBy: number[] }>();
  const regressions = ledger.keyNames.map(() => new Regressions(judgement.options));
  const show = (key: number, high: number, operation: number): void => {
    regressions[key]?.shown(high);
    if (high <= (shown[key] as number)) return;
    shown[key] = high;
    shownBy[key] = operation;
  };
  for (const operation of operations) {
    if (judgement.pace.spend(1)) return;
    if (operation.process === 'nemesis') continue;
    if (isTransactional(operation.f) && operation.type !== 'invoke') {
      const { first, end } = runsOf(ledger, operation.index);
      for (let run = first; run < end; run++) {
        const until = ledger.runEnd(run);
        for (let read = ledger.runStart.at(run); read < until; read++) {
          show(ledger.runKey.at(run), ledger.readOffset.at(read) + 1, operation.index);
        }
      }
    } else if (operation.f === 'list-offsets' && operation.type === 'invoke') {
      judgement.pace.spend(2 * shown.length);
      before.set(operation.process, { shown: [...shown], shownBy: [...shownBy] });
    } else if (operation.f === 'list-offsets' && operation.type === 'ok') {
      for (const { key: name, high } of watermarksOf(operation)) {
        const key = ledger.findKey(name);
        const known = before.get(operation.process)?.shown[key] ?? NONE;
        const knownBy = before.get(operation.process)?.shownBy[key] ?? NONE;
        show(key, high, operation.index);
        if (high < known) {
          const finding = (): Finding => regressionOf(judgement, operation, key, high, known, knownBy);
          regressions[key]?.add({
            known,
            tell: (isMadeGood) =>
              judgement.findings.add('high-watermark-regression', finding, { isMadeGood }),
          });
        }
      }
    }
  }
  for (const each of regressions) each.end();
}

function regressionOf(
  judgement: Judgement,
  operation: Operation,
  key: number,
  high: number,
  known: number,
  knownBy: number,
): Finding {
  const isPoll = judgement.ledger.history.operations[knownBy]?.f !== 'list-offsets';
  const how = isPoll ? `polled offset ${known - 1}` : `been shown ${known}`;
  return {
    explanation:
      `Operation ${operation.index} was shown the high watermark ${high} of ${judgement.key(key)}, but operation ` +
      `${knownBy} had ${how} before it began.`,
    operations: witnesses(
      judgement.invocationOf(operation.index),
      operation.index,
      judgement.invocationOf(knownBy),
      knownBy,
    ),
    picture: judgement.draw({
      key,
      slots: [judgement.logs.slotFrom(key, known - 1)].filter(
        (slot) => slot < judgement.logs.slotsOf(key).end,
      ),
      polls: [knownBy],
    }),
  };
}
