/**
 * Anomalies of list transactions that show without a graph: one look at each micro-operation.
 *
 * | name               | what                                                                                   |
 * | ------------------ | -------------------------------------------------------------------------------------- |
 * | garbage-read       | a read shows an element that nobody appended to that list                              |
 * | G1a                | a read shows what a failed transaction appended                                        |
 * | G1b                | a read ends with an append behind which the same transaction appended more             |
 * | dirty-update       | an acknowledged transaction appended behind what a failed one had                      |
 * | duplicate-elements | a read shows an element twice                                                          |
 * | incompatible-order | two reads are no beginnings of one order; or it reverses the appends of a transaction  |
 * | internal           | a read contradicts an earlier read or append of its own transaction                    |
 * | future-read        | a read shows what its own transaction appends only later                               |
 * | lost-update        | two transactions read one state of a list, and both appended to it                     |
 * | malformed-read     | a read returned something that is no list                                              |
 */
import { int32Column } from '../columns.ts';
import type { Json } from '../../../harness/history/operation.ts';
import { describeJson, sameJson } from '../../linearizability/model.ts';
import type { Finding } from '../../findings/findings.ts';
import type { Pace } from '../../findings/pace.ts';
import { operationsOf } from '../explanation.ts';
import type { Judgement } from '../judgement.ts';
import { FAILED, keyName, OK, READ, UNREAD, WRITE } from '../transaction.ts';
import type { Transactions } from '../transaction.ts';
import { NONE } from '../value-codes.ts';
import { isExternalRead } from './dependencies.ts';
import { elementOf, startsAlike } from './version-orders.ts';
import type { VersionOrders } from './version-orders.ts';

/** Where in its order a key has the first element of each bad kind. */
interface Flaws {
  readonly failed?: number;
  readonly garbage?: number;
  readonly repeated?: number;
}

export function findDirectAnomalies(
  transactions: Transactions,
  orders: VersionOrders,
  judgement: Judgement,
  pace: Pace,
): void {
  const scan = new Scan(transactions, orders, judgement);
  for (const m of transactions.micro.malformed) scan.tellMalformed(m);
  const flaws = scan.flawsOfOrders();
  const { kind, value } = transactions.micro;
  for (let m = 0; m < transactions.micro.count; m++) {
    if (kind[m] === WRITE) scan.judgeAppend(m);
    else if (value[m] !== UNREAD) scan.judgeRead(m, flaws);
    if (pace.spend(1)) return;
  }
}

class Scan {
  readonly #transactions: Transactions;
  readonly #orders: VersionOrders;
  readonly #judgement: Judgement;
  /** By place in all orders, and one more a key: the first that read the list so far, and then appended to it. */
  readonly #updaters: Int32Array;

  constructor(transactions: Transactions, orders: VersionOrders, judgement: Judgement) {
    this.#transactions = transactions;
    this.#orders = orders;
    this.#judgement = judgement;
    this.#updaters = int32Column(orders.appender.length + transactions.keys.length).fill(NONE);
  }

  flawsOfOrders(): ReadonlyMap<number, Flaws> {
    const found = new Map<number, Flaws>();
    const { longest, start, appender } = this.#orders;
    for (let key = 0; key < longest.length; key++) {
      const offset = start[key] as number;
      const { length } = longest[key] as readonly Json[];
      let flaws: Flaws = {};
      for (let i = 0; i < length; i++) {
        const m = appender[offset + i] as number;
        if (m === NONE) {
          const element = (longest[key] as readonly Json[])[i] as Json;
          const isGarbage = this.#appenderOf(key, element) === NONE;
          flaws = isGarbage ? { garbage: i, ...flaws } : { repeated: i, ...flaws };
        } else if (this.#outcomeOf(m) === FAILED) {
          flaws = { failed: i, ...flaws };
        }
      }
      if (Object.keys(flaws).length > 0) found.set(key, flaws);
      if (flaws.failed !== undefined) this.#judgeUpdates(key, flaws.failed);
    }
    return found;
  }

  judgeRead(m: number, flaws: ReadonlyMap<number, Flaws>): void {
    const { micro } = this.#transactions;
    const key = micro.key[m] as number;
    const length = micro.value[m] as number;
    if (micro.previous[m] !== NONE) this.#judgeInternal(m);
    if (this.#orders.incompatible.has(m)) {
      this.#tellIncompatible(m);
      this.#inspect(m);
      return;
    }
    const flaw = flaws.size === 0 ? undefined : flaws.get(key);
    if (flaw !== undefined) {
      const list = micro.lists[m] as readonly Json[];
      if (length > (flaw.garbage ?? length)) this.#tellGarbage(m, list[flaw.garbage as number] as Json);
      if (length > (flaw.failed ?? length)) this.#tellAborted(m, list[flaw.failed as number] as Json);
      if (length > (flaw.repeated ?? length)) this.#tellRepeated(m, list[flaw.repeated as number] as Json);
    }
    if (length > 0) {
      const last = this.#orders.appender[(this.#orders.start[key] as number) + length - 1] as number;
      if (last !== NONE) this.#judgeLast(m, last);
    }
  }

  judgeAppend(m: number): void {
    const { micro } = this.#transactions;
    if (micro.previous[m] === NONE) return;
    const t = micro.transaction[m] as number;
    if (this.#orders.committed[t] !== 1) return;
    // Back over the reads in between; what is before the nearest append was judged with it.
    let before = micro.previous[m] as number;
    let firstRead = NONE;
    const nearest = before;
    while (before !== NONE && micro.kind[before] === READ) {
      firstRead = before;
      before = micro.previous[before] as number;
    }
    if (micro.kind[nearest] === READ && micro.value[nearest] !== UNREAD) this.#judgeFuture(nearest, m);
    if (before === NONE) this.#judgeUpdate(firstRead, m);
    else this.#judgeOwnOrder(before, m);
  }

  tellMalformed(m: number): void {
    const { micro, completion, history, first } = this.#transactions;
    const t = micro.transaction[m] as number;
    const answer = history.operations[completion[t] as number]?.value as readonly (readonly Json[])[];
    const returned = answer[m - (first[t] as number)]?.[2] ?? null;
    this.#tell(
      'malformed-read',
      [t],
      () => `${this.#reading(m)} and got ${describeJson(returned)}, which is no list.`,
    );
  }

  #judgeInternal(m: number): void {
    const { micro } = this.#transactions;
    const list = micro.lists[m] as readonly Json[];
    let appended = 0;
    let base = micro.previous[m] as number;
    let agrees = true;
    for (; base !== NONE && micro.kind[base] === WRITE; base = micro.previous[base] as number) {
      appended++;
      const shown = list[list.length - appended];
      const own = this.#transactions.values.decode(micro.value[base] as number);
      if (shown === undefined || !sameJson(shown, own)) agrees = false;
    }
    const known = base === NONE ? undefined : micro.lists[base];
    if (known !== undefined) {
      agrees &&= list.length === known.length + appended && startsAlike(list, known, known.length);
    }
    if (agrees) return;
    this.#tell('internal', [micro.transaction[m] as number], () => {
      const expected = `${known === undefined ? 'something that ends' : describeJson(known)}${
        appended === 0 ? '' : ` with its own ${appended === 1 ? 'append' : `${appended} appends`} at the end`
      }`;
      return (
        `${this.#reading(m)} and got ${describeJson(list)}, but after what it had done to the list before, it ` +
        `should have got ${expected}.`
      );
    });
  }

  /** A read of its own transaction's later append. */
  #judgeFuture(read: number, append: number): void {
    const { micro } = this.#transactions;
    if (this.#orders.incompatible.has(read)) return;
    const place = this.#orders.place[append] as number;
    if (place === NONE || place >= (micro.value[read] as number)) return;
    this.#tellFuture(read, append);
  }

  #tellFuture(read: number, append: number): void {
    this.#tell(
      'future-read',
      [this.#transactions.micro.transaction[read] as number],
      () =>
        `${this.#reading(read)} and got ${this.#listOf(read)}, before it appended ` +
        `${elementOf(this.#transactions, append)} itself.`,
    );
  }

  /** Two appends of one transaction to one list, the first before the second. */
  #judgeOwnOrder(before: number, behind: number): void {
    const { place, incompatibleKeys } = this.#orders;
    const key = this.#transactions.micro.key[behind] as number;
    if (place[behind] === NONE || incompatibleKeys.has(key)) return;
    if (place[before] !== NONE && (place[before] as number) < (place[behind] as number)) return;
    const t = this.#transactions.micro.transaction[behind] as number;
    const read = this.#orders.longestRead[key] as number;
    this.#tell('incompatible-order', [t, this.#transactions.micro.transaction[read] as number], () => {
      const how = place[before] === NONE ? 'the second without the first' : 'them the other way round';
      return (
        `${this.#name(t)} appended ${elementOf(this.#transactions, before)}, and then ` +
        `${elementOf(this.#transactions, behind)}, but ${this.#reading(read)} with ${how}: ${this.#listOf(read)}.`
      );
    });
  }

  /** The first append of a transaction to a list that it had read before. */
  #judgeUpdate(read: number, append: number): void {
    const { micro, outcome } = this.#transactions;
    const t = micro.transaction[append] as number;
    if (outcome[t] !== OK || !isExternalRead(this.#transactions, this.#orders, read)) return;
    const key = micro.key[read] as number;
    const slot = (this.#orders.start[key] as number) + key + (micro.value[read] as number);
    const earlier = this.#updaters[slot] as number;
    if (earlier === NONE) {
      this.#updaters[slot] = append;
      return;
    }
    const u = micro.transaction[earlier] as number;
    this.#tell(
      'lost-update',
      [u, t],
      () =>
        `${this.#name(u)} and ${this.#name(t)} both read ${this.#key(key)} as ${this.#listOf(read)}, and then ` +
        `appended ${elementOf(this.#transactions, earlier)}, and ${elementOf(this.#transactions, append)}: one of ` +
        'them did not know of the other’s update.',
    );
  }

  /** What committed behind an element of a failed transaction. */
  #judgeUpdates(key: number, firstFailed: number): void {
    const { start, appender } = this.#orders;
    let failed = NONE;
    for (let i = (start[key] as number) + firstFailed; i < (start[key + 1] as number); i++) {
      const m = appender[i] as number;
      if (m === NONE) continue;
      const outcome = this.#outcomeOf(m);
      if (outcome === FAILED) failed = m;
      else if (outcome === OK && failed !== NONE) {
        const dirty = failed;
        const t = this.#transactions.micro.transaction[m] as number;
        const u = this.#transactions.micro.transaction[dirty] as number;
        this.#tell(
          'dirty-update',
          [u, t],
          () =>
            `${this.#name(t)} appended ${elementOf(this.#transactions, m)} behind ` +
            `${elementOf(this.#transactions, dirty)}, which ${this.#name(u)} had appended and which failed.`,
        );
        failed = NONE;
      }
    }
  }

  #judgeLast(read: number, append: number): void {
    const { micro } = this.#transactions;
    const reader = micro.transaction[read] as number;
    const writer = micro.transaction[append] as number;
    if (micro.isIntermediate[append] !== 1 || writer === reader) return;
    this.#tell(
      'G1b',
      [writer, reader],
      () =>
        `${this.#reading(read)} as ${this.#listOf(read)}, an intermediate state: ${this.#name(writer)} appended ` +
        `${elementOf(this.#transactions, append)}, and in the same transaction more behind it.`,
    );
  }

  /** Element by element, since the order says nothing of this read. */
  #inspect(m: number): void {
    const { micro } = this.#transactions;
    const list = micro.lists[m] as readonly Json[];
    const key = micro.key[m] as number;
    const seen = new Set<number>();
    let last = NONE;
    const told = new Set<string>();
    const once = (name: string, tell: () => void): void => {
      if (told.has(name)) return;
      told.add(name);
      tell();
    };
    for (const element of list) {
      last = this.#appenderOf(key, element);
      if (last === NONE) once('garbage', () => this.#tellGarbage(m, element));
      else if (seen.has(last)) once('repeated', () => this.#tellRepeated(m, element));
      else if (this.#outcomeOf(last) === FAILED) once('aborted', () => this.#tellAborted(m, element));
      else if (micro.transaction[last] === micro.transaction[m] && last > m) {
        const append = last;
        once('future', () => this.#tellFuture(m, append));
      }
      if (last !== NONE) seen.add(last);
    }
    if (last !== NONE) this.#judgeLast(m, last);
  }

  #tellIncompatible(m: number): void {
    const { micro } = this.#transactions;
    const key = micro.key[m] as number;
    const other = this.#orders.longestRead[key] as number;
    const t = micro.transaction[m] as number;
    const u = micro.transaction[other] as number;
    this.#tell('incompatible-order', [t, u], () => {
      const list = micro.lists[m] as readonly Json[];
      const longest = this.#orders.longest[key] as readonly Json[];
      const place = list.findIndex((element, i) => !sameJson(element, longest[i] ?? null));
      return (
        `${this.#reading(m)} as ${describeJson(list)}, and ${this.#reading(other)} as ${describeJson(longest)}: ` +
        `neither is a beginning of the other, since place ${place} has ${describeJson(list[place] as Json)} in the ` +
        `one and ${describeJson(longest[place] ?? null)} in the other.`
      );
    });
  }

  #tellGarbage(m: number, element: Json): void {
    this.#tell(
      'garbage-read',
      [this.#transactions.micro.transaction[m] as number],
      () => `${this.#reading(m)} and found ${describeJson(element)} in it, which nobody ever appended there.`,
    );
  }

  #tellAborted(m: number, element: Json): void {
    const { micro } = this.#transactions;
    const writer = micro.transaction[this.#appenderOf(micro.key[m] as number, element)] as number;
    this.#tell(
      'G1a',
      [writer, micro.transaction[m] as number],
      () =>
        `${this.#reading(m)} and found ${describeJson(element)} in it, which ${this.#name(writer)} appended, and ` +
        'which failed.',
    );
  }

  #tellRepeated(m: number, element: Json): void {
    const { micro } = this.#transactions;
    const writer = micro.transaction[this.#appenderOf(micro.key[m] as number, element)] as number;
    this.#tell(
      'duplicate-elements',
      [writer, micro.transaction[m] as number],
      () =>
        `${this.#reading(m)} and found ${describeJson(element)} twice, which ${this.#name(writer)} appended once.`,
    );
  }

  #tell(name: string, members: readonly number[], explain: () => string): void {
    this.#judgement.tell(name, (): Finding => {
      return { explanation: explain(), operations: operationsOf(this.#transactions, members) };
    });
  }

  #appenderOf(key: number, element: Json): number {
    const code = this.#transactions.values.find(element);
    return code === NONE ? NONE : this.#orders.appenders.get(key, code);
  }

  #outcomeOf(m: number): number {
    return this.#transactions.outcome[this.#transactions.micro.transaction[m] as number] as number;
  }

  #name(t: number): string {
    return `operation ${this.#transactions.invocation[t] as number}`;
  }

  #key(key: number): string {
    return keyName(this.#transactions, key);
  }

  #listOf(m: number): string {
    return describeJson(this.#transactions.micro.lists[m] as readonly Json[]);
  }

  #reading(m: number): string {
    const { micro } = this.#transactions;
    return `${this.#name(micro.transaction[m] as number)} read ${this.#key(micro.key[m] as number)}`;
  }
}
