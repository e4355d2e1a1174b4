/**
 * Judges the sessions of a register all of whose versions have a known order: each obligation by itself, in one pass.
 *
 * A session must not see less than the newest that it has written or seen, and must not write below that.
 */
import type { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { show } from '../findings/findings.ts';
import { INITIAL, isRanked, type Register, type Step } from './collect-registers.ts';
import type { Accounts, Guarantee } from './guarantees.ts';

/** Whether every version that some session has written or seen has its place. */
export function isFullyRanked(register: Register): boolean {
  return register.steps.every(
    ({ seen, written, isAcknowledged }) =>
      (seen === -1 || isRanked(register, seen)) &&
      (written === -1 || !isAcknowledged || isRanked(register, written)),
  );
}

interface Newest {
  readonly version: number;
  readonly step: Step;
}

interface Session {
  seen: Newest | undefined;
  written: Newest | undefined;
}

export function judgeRanked(history: History, register: Register, accounts: Accounts): void {
  const { ranks } = register;
  const rankOf = (version: number): number => (version === INITIAL ? -1 : (ranks[version] as number));
  const sessions = new Map<number, Session>();
  const demand = (guarantee: Guarantee, newest: Newest | undefined, version: number, step: Step): void => {
    if (newest === undefined || newest.version === INITIAL) return;
    accounts.oblige(guarantee, true);
    if (rankOf(newest.version) <= rankOf(version)) return;
    const completed = (operation: Operation) => history.completionOf(operation.index);
    accounts.violate(
      guarantee,
      register.name,
      [step.session],
      () => explain(register, guarantee, newest, version, step),
      [
        newest.step.invocation,
        completed(newest.step.invocation),
        step.invocation,
        completed(step.invocation),
      ],
    );
  };
  const newer = (newest: Newest | undefined, version: number, step: Step): Newest =>
    newest !== undefined && rankOf(newest.version) >= rankOf(version) ? newest : { version, step };
  for (const step of register.steps) {
    const { seen, written } = step;
    let session = sessions.get(step.session);
    if (session === undefined)
      sessions.set(step.session, (session = { seen: undefined, written: undefined }));
    if (seen !== -1) {
      demand('monotonic-reads', session.seen, seen, step);
      demand('read-your-writes', session.written, seen, step);
      session.seen = newer(session.seen, seen, step);
    }
    if (written === -1 || !isRanked(register, written)) continue;
    demand('monotonic-writes', session.written, written, step);
    demand('writes-follow-reads', session.seen, written, step);
    if (step.isAcknowledged) session.written = newer(session.written, written, step);
  }
}

function explain(
  { name, versions }: Register,
  guarantee: Guarantee,
  { version, step: earlier }: Newest,
  later: number,
  { session, invocation }: Step,
): string {
  const [before, after] = [show(versions.valueOf(version)), show(versions.valueOf(later))];
  const didBefore = guarantee === 'read-your-writes' || guarantee === 'monotonic-writes' ? 'wrote' : 'read';
  const didAfter = guarantee === 'read-your-writes' || guarantee === 'monotonic-reads' ? 'read' : 'wrote';
  return (
    `Session ${session} lost ${guarantee.replaceAll('-', ' ')}: it ${didBefore} ${before} of ${name} in operation ` +
    `${earlier.invocation.index}, then ${didAfter} ${after} in operation ${invocation.index}, which is the older version.`
  );
}
