/**
 * Judges the sessions of lists of unique elements (`append` of one, `read` of all): a read shows which writes were visible, and
 * in which order, so every obligation can be decided, whatever the order of versions.
 *
 * - a read must have what the session had appended (acknowledged) and what it had read before;
 * - wherever an element is read, what its session had appended (acknowledged) or read before stands before it.
 *
 * The longest read is the trunk. Reads that are beginnings of it, nearly all, are judged by places in the trunk and cost
 * their length; any other is compared with all that its sessions know.
 */
import type { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { type Findings, show } from '../findings/findings.ts';
import type { Pace } from '../findings/pace.ts';
import { collectLists, type Known, type List, type ListRead, NONE, type Session } from './collect-lists.ts';
import type { Accounts, Guarantee } from './guarantees.ts';

const NOWHERE = Infinity;

/** @returns how many lists there are */
export function judgeLists(
  history: History,
  sessionOf: (operation: Operation) => number,
  accounts: Accounts,
  findings: Findings,
  pace: Pace,
): number {
  const lists = collectLists(history, sessionOf, findings);
  for (const list of lists.values()) {
    if (pace.isOverdue) break;
    new ListJudge(history, list, accounts, pace).judge();
  }
  return lists.size;
}

class ListJudge {
  readonly #history: History;
  readonly #list: List;
  readonly #accounts: Accounts;
  readonly #pace: Pace;
  readonly #trunk: ListRead | undefined;
  /** By element: its first place in the trunk, and in the read that is being judged. */
  readonly #trunkPlaces: Float64Array;
  readonly #places: Float64Array;
  /** By element: whether its obligation was counted, and whether it was found broken. */
  readonly #told: Readonly<
    Record<
      'monotonic-writes' | 'writes-follow-reads',
      { readonly obliged: Uint8Array; readonly condemned: Uint8Array }
    >
  >;

  constructor(history: History, list: List, accounts: Accounts, pace: Pace) {
    this.#history = history;
    this.#list = list;
    this.#accounts = accounts;
    this.#pace = pace;
    let trunk: ListRead | undefined;
    for (const read of list.reads.values()) {
      if (trunk === undefined || read.elements.length > trunk.elements.length) trunk = read;
    }
    this.#trunk = trunk;
    this.#trunkPlaces = new Float64Array(list.elements.size).fill(NOWHERE);
    this.#places = new Float64Array(list.elements.size).fill(NOWHERE);
    const told = () => ({
      obliged: new Uint8Array(list.elements.size),
      condemned: new Uint8Array(list.elements.size),
    });
    this.#told = { 'monotonic-writes': told(), 'writes-follow-reads': told() };
    trunk?.elements.forEach((element, place) => {
      this.#trunkPlaces[element] = Math.min(this.#trunkPlaces[element] as number, place);
    });
  }

  judge(): void {
    const { steps, reads, sessions, ownBefore, seenBefore, elements } = this.#list;
    const others: ListRead[] = [];
    for (const { session, invocation } of steps) {
      const { id, own, seen, isSeen } = session;
      if (invocation.f === 'append') {
        const element = elements.find(invocation.value);
        sessions[element] = session;
        ownBefore[element] = own.elements.length;
        seenBefore[element] = seen.elements.length;
        const isAcknowledged = this.#history.completionOf(invocation.index)?.type === 'ok';
        if (isAcknowledged) own.add(element, invocation, this.#trunkPlaces);
        continue;
      }
      const read = reads.get(invocation.index);
      if (read === undefined) continue;
      if (this.#pace.spend(read.elements.length)) return;
      const isBeginning = this.#isBeginningOfTrunk(read);
      if (!isBeginning) others.push(read);
      this.#judgeRead('read-your-writes', read, own, id, isBeginning);
      this.#judgeRead('monotonic-reads', read, seen, id, isBeginning);
      for (const element of read.elements) {
        if (isSeen.has(element)) continue;
        isSeen.add(element);
        seen.add(element, invocation, this.#trunkPlaces);
      }
    }
    if (this.#trunk !== undefined) this.#judgeOrder(this.#trunk, true);
    for (const read of others) {
      if (this.#pace.isOverdue) return;
      this.#judgeOrder(read, false);
    }
  }

  #isBeginningOfTrunk({ elements }: ListRead): boolean {
    const trunk = this.#trunk?.elements ?? elements;
    for (let i = 0; i < elements.length; i++) if (elements[i] !== trunk[i]) return false;
    return true;
  }

  /** Does the read have all that its session knew? */
  #judgeRead(
    guarantee: Guarantee,
    read: ListRead,
    known: Known,
    session: number,
    isBeginning: boolean,
  ): void {
    const count = known.elements.length;
    if (count === 0) return;
    this.#accounts.oblige(guarantee, true);
    const place = isBeginning
      ? this.#missingInBeginning(known, count, read.elements.length)
      : this.#missingAnywhere(read, known, count);
    if (place === NONE) return;
    const earlier = known.invocations[place] as Operation;
    const did = guarantee === 'read-your-writes' ? 'appended' : 'read';
    this.#violate(guarantee, session, known.elements[place] as number, earlier, read, (element) => {
      return `it ${did} ${element} in operation ${earlier.index}, and operation ${read.completion.index} lacks it`;
    });
  }

  #missingInBeginning(known: Known, count: number, limit: number): number {
    const latest = known.latestOf(count);
    return (this.#trunkPlaces[known.elements[latest] as number] as number) < limit ? NONE : latest;
  }

  #missingAnywhere(read: ListRead, known: Known, count: number): number {
    this.#place(read);
    const place = this.#missing(known, count, NOWHERE);
    this.#unplace(read);
    return place;
  }

  /** The place of the first known element that is not in the read, which is in `#places`, before `limit`. */
  #missing(known: Known, count: number, limit: number): number {
    this.#pace.spend(count);
    for (let i = 0; i < count; i++) {
      if ((this.#places[known.elements[i] as number] as number) >= limit) return i;
    }
    return NONE;
  }

  #place({ elements }: ListRead): void {
    for (let i = elements.length - 1; i >= 0; i--) this.#places[elements[i] as number] = i;
  }

  #unplace({ elements }: ListRead): void {
    for (const element of elements) this.#places[element] = NOWHERE;
  }

  /** Does every element stand behind what its session had appended and read before? Each element is told once. */
  #judgeOrder(read: ListRead, isTrunk: boolean): void {
    const { sessions, ownBefore, seenBefore } = this.#list;
    if (!isTrunk) this.#place(read);
    for (let place = 0; place < read.elements.length && !this.#pace.isOverdue; place++) {
      const element = read.elements[place] as number;
      const { own, seen } = sessions[element] as Session;
      this.#judgePlace('monotonic-writes', read, place, own, ownBefore[element] as number, isTrunk);
      this.#judgePlace('writes-follow-reads', read, place, seen, seenBefore[element] as number, isTrunk);
    }
    if (!isTrunk) this.#unplace(read);
  }

  #judgePlace(
    guarantee: 'monotonic-writes' | 'writes-follow-reads',
    read: ListRead,
    place: number,
    known: Known,
    count: number,
    isTrunk: boolean,
  ): void {
    const element = read.elements[place] as number;
    const { obliged, condemned } = this.#told[guarantee];
    if (count === 0 || condemned[element] === 1) return;
    if (obliged[element] === 0) this.#accounts.oblige(guarantee, true);
    obliged[element] = 1;
    const at = isTrunk ? this.#missingInBeginning(known, count, place) : this.#missing(known, count, place);
    if (at === NONE) return;
    condemned[element] = 1;
    this.#reportOrder(guarantee, read, known, at, element);
  }

  #reportOrder(guarantee: Guarantee, read: ListRead, known: Known, at: number, element: number): void {
    const append = this.#list.appends[element] as Operation;
    const session = (this.#list.sessions[element] as Session).id;
    const earlier = known.invocations[at] as Operation;
    const did = guarantee === 'monotonic-writes' ? 'appended' : 'read';
    const later = show(this.#list.elements.valueOf(element));
    this.#violate(
      guarantee,
      session,
      known.elements[at] as number,
      earlier,
      read,
      (value) => {
        return (
          `it ${did} ${value} in operation ${earlier.index}, then appended ${later} in operation ${append.index}, but operation ` +
          `${read.completion.index} has ${later} without ${value} before it`
        );
      },
      append,
    );
  }

  #violate(
    guarantee: Guarantee,
    session: number,
    element: number,
    earlier: Operation,
    read: ListRead,
    explain: (element: string) => string,
    append?: Operation,
  ): void {
    const { name, elements } = this.#list;
    const completed = (operation: Operation | undefined): Operation | undefined =>
      operation && this.#history.completionOf(operation.index);
    const value = show(elements.valueOf(element));
    const operations = [
      earlier,
      completed(earlier),
      append,
      completed(append),
      read.invocation,
      read.completion,
    ];
    const text = (): string =>
      `Session ${session} of ${name} lost ${guarantee.replaceAll('-', ' ')}: ${explain(value)}.`;
    this.#accounts.violate(guarantee, name, [session], text, operations);
  }
}
