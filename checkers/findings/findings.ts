/**
 * Collects what a checker finds, so that a history that is rotten all over does not make a verdict of a gigabyte: of
 * each anomaly the first ten are told, and all are counted.
 *
 *     const findings = new Findings();
 *     findings.add('wrong-total', () => ({ explanation: 'Operation 7 read …', operations: [6, 7] }));
 *     findings.conclude('bank', { statistics: { reads: 40 } })
 *     // { checker: 'bank', valid: false, anomalies: [...], statistics: { reads: 40, found: { 'wrong-total': 12 } } }
 *
 * Explanations are built only for those that are told.
 */
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Anomaly, Verdict } from '../checker.ts';

/** Of each name; the rest is counted. */
const TOLD_OF_EACH_NAME = 10;
const SHOWN_LENGTH_MAX = 80;

export type Finding = Omit<Anomaly, 'name'>;

interface Found {
  count: number;
  readonly told: Anomaly[];
}

export interface Conclusion {
  readonly statistics: { readonly [name: string]: Json };
  /** Why the verdict is unknown unless an anomaly was found; undefined when nothing is in the way of true. */
  readonly unknownBecause?: string | undefined;
}

export class Findings {
  readonly #judged = new Map<string, Found>();
  readonly #allowed = new Map<string, Found>();

  add(name: string, describe: () => Finding): void {
    collect(this.#judged, name, describe);
  }

  /** What the options allow: told, not judged. */
  addAllowed(name: string, describe: () => Finding): void {
    collect(this.#allowed, name, describe);
  }

  /** Judged and allowed. */
  countOf(name: string): number {
    return (this.#judged.get(name)?.count ?? 0) + (this.#allowed.get(name)?.count ?? 0);
  }

  conclude(checker: string, { statistics, unknownBecause }: Conclusion): Verdict {
    const anomalies = told(this.#judged);
    const allowed = told(this.#allowed);
    const found: { [name: string]: number } = {};
    for (const [name, { count }] of [...this.#judged, ...this.#allowed]) {
      found[name] = (found[name] ?? 0) + count;
    }
    const common = {
      checker,
      anomalies,
      ...(allowed.length === 0 ? {} : { allowed }),
      statistics: { ...statistics, found },
    };
    if (anomalies.length > 0) return { ...common, valid: false };
    if (unknownBecause !== undefined) return { ...common, valid: 'unknown', reason: unknownBecause };
    return { ...common, valid: true };
  }
}

function collect(all: Map<string, Found>, name: string, describe: () => Finding): void {
  let found = all.get(name);
  if (found === undefined) all.set(name, (found = { count: 0, told: [] }));
  found.count++;
  if (found.told.length < TOLD_OF_EACH_NAME) found.told.push({ ...describe(), name });
}

const told = (all: ReadonlyMap<string, Found>): Anomaly[] => [...all.values()].flatMap(({ told }) => told);

/** Their indexes, ascending, each once. */
export function indexesOf(...operations: readonly (Operation | undefined)[]): readonly number[] {
  const indexes = new Set<number>();
  for (const operation of operations) if (operation !== undefined) indexes.add(operation.index);
  return [...indexes].sort((a, b) => a - b);
}

/** A value in a sentence. */
export function show(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
}

export type Key = Operation['key'];

/** What a sentence calls the object: by its key, or where there is only one by what it is. */
export const nameOf = (key: Key, what: string): string => (key === undefined ? what : String(key));

// Array.isArray does not narrow readonly arrays.
export const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

/** Its items; none where it is no list. */
export const listOf = (value: Json | undefined): readonly Json[] =>
  value !== undefined && isArray(value) ? value : [];

export const isMap = (value: Json): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
