/**
 * Fewer members of a run: nodes, clients, parts of a fault.
 *
 *     withoutNodes(candidate, ['n4', 'n5'])     // faults no longer name them; one that has nobody left is gone
 *     foldClients(candidate, [3, 7])            // thread 3 becomes 0, and 7 becomes 1
 */
import type { PlanEntry } from '../generator/index.ts';
import type { Json } from '../history/operation.ts';
import {
  type Candidate,
  faultsOf,
  isOfClient,
  keepEntries,
  mapEntries,
  partOf,
  threadOf,
} from './candidate.ts';

/** Nothing of it is left. */
const NOTHING = Symbol('nothing');

/** Without these nodes, and without them in every fault. */
export function withoutNodes(candidate: Candidate, gone: readonly string[]): Candidate {
  const { test } = candidate;
  const isGone = new Set(gone);
  const nodes = test.nodes.filter((node) => !isGone.has(node));
  const isNode = new Set(test.nodes);
  const removed = new Set<PlanEntry>();
  const changed = new Map<PlanEntry, PlanEntry>();
  for (const { entries } of faultsOf(candidate.plan)) {
    for (const entry of entries) {
      const value = withoutNames(entry.value, isGone, isNode);
      if (value !== NOTHING) changed.set(entry, { ...entry, value });
      else for (const other of entries) removed.add(other);
    }
  }
  const kept = keepEntries({ ...candidate, test: { ...test, nodes } }, (entry) => !removed.has(entry));
  return mapEntries(kept, (entry) => changed.get(entry) ?? entry);
}

/** A list, or a table by node, that loses all that it had is gone, and so is a record of which a field is. */
function withoutNames(
  value: Json,
  gone: ReadonlySet<string>,
  isNode: ReadonlySet<string>,
): Json | typeof NOTHING {
  if (typeof value === 'string') return gone.has(value) ? NOTHING : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const parts = (value as readonly Json[]).map((part) => withoutNames(part, gone, isNode));
    const left = parts.filter((part) => part !== NOTHING);
    return left.length === 0 && parts.length > 0 ? NOTHING : left;
  }
  const parts = Object.entries(value as { readonly [name: string]: Json }).map(
    ([name, part]) => [name, gone.has(name) ? NOTHING : withoutNames(part, gone, isNode)] as const,
  );
  const left = parts.filter((part): part is readonly [string, Json] => part[1] !== NOTHING);
  const isWhole = left.length === parts.length;
  if (!isWhole && (left.length === 0 || !isTableByNode(parts, isNode))) return NOTHING;
  return Object.fromEntries(left);
}

const isTableByNode = (
  entries: readonly (readonly [string, unknown])[],
  isNode: ReadonlySet<string>,
): boolean => entries.length > 0 && entries.every(([name]) => isNode.has(name));

/** Each fault with one part less of its lists and of its tables by node. */
export function* simplerFaults(candidate: Candidate): Generator<Candidate> {
  const isNode = new Set(candidate.test.nodes);
  for (const { entries } of faultsOf(candidate.plan)) {
    const [first] = entries;
    const parameters = partOf(first?.value, 'parameters');
    if (parameters === undefined) continue;
    for (const simpler of simplerParts(parameters, isNode)) {
      yield mapEntries(candidate, (entry) =>
        entry === first ? { ...entry, value: { parameters: simpler } } : entry,
      );
    }
  }
}

function* simplerParts(value: Json, isNode: ReadonlySet<string>): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    const parts = value as readonly Json[];
    if (parts.length > 1) for (let i = 0; i < parts.length; i++) yield parts.toSpliced(i, 1);
    for (let i = 0; i < parts.length; i++) {
      for (const part of simplerParts(parts[i] ?? null, isNode)) yield parts.with(i, part);
    }
    return;
  }
  const entries = Object.entries(value as { readonly [name: string]: Json });
  if (entries.length > 1 && isTableByNode(entries, isNode)) {
    for (let i = 0; i < entries.length; i++) yield Object.fromEntries(entries.toSpliced(i, 1));
  }
  for (const [name, part] of entries) {
    for (const simpler of simplerParts(part, isNode)) yield { ...value, [name]: simpler };
  }
}

/** These threads, in this order, become 0, 1, …; the others must do nothing. Later processes of a thread stay later. */
export function foldClients(candidate: Candidate, threads: readonly number[]): Candidate {
  const before = candidate.test.concurrency;
  const concurrency = Math.max(1, threads.length);
  const place = new Map(threads.map((thread, i) => [thread, i]));
  const folded = mapEntries(candidate, (entry) => {
    const thread = threadOf(entry, before);
    if (entry.process === 'nemesis' || thread === null) return entry;
    const generation = Math.floor(entry.process / before);
    return { ...entry, process: generation * concurrency + (place.get(thread) ?? 0) };
  });
  return { ...folded, test: { ...folded.test, concurrency } };
}

/** What thread `from` did is done by `to`. */
export function mergeClients(candidate: Candidate, from: number, to: number): Candidate {
  const { concurrency } = candidate.test;
  return mapEntries(candidate, (entry) =>
    entry.process !== 'nemesis' && threadOf(entry, concurrency) === from
      ? { ...entry, process: entry.process - from + to }
      : entry,
  );
}

/** Keys and numbers in the values of clients become the first that there are, in the same order. */
export function simplerValues(candidate: Candidate): Candidate {
  const entries = [...candidate.plan.main, ...candidate.plan.final].filter(isOfClient);
  const numbers = new Set<number>();
  const collect = (value: Json): void => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) numbers.add(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  for (const { value } of entries) collect(value);
  const first = numbers.has(0) ? 0 : 1;
  const order = [...numbers].sort((a, b) => a - b);
  const simpler = new Map(order.map((number, i) => [number, first + i]));
  const change = (value: Json): Json => {
    if (typeof value === 'number') return simpler.get(value) ?? value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return (value as readonly Json[]).map(change);
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, change(part)]));
  };
  return mapEntries(candidate, (entry) =>
    isOfClient(entry) ? { ...entry, value: change(entry.value) } : entry,
  );
}

/** Keys become the first of those that there are. */
export function simplerKeys(candidate: Candidate): Candidate {
  const keys = [...candidate.plan.main, ...candidate.plan.final].flatMap((entry) => entry.key ?? []);
  const used = [...new Set(keys)].sort((a, b) => String(a).localeCompare(String(b), 'en', { numeric: true }));
  const simpler = new Map(used.map((key, i) => [key, renumbered(key, i)]));
  return mapEntries(candidate, (entry) => {
    const key = entry.key === undefined ? undefined : simpler.get(entry.key);
    return key === undefined ? entry : { ...entry, key };
  });
}

/** `k7` as the third key: `k2`. */
function renumbered(key: string | number, place: number): string | number {
  return typeof key === 'number' ? place : key.replace(/\d+$/, String(place));
}
