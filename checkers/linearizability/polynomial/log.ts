/**
 * Append-only logs in which one append alone can have left what was seen at an offset: levels.ts decides.
 *
 *     append "a" → offset 0, append "b", read → ["a", "b"]     "b" is at offset 1, since nobody else appended it
 *
 * An append has its offset from its answer, or from who read its value there. A read to the end stands between the
 * append of the last offset that it saw and that of the next; a poll after the append of the last offset that it saw;
 * a read that found nothing from an offset on before the append of that offset. Offsets that nobody saw are filled by
 * appends that nobody saw (slots.ts).
 */
import type { Json } from '../../../harness/history/operation.ts';
import { place } from '../lineage.ts';
import { describeJson, internKey, isArray, sameJson } from '../model.ts';
import type { Model } from '../model.ts';
import { offsetOf } from '../models/log.ts';
import type { JudgedOperation } from '../problem.ts';
import { NEVER } from '../problem.ts';
import { Answers } from './decision.ts';
import type { Decider, Decision } from './decision.ts';
import { ANY_LEVEL, describeLevelInversion, findLevelInversion } from './levels.ts';
import type { Levels } from './levels.ts';
import { fillSlots, slotsOf } from './slots.ts';
import type { Misfit, Slots } from './slots.ts';
import { lowerBound } from './zones.ts';

const answers = new Answers('log offsets');
const PRECONDITION = 'what was told or seen at an offset can have been appended by one operation alone';

export const decideLog: Decider = (model, operations, name) =>
  new LogDecider(model, operations, name).decide();

const NONE = -1;
/** Stands for the one who put in what is there at first. */
const INITIAL = -2;

class LogDecider {
  readonly #model: Model;
  readonly #operations: readonly JudgedOperation[];
  readonly #name: string;
  readonly #init: readonly Json[];
  /** By offset: who put it there, and who saw what there. */
  readonly #appendAt: Int32Array;
  readonly #seerOf: Int32Array;
  readonly #values: (Json | undefined)[] = [];
  /** By append: its offset. */
  readonly #offsetOf: Int32Array;
  /** By value: appends whose offset is not told. */
  readonly #untold = new Map<unknown, number | 'several'>();
  /** Offsets below the end of which nobody knows what is there. */
  readonly #holes: number[] = [];
  #end = 0;

  constructor(model: Model, operations: readonly JudgedOperation[], name: string) {
    this.#model = model;
    this.#operations = operations;
    this.#name = name;
    this.#init = model.init as readonly Json[];
    const length = this.#init.length + operations.length;
    this.#appendAt = new Int32Array(length).fill(NONE);
    this.#seerOf = new Int32Array(length).fill(NONE);
    this.#offsetOf = new Int32Array(operations.length).fill(NONE);
  }

  decide(): Decision {
    return this.#placeTold() ?? this.#readContents() ?? this.#placeUntold() ?? this.#judgeLevels();
  }

  #placeTold(): Decision | null {
    this.#init.forEach((value, offset) => {
      this.#values[offset] = value;
      this.#appendAt[offset] = INITIAL;
    });
    this.#end = this.#init.length;
    for (let i = 0; i < this.#operations.length; i++) {
      const { call } = this.#operations[i] as JudgedOperation;
      if (call.f !== 'append') continue;
      const offset = offsetOf(call);
      if (offset === null) {
        const key = internKey(call.argument);
        this.#untold.set(key, this.#untold.has(key) ? 'several' : i);
        continue;
      }
      if (offset >= this.#appendAt.length) return this.#beyond(i, offset);
      const other = this.#appendAt[offset] as number;
      if (other !== NONE) {
        const proof = other === INITIAL ? [i] : [i, other];
        const taken = other === INITIAL ? 'is taken from the beginning' : `belongs to ${this.#the(other)}`;
        return this.#refute('lost-write', `${this.#tell(i)}, but that offset ${taken}.`, proof);
      }
      this.#appendAt[offset] = i;
      this.#offsetOf[i] = offset;
      this.#values[offset] = call.argument;
      this.#end = Math.max(this.#end, offset + 1);
    }
    return null;
  }

  #readContents(): Decision | null {
    for (let i = 0; i < this.#operations.length; i++) {
      const { call } = this.#operations[i] as JudgedOperation;
      if (call.f === 'append') continue;
      const records = call.result ?? [];
      if (!isArray(records)) return answers.inapplicable('an answer is no list');
      const from = (call.argument as number | null) ?? 0;
      for (let k = 0; k < records.length; k++) {
        const record = records[k] as Json;
        if (call.f === 'read') {
          const decision = this.#see(i, from + k, record);
          if (decision !== null) return decision;
          continue;
        }
        const isRecord = isArray(record) && record.length === 2 && Number.isSafeInteger(record[0]);
        if (!isRecord || (record[0] as number) < 0)
          return answers.inapplicable('a poll returned no [offset, value]');
        const decision = this.#see(i, record[0] as number, record[1] as Json);
        if (decision !== null) return decision;
      }
    }
    return null;
  }

  #see(seer: number, offset: number, value: Json): Decision | null {
    if (offset >= this.#appendAt.length) return this.#beyond(seer, offset);
    const known = this.#values[offset];
    if (known === undefined) {
      this.#values[offset] = value;
      this.#seerOf[offset] = seer;
      this.#end = Math.max(this.#end, offset + 1);
    } else if (known !== value && !sameJson(known, value)) {
      const [append, other] = [this.#appendAt[offset] as number, this.#seerOf[offset] as number];
      const witness = append >= 0 ? append : other;
      const says = witness < 0 ? 'at first there was' : `by ${this.#the(witness)} it is`;
      return this.#refute(
        'divergent-reads',
        `${this.#tell(seer)}, with ${describeJson(value)} at offset ${offset}, where ${says} ${describeJson(known)}.`,
        witness < 0 ? [seer] : [seer, witness],
      );
    }
    return null;
  }

  /** Who appended what was seen. */
  #placeUntold(): Decision | null {
    for (let offset = 0; offset < this.#end; offset++) {
      const value = this.#values[offset];
      if (value === undefined) {
        this.#holes.push(offset);
        continue;
      }
      if (this.#appendAt[offset] !== NONE) continue;
      const append = this.#untold.get(internKey(value));
      const seer = this.#seerOf[offset] as number;
      if (append === 'several')
        return answers.inapplicable('a value is appended twice, and no answer tells the offset');
      if (append === undefined) {
        const what = `${this.#tell(seer)}, but nobody appended the ${describeJson(value)} at offset ${offset}.`;
        return this.#refute('unwritten-read', what, [seer]);
      }
      const twice = this.#offsetOf[append] as number;
      if (twice !== NONE) {
        return this.#refute(
          'duplicate',
          `${this.#tell(seer)}, with ${describeJson(value)} at offset ${offset}; it was seen at offset ${twice}, too, ` +
            `but appended only once: ${this.#the(append)}.`,
          [seer, this.#seerOf[twice] as number, append].filter((operation) => operation >= 0),
        );
      }
      this.#appendAt[offset] = append;
      this.#offsetOf[append] = offset;
    }
    return null;
  }

  #judgeLevels(): Decision {
    const size = this.#operations.length;
    const least = new Int32Array(size).fill(NONE);
    const most = new Int32Array(size).fill(ANY_LEVEL);
    const end = this.#end;
    const unseen: number[] = [];
    let isBoundless = false;
    let isBounded = false;
    for (let i = 0; i < size; i++) {
      const { call } = this.#operations[i] as JudgedOperation;
      if (call.f === 'append') {
        const offset = this.#offsetOf[i] as number;
        if (offset !== NONE) most[i] = least[i] = 2 * offset + 1;
        else {
          unseen.push(i);
          if (call.outcome !== 'unknown') isBoundless = true;
        }
        continue;
      }
      const records = (call.result ?? []) as readonly Json[];
      const from = (call.argument as number | null) ?? 0;
      if (call.f === 'poll') {
        let seen = 0;
        for (const record of records) seen = Math.max(seen, ((record as readonly Json[])[0] as number) + 1);
        least[i] = 2 * seen;
      } else if (records.length > 0) {
        most[i] = least[i] = 2 * (from + records.length);
      } else {
        least[i] = 0;
        if (from <= end) most[i] = 2 * from;
        else isBounded = true;
      }
    }
    if (isBoundless && isBounded) {
      return answers.inapplicable('a read from beyond the last known offset found nothing there');
    }
    const levels: Levels = { count: 2 * end + 2, least, most };
    const inversion = findLevelInversion(this.#operations, levels);
    if (inversion !== null) {
      const since = 'as the offsets show';
      return answers.illegal(
        PRECONDITION,
        describeLevelInversion(this.#model, this.#name, this.#operations, inversion, since),
      );
    }
    const slots = this.#slotsAt(levels);
    const misfit = fillSlots(this.#operations, unseen, slots);
    return misfit === null ? answers.legal(PRECONDITION) : this.#blame(slots, misfit);
  }

  /** The offsets of which nobody knows what is there, and the end: for appends of which nobody knows where they are. */
  #slotsAt({ least, most }: Levels): Slots {
    const slots = slotsOf(this.#holes.length);
    const { after, before, count } = slots;
    const holes = Int32Array.from(this.#holes, (offset) => 2 * offset + 1);
    for (let i = 0; i < this.#operations.length; i++) {
      if ((least[i] as number) < 0) continue;
      const { calledAt, returnedAt } = this.#operations[i] as JudgedOperation;
      // The first hole behind it, and the last one before it.
      const behind = lowerBound(holes, most[i] as number) + 1;
      if (most[i] !== ANY_LEVEL && calledAt > (this.#operations[after[behind] as number]?.calledAt ?? NONE)) {
        after[behind] = i;
      }
      const ahead = Math.min(lowerBound(holes, least[i] as number), count);
      if (returnedAt < (this.#operations[before[ahead] as number]?.returnedAt ?? NEVER)) before[ahead] = i;
    }
    return slots;
  }

  #blame({ after, before, count }: Slots, { slot, filler }: Misfit): Decision {
    const offset = slot > count ? this.#end : (this.#holes[slot - 1] as number);
    const bounds = [after[slot] as number, before[slot] as number].filter((operation) => operation >= 0);
    if (filler === undefined) {
      const what = `Nothing that had been appended in time can be at offset ${offset}, though ${this.#the(bounds.at(-1) as number)}.`;
      return this.#refute('lost-write', what, bounds.reverse());
    }
    const since = bounds.map((operation) => this.#the(operation)).join(' and ');
    const what = `${this.#tell(filler)}, but there was no offset left for it, as ${since} ${bounds.length > 1 ? 'show' : 'shows'}.`;
    return this.#refute('lost-write', what, [filler, ...bounds]);
  }

  #beyond(operation: number, offset: number): Decision {
    return this.#refute(
      'unwritten-read',
      `${this.#tell(operation)}, but offset ${offset} is beyond the number of all appends.`,
      [operation],
    );
  }

  #tell(operation: number): string {
    const judged = this.#operations[operation] as JudgedOperation;
    return `${this.#model.describeCall(judged.call, this.#name)} ${place(judged)}`;
  }

  #the(operation: number): string {
    return `the ${this.#tell(operation)}`;
  }

  #refute(test: string, explanation: string, proof: readonly number[]): Decision {
    return answers.illegal(PRECONDITION, {
      test,
      explanation,
      operations: proof.map((operation) => this.#operations[operation] as JudgedOperation),
    });
  }
}
