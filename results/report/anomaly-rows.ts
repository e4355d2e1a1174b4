/**
 * Anomalies for the report: their witness as rows of the timeline, and whatever else has a time (faults, trace
 * records in the evidence), so that the reader can jump to it.
 */
import type { Anomaly } from '../../checkers/checker.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { LogTails } from './log-tails.ts';
import { cutText, keyText } from './operation-columns.ts';
import type { PackedOperations } from './operation-columns.ts';
import { pictureRow } from './picture-rows.ts';
import type { AnomalyRow, WitnessEvent } from './report-data.ts';

const MAX_EVIDENCE_CHARACTERS = 20_000;
const MAX_EVENT_CHARACTERS = 200;
/** Trace records are looked for this deep in the evidence, and this many at most. */
const MAX_EVIDENCE_DEPTH = 6;
const MAX_EVENTS = 40;
const MAX_LOGGED = 12;

export function anomalyRow(
  checker: string,
  anomaly: Anomaly,
  history: History,
  packed: PackedOperations,
): AnomalyRow {
  const rows = new Set<number>();
  const keys = new Set<string | number>();
  const events: WitnessEvent[] = [];
  for (const index of anomaly.operations) {
    const operation = history.operations[index];
    if (operation === undefined) continue;
    const row = packed.rowOf(index);
    if (row === undefined) {
      events.push({ time: operation.time, node: null, text: nemesisText(operation) });
      continue;
    }
    rows.add(row);
    const key = operation.key ?? history.invocationOf(index)?.key;
    if (key !== undefined) keys.add(key);
  }
  if (anomaly.evidence !== undefined) collectEvents(anomaly.evidence, events, 0);
  const [key] = keys;
  const moment = Math.max(
    ...anomaly.operations.map((index) => history.operations[index]?.time ?? -1),
    ...events.map(({ time }) => time),
    -1,
  );
  return {
    checker,
    name: anomaly.name,
    explanation: anomaly.explanation,
    key: key !== undefined && keys.size === 1 ? keyText(key) : null,
    operations: [...rows].sort((a, b) => a - b),
    events: events.sort((a, b) => a.time - b.time),
    evidence:
      anomaly.evidence === undefined
        ? null
        : cutText(JSON.stringify(anomaly.evidence, null, 2), MAX_EVIDENCE_CHARACTERS),
    picture: anomaly.picture === undefined ? null : pictureRow(anomaly.picture, packed),
    morePictures: (anomaly.morePictures ?? []).map((picture) => pictureRow(picture, packed)),
    moment: moment < 0 ? null : moment,
    logs: [],
  };
}

/** The first of each kind, and no more than can be read: what the nodes logged around it. */
export function withLogs(rows: readonly AnomalyRow[], tails: LogTails): readonly AnomalyRow[] {
  const seen = new Set<string>();
  return rows.map((row) => {
    const kind = `${row.checker} ${row.name}`;
    if (row.moment === null || seen.has(kind) || seen.size >= MAX_LOGGED) return row;
    seen.add(kind);
    return { ...row, logs: tails.around(row.moment) };
  });
}

function nemesisText(operation: Operation): string {
  const { value } = operation;
  const said =
    isRecord(value) && typeof value['description'] === 'string'
      ? value['description']
      : JSON.stringify(value);
  return cutText(`nemesis ${operation.f}: ${said}`, MAX_EVENT_CHARACTERS);
}

/** Whatever in the evidence looks like a trace record: `{node, time, event}`. */
function collectEvents(evidence: Json, events: WitnessEvent[], depth: number): void {
  if (depth > MAX_EVIDENCE_DEPTH || events.length >= MAX_EVENTS) return;
  if (isArray(evidence)) {
    for (const part of evidence) collectEvents(part, events, depth + 1);
    return;
  }
  if (!isRecord(evidence)) return;
  const { node, time, event } = evidence;
  if (typeof node === 'string' && typeof time === 'number' && event !== undefined) {
    events.push({ time, node, text: eventText(event) });
    return;
  }
  for (const part of Object.values(evidence)) collectEvents(part, events, depth + 1);
}

/** `{kind: 'role', role: 'leader', term: 3}` → `leader in term 3`; others by their fields: `commit: index 4, term 2`. */
function eventText(event: Json): string {
  if (!isRecord(event)) return cutText(JSON.stringify(event), MAX_EVENT_CHARACTERS);
  const { kind, ...fields } = event;
  if (kind === 'role')
    return `${shortText(fields['role'] ?? null)} in term ${shortText(fields['term'] ?? null)}`;
  const details = Object.entries(fields).map(([name, value]) => `${name} ${shortText(value)}`);
  return cutText(`${typeof kind === 'string' ? `${kind}: ` : ''}${details.join(', ')}`, MAX_EVENT_CHARACTERS);
}

const shortText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isRecord(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
