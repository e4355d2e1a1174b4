/**
 * The normalised shape of an anomaly's witness: what is left of it without times, values, keys, processes and nodes.
 *
 *     a write of 1, a write of 2 acknowledged, then a read of 1     →  'contradicted answer'
 *     T1 –wr→ T2 –rw→ T1                                            →  'cycle of rw, wr'
 *     n3 truncates from index 88, and its commit index was 88       →  'commit – truncate'
 *
 * It is coarse on purpose: how many operations lead to a value, and which, differs from seed to seed, and the bug does not. It
 * knows no checker: it looks at the operations, at a cycle's edges, and at trace records in the evidence.
 */
import type { Anomaly } from '../checkers/checker.ts';
import type { History } from '../harness/history/history.ts';
import type { Json, Operation } from '../harness/history/operation.ts';

export interface WitnessShape {
  /** Empty where the anomaly shows nothing that has a shape. */
  readonly shape: string;
  /** Operations, edges or records: the smaller the clearer. */
  readonly size: number;
}

/** Kinds of edges that checkers of transactions know; what follows the word in a label are keys and values. */
const EDGE_KINDS: ReadonlySet<string> = new Set(['ww', 'wr', 'rw', 'process', 'realtime']);
/** Trace records are looked for this deep in the evidence, and this many at most. */
const MAX_EVIDENCE_DEPTH = 6;
const MAX_RECORDS = 40;
const MAX_REASON_WORDS = 7;

/** Smallest first; of the same size by their words, so that the order of a checker's findings does not matter. */
export function compareShapes(a: WitnessShape, b: WitnessShape): number {
  return a.size - b.size || (a.shape < b.shape ? -1 : Number(a.shape > b.shape));
}

export function witnessShape(anomaly: Anomaly, history: History): WitnessShape {
  return cycleShape(anomaly) ?? operationsShape(anomaly, history) ?? recordsShape(anomaly);
}

function cycleShape({ picture, evidence }: Anomaly): WitnessShape | null {
  const labels = isArray(evidence)
    ? evidence.map((edge) => (isRecord(edge) && 'from' in edge ? edge['kind'] : null))
    : picture?.kind === 'graph'
      ? picture.edges.map(({ label }) => label.split(' ')[0])
      : [];
  const kinds = labels.filter((kind): kind is string => typeof kind === 'string' && EDGE_KINDS.has(kind));
  if (kinds.length === 0 || kinds.length < labels.length) return null;
  return { shape: `cycle of ${listing(kinds)}`, size: kinds.length };
}

interface Step {
  readonly invocation: Operation;
  readonly completion: Operation | undefined;
}

/**
 * Who completed last shows it, be it alone. Where that one looked, its answer is all: whether a read or a refused compare-and-set was the first to meet what a
 * bug left behind, what it returned, and who came before it are matters of the seed. Of the others only what they were for.
 */
function operationsShape({ operations }: Anomaly, history: History): WitnessShape | null {
  const steps = stepsOf(operations, history);
  const last = steps.at(-1);
  if (last === undefined) return null;
  const size = steps.length;
  // A compare-and-set that took effect has changed something, too: that is what it shows alone.
  const isLoneUpdate = size === 1 && purposeOf(last) === 'update' && last.completion?.type !== 'fail';
  if (isLoneUpdate) return { shape: withOutcome('update', last), size };
  if (hasLooked(last)) return { shape: 'contradicted answer', size };
  const purposes = steps.slice(0, -1).map(purposeOf);
  const before = size === 1 ? '' : purposes.includes('update') ? 'update; ' : 'read; ';
  return { shape: `${before}${withOutcome(last.invocation.f, last)}`, size };
}

/** The clients' operations among them, in the order of their completions; those that never completed first. */
function stepsOf(operations: readonly number[], history: History): readonly Step[] {
  const invocations = new Set<Operation>();
  for (const index of operations) {
    const operation = history.operations[index];
    if (operation === undefined || operation.process === 'nemesis') continue;
    const invocation = operation.type === 'invoke' ? operation : history.invocationOf(index);
    if (invocation !== undefined) invocations.add(invocation);
  }
  const endOf = ({ completion }: Step): number =>
    completion === undefined || completion.type === 'info' ? -1 : completion.index;
  return [...invocations]
    .map((invocation): Step => ({ invocation, completion: history.completionOf(invocation.index) }))
    .sort((a, b) => endOf(a) - endOf(b) || a.invocation.index - b.invocation.index);
}

/** A read brings nothing along and returns something; whatever else there is can have changed something. */
function purposeOf({ invocation, completion }: Step): 'read' | 'update' {
  const { f, value } = invocation;
  return f === 'read' || (value === null && (completion?.value ?? null) !== null) ? 'read' : 'update';
}

function withOutcome(name: string, { completion }: Step): string {
  if (completion?.type === 'ok') return name;
  return completion?.type === 'fail' ? `${name} failed` : `${name} unknown`;
}

/** By reading, or by comparing. */
function hasLooked(step: Step): boolean {
  const { invocation, completion } = step;
  if (completion?.type === 'fail') return completion.error?.code === 'precondition-failed';
  return completion?.type === 'ok' && (invocation.f === 'cas' || purposeOf(step) === 'read');
}

/** Events that nodes told of, a kind once, and why a node stopped. */
function recordsShape({ evidence }: Anomaly): WitnessShape {
  const events: { readonly [name: string]: Json }[] = [];
  if (evidence !== undefined) collectEvents(evidence, events, 0);
  return { shape: [...new Set(events.map(eventWords))].sort().join(' – '), size: events.length };
}

function eventWords(event: { readonly [name: string]: Json }): string {
  const kind = typeof event['kind'] === 'string' ? event['kind'] : '';
  const said = kind === 'stop' ? event['reason'] : kind === 'impossible' ? event['message'] : null;
  return typeof said === 'string' ? `${kind}: ${wordsOf(said)}` : kind;
}

/** Whatever in the evidence looks like a trace record: `{node, time, event}`. */
function collectEvents(evidence: Json, events: { readonly [name: string]: Json }[], depth: number): void {
  if (depth > MAX_EVIDENCE_DEPTH || events.length >= MAX_RECORDS) return;
  if (isArray(evidence)) {
    for (const part of evidence) collectEvents(part, events, depth + 1);
  } else if (isRecord(evidence)) {
    const { node, event } = evidence;
    if (typeof node === 'string' && event !== undefined && isRecord(event)) events.push(event);
    else for (const part of Object.values(evidence)) collectEvents(part, events, depth + 1);
  }
}

/** Of a message what does not change from run to run: words of letters alone. */
function wordsOf(message: string): string {
  const line = message.split('\n')[0] ?? '';
  return (line.match(/(?<![\w.-])[A-Za-z][A-Za-z'’-]*(?![\w/])/g) ?? []).slice(0, MAX_REASON_WORDS).join(' ');
}

const listing = (words: readonly string[]): string => [...new Set(words)].sort().join(', ');

function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isRecord(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
