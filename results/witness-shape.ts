/**
 * The normalised shape of an anomaly's witness: what is left of it without times, values, keys, processes and nodes.
 *
 *     a write of 1, a write of 2 acknowledged, then a read of 1     →  'update; their value seen'
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

/** Who completed last shows it; of the others only what they were for. */
function operationsShape({ operations }: Anomaly, history: History): WitnessShape | null {
  const steps = stepsOf(operations, history);
  const last = steps.at(-1);
  if (last === undefined) return null;
  const others = steps.slice(0, -1);
  const purposes = others.map(purposeOf);
  const before = others.length === 0 ? '' : purposes.includes('update') ? 'update; ' : 'read; ';
  const isLoneUpdate = others.length === 0 && purposeOf(last) === 'update';
  const shown = isLoneUpdate
    ? withOutcome('update', last)
    : (sawOf(last, others) ?? withOutcome(last.invocation.f, last));
  return { shape: `${before}${shown}`, size: steps.length };
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
  switch (completion?.type) {
    case 'ok':
      return name;
    case 'fail':
      return completion.error?.code === 'precondition-failed' ? `${name} refused` : `${name} failed`;
    default:
      return `${name} unknown`;
  }
}

/** What the last one saw, whether by reading or by comparing: of the others, of nobody, or nothing. Null where it did not look. */
function sawOf(last: Step, others: readonly Step[]): string | null {
  const seen = answerOf(last);
  if (seen === null) return null;
  if (seen.length === 0) return 'nothing seen';
  const known = new Set(others.flatMap(({ invocation }) => scalarsOf(invocation.value) ?? []));
  return seen.some((value) => known.has(value)) ? 'their value seen' : 'another value seen';
}

/** As far as it is a value or a list of them; of a compare-and-set that was taken what it expected. */
function answerOf(step: Step): readonly string[] | null {
  const { invocation, completion } = step;
  const { f, value } = invocation;
  if (completion?.type !== 'ok') return null;
  if (f === 'cas' && isArray(value)) return scalarsOf(value[0] ?? null);
  return purposeOf(step) === 'read' ? scalarsOf(completion.value) : null;
}

/** Of a value, or a list of values; null for anything that is built otherwise. */
function scalarsOf(value: Json): readonly string[] | null {
  if (value === null) return [];
  if (!isArray(value)) return typeof value === 'object' ? null : [JSON.stringify(value)];
  return value.some((part) => typeof part === 'object') ? null : value.map((part) => JSON.stringify(part));
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
