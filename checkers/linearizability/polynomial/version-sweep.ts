/** The sweep over changes whose order is told by versions; see versioned.ts. */
import { place } from '../lineage.ts';
import { describeJson, sameJson } from '../model.ts';
import type { Model } from '../model.ts';
import type { Json } from '../../../harness/history/operation.ts';
import type { JudgedOperation } from '../problem.ts';
import { Answers } from './decision.ts';
import type { Decision } from './decision.ts';
import { Fillers } from './fillers.ts';
import { describeLevelInversion, findLevelInversion } from './levels.ts';
import { fitsRefused } from './version-order.ts';
import type { Claim, Placed } from './version-order.ts';

export const answers = new Answers('sweep of a known version order');
const PRECONDITION = 'every change that was answered, and every read, tells its version';
const BY_VERSIONS = 'by the versions that the answers tell';

/** A place in the order of the changes of a key. */
interface Slot {
  readonly key: Json;
  readonly version: number;
  /** Undefined where any value will do. */
  value: Json | undefined;
  /** The change, or NONE where one of unknown outcome must have filled it. */
  readonly maker: number;
  /** Who shows that it is there. */
  witness: number;
  /** Reads that saw it, and do not tell their position. */
  readonly seers: number[];
}

interface Timeline {
  readonly initial: Slot;
  readonly slots: Slot[];
  readonly positioned: number[];
}

const NONE = -1;
/** In place of a witness: one of unknown outcome filled it. */
const FILLED = -2;

interface Beginning {
  readonly first: number;
  readonly value: Json;
  /** Each change makes the next version. */
  readonly isDense: boolean;
}

export class Sweep {
  readonly #model: Model;
  readonly #operations: readonly JudgedOperation[];
  readonly #name: string;
  readonly #claims: readonly Claim[];
  readonly #beginning: Beginning;
  readonly #timelines = new Map<Json, Timeline>();
  readonly #slotOf = new Map<number, Slot>();
  /** Versions in order, and their places in it. */
  #versions: readonly number[] = [];
  readonly #rankOf = new Map<number, number>();
  readonly #least: Int32Array;
  readonly #most: Int32Array;
  #earliestReturn = new Int32Array(0);
  readonly #fillers: Fillers;
  readonly #filled: Placed[] = [];

  constructor(
    model: Model,
    operations: readonly JudgedOperation[],
    name: string,
    claims: readonly Claim[],
    beginning: Beginning,
  ) {
    this.#model = model;
    this.#operations = operations;
    this.#name = name;
    this.#claims = claims;
    this.#beginning = beginning;
    this.#least = new Int32Array(operations.length).fill(NONE);
    this.#most = new Int32Array(operations.length).fill(NONE);
    this.#fillers = new Fillers((operation) => this.#at(operation).calledAt);
  }

  decide(pause: () => void): Decision {
    const conflict = this.#readChanges() ?? this.#readReads();
    if (conflict !== null) return conflict;
    this.#rankVersions();
    this.#bound();
    pause();
    for (const timeline of this.#timelines.values()) {
      const stuck = this.#walk(timeline);
      if (stuck !== null) return stuck;
    }
    pause();
    const levels = { count: 2 * this.#versions.length, least: this.#least, most: this.#most };
    const inversion = findLevelInversion(this.#operations, levels);
    if (inversion !== null) {
      const since = `as the versions show that the answers tell`;
      return answers.illegal(
        PRECONDITION,
        describeLevelInversion(this.#model, this.#name, this.#operations, inversion, since),
      );
    }
    return this.#fillFreeSlots() ?? this.#placeRefused();
  }

  #readChanges(): Decision | null {
    for (const [i, { leaves, version, key, finds }] of this.#claims.entries()) {
      const { outcome } = this.#at(i).call;
      if (leaves === undefined || outcome === 'refused') continue;
      if (version === null) {
        this.#fillers.add(i, key, leaves, finds);
        continue;
      }
      if (version <= this.#beginning.first) {
        return this.#refute('version-twice', `${this.#tell(i)}: that version was there before any change`, i);
      }
      const other = this.#slotOf.get(version);
      if (other !== undefined) {
        return this.#refute(
          'version-twice',
          `${this.#tell(i)} and ${this.#tell(other.maker)}: one version, two changes`,
          i,
          other.maker,
        );
      }
      this.#open({ key, version, value: leaves, maker: i, witness: i, seers: [] });
    }
    return null;
  }

  #readReads(): Decision | null {
    const { first, isDense } = this.#beginning;
    for (const [i, { leaves, version, position, key, finds }] of this.#claims.entries()) {
      if (leaves !== undefined) continue;
      const timeline = this.#timelineOf(key);
      if (position !== null) {
        if (position < first)
          return this.#refute('unwritten-read', `${this.#tell(i)}: there was no such version`, i);
        timeline.positioned.push(i);
      }
      if (version === null) continue;
      let slot = version === first ? timeline.initial : this.#slotOf.get(version);
      if (slot === undefined) {
        if (version < first)
          return this.#refute('unwritten-read', `${this.#tell(i)}: there was no such version`, i);
        slot = this.#open({ key, version, value: finds, maker: NONE, witness: i, seers: [] });
      }
      if (slot.key !== key || !sameJson(slot.value as Json, finds as Json)) {
        const told =
          slot.witness === NONE
            ? `it was ${describeJson(slot.value as Json)} at first`
            : this.#tell(slot.witness);
        return this.#refute(
          'version-mismatch',
          `${this.#tell(i)}, but ${told}: one version has one value`,
          i,
          slot.witness,
        );
      }
      if (position === null) slot.seers.push(i);
    }
    return isDense ? this.#openGaps() : null;
  }

  /** All versions up to the last have been there. */
  #openGaps(): Decision | null {
    const { first } = this.#beginning;
    let last = this.#timelineOf(null).initial;
    for (const slot of this.#slotOf.values()) if (slot.version > last.version) last = slot;
    const known = [...this.#slotOf.values()].filter(({ maker }) => maker !== NONE).length;
    const unknown = this.#claims.filter(
      ({ leaves }, i) => leaves !== undefined && this.#at(i).call.outcome === 'unknown',
    ).length;
    if (last.version - first > known + unknown) {
      const can = `only ${known + unknown} changes can have been made to version ${first}`;
      return this.#refute('version-gap', `${this.#tell(last.witness)}, but ${can}`, last.witness);
    }
    for (let version = first + 1; version <= last.version; version++) {
      if (this.#slotOf.has(version)) continue;
      this.#open({ key: null, version, value: undefined, maker: NONE, witness: NONE, seers: [] });
    }
    for (const [i, { finds, leaves, version }] of this.#claims.entries()) {
      const before =
        version === null || leaves === undefined || finds === undefined
          ? undefined
          : this.#slotOf.get(version - 1);
      if (before === undefined || before.value !== undefined) continue;
      before.value = finds;
      before.witness = i;
    }
    return null;
  }

  #rankVersions(): void {
    const versions = new Set<number>([this.#beginning.first, ...this.#slotOf.keys()]);
    for (const { position } of this.#claims) if (position !== null) versions.add(position);
    this.#versions = [...versions].sort((a, b) => a - b);
    for (const [rank, version] of this.#versions.entries()) this.#rankOf.set(version, rank);
  }

  /** Changes have even levels, and those who read them, or nothing else than them, odd ones. */
  #bound(): void {
    const levels = 2 * this.#versions.length;
    this.#earliestReturn = new Int32Array(levels + 1).fill(0x7fff_ffff);
    for (const [i, { leaves, version, position }] of this.#claims.entries()) {
      const seen = Math.max(version ?? -Infinity, position ?? -Infinity);
      if (seen === -Infinity) continue;
      const level = 2 * this.#rankIn(seen) + (leaves === undefined ? 1 : 0);
      this.#least[i] = level;
      this.#most[i] = level;
      const earliest = this.#earliestReturn[level] as number;
      this.#earliestReturn[level] = Math.min(earliest, this.#at(i).returnedAt);
    }
    for (let level = levels - 1; level >= 0; level--) {
      const after = this.#earliestReturn[level + 1] as number;
      if (after < (this.#earliestReturn[level] as number)) this.#earliestReturn[level] = after;
    }
  }

  /** One key's changes in their order, with what each answer needs to find. */
  #walk({ initial, slots, positioned }: Timeline): Decision | null {
    slots.sort((a, b) => a.version - b.version);
    const positionOf = (read: number): number => this.#claims[read]?.position as number;
    positioned.sort((a, b) => positionOf(a) - positionOf(b) || a - b);
    let current = initial;
    let next = 0;
    const replace = (by: Slot): void => {
      for (const seer of current.seers) this.#most[seer] = 2 * this.#rankIn(by.version) - 1;
      current = by;
    };
    for (let i = 0; i <= slots.length; i++) {
      const slot = slots[i];
      for (; next < positioned.length; next++) {
        const read = positioned[next] as number;
        const { finds, version, position } = this.#claims[read] as Claim & { position: number };
        if (slot !== undefined && slot.version <= position) break;
        if (version !== null) {
          if (current.version === version && current.witness !== FILLED) continue;
          return this.#refuteSeen(read, current);
        }
        if (current.value !== undefined && sameJson(current.value, finds as Json)) continue;
        if (current.version === position) return this.#refuteSeen(read, current);
        const filled = this.#fill(current, position, finds as Json, read);
        if (!('seers' in filled)) return filled;
        replace(filled);
      }
      if (slot === undefined) break;
      const expected = slot.maker === NONE ? undefined : this.#claims[slot.maker]?.finds;
      if (expected !== undefined && current.value !== undefined && !sameJson(current.value, expected)) {
        if (this.#beginning.isDense) return this.#refuteSeen(slot.maker, current);
        const filled = this.#fill(current, slot.version, expected, slot.maker);
        if (!('seers' in filled)) return filled;
        replace(filled);
      }
      if (slot.maker === NONE && slot.value !== undefined) {
        const filled = this.#fill(current, slot.version, slot.value, slot.witness);
        if (!('seers' in filled)) return filled;
      }
      replace(slot);
    }
    for (const seer of current.seers) this.#most[seer] = 2 * this.#versions.length;
    return null;
  }

  /** Has a change of unknown outcome put a value there before all of a version. */
  #fill(current: Slot, version: number, value: Json, witness: number): Slot | Decision {
    const { key } = current;
    const level = 2 * this.#rankIn(version);
    const filler = this.#fillers.take(key, value, current.value, this.#earliestReturn[level] as number);
    if (filler === undefined) {
      if (this.#fillers.hasConditions(key)) {
        return answers.inapplicable('a cas of unknown outcome may have left a value that was seen');
      }
      return this.#refute(
        'unwritten-read',
        `${this.#tell(witness)}, but nothing can have left ${describeJson(value)} there before it returned, or before what came after`,
        witness,
        current.witness,
      );
    }
    this.#filled.push({ operation: filler, level: level - 0.5 });
    return { key, version, value, maker: filler, witness: FILLED, seers: [] };
  }

  #fillFreeSlots(): Decision | null {
    if (!this.#beginning.isDense) return null;
    const free = (this.#timelines.get(null)?.slots ?? []).filter(({ value }) => value === undefined);
    if (free.length === 0) return null;
    if (this.#fillers.hasConditions(null)) {
      return answers.inapplicable('a cas of unknown outcome may have made a version that nobody saw');
    }
    const rest = this.#fillers.rest();
    for (const [i, { version }] of free.entries()) {
      const filler = rest[i];
      const level = 2 * this.#rankIn(version);
      if (filler === undefined || this.#at(filler).calledAt >= (this.#earliestReturn[level] as number)) {
        const after = this.#claims.findIndex((claim) => (claim.version ?? -Infinity) > version);
        return this.#refute(
          'version-gap',
          `${this.#tell(after)}, but nothing can have made version ${version} before it`,
          after,
        );
      }
      this.#filled.push({ operation: filler, level: level - 0.5 });
    }
    return null;
  }

  #placeRefused(): Decision {
    const refused = [...this.#operations.keys()].filter((i) => this.#at(i).call.outcome === 'refused');
    if (refused.length === 0) return answers.legal(PRECONDITION);
    const fits = fitsRefused(
      this.#operations,
      this.#claims,
      this.#least,
      this.#filled,
      refused,
      this.#beginning.value,
    );
    if (fits) return answers.legal(`${PRECONDITION}; the ${refused.length} refused ones fit into the order`);
    return answers.inapplicable('a refused cas does not fit into the order that was found');
  }

  #open(slot: Slot): Slot {
    this.#slotOf.set(slot.version, slot);
    this.#timelineOf(slot.key).slots.push(slot);
    return slot;
  }

  #timelineOf(key: Json): Timeline {
    let timeline = this.#timelines.get(key);
    if (timeline === undefined) {
      const { first, value } = this.#beginning;
      timeline = {
        initial: { key, version: first, value, maker: NONE, witness: NONE, seers: [] },
        slots: [],
        positioned: [],
      };
      this.#timelines.set(key, timeline);
    }
    return timeline;
  }

  #rankIn(version: number): number {
    return this.#rankOf.get(version) as number;
  }

  #refuteSeen(operation: number, current: Slot): Decision {
    const { value, version } = current;
    const maker = current.witness === FILLED ? current.maker : current.witness;
    const origin = maker === NONE ? '' : `, as the ${this.#tell(maker)} shows`;
    return this.#refute(
      'stale-read',
      `${this.#tell(operation)}, but the last change before it, to ${describeJson(value ?? null)}, is that of version ${version}${origin}`,
      operation,
      maker,
    );
  }

  #at(operation: number): JudgedOperation {
    return this.#operations[operation] as JudgedOperation;
  }

  #tell(operation: number): string {
    const judged = this.#operations[operation];
    return judged === undefined
      ? 'the beginning'
      : `${this.#model.describeCall(judged.call, this.#name)} ${place(judged)}`;
  }

  #refute(test: string, explanation: string, ...proof: readonly number[]): Decision {
    return answers.illegal(PRECONDITION, {
      test,
      explanation: `${explanation}, ${BY_VERSIONS}.`,
      operations: proof.flatMap((operation) => this.#operations[operation] ?? []),
    });
  }
}
