/**
 * A stretch of a partition around an anomaly, as a table: a column an offset, a row for what was acknowledged there and
 * one for each operation concerned.
 *
 *                 | 3 | 4 | 5 | … | 9
 *     acknowledged| a | b | c |   | d
 *     12 polled   | a |   | c |   |        the cell under 4 is wrong
 */
import type { SequencePicture } from '../checker.ts';
import type { Json } from '../../harness/history/operation.ts';
import { NONE } from './ledger.ts';
import { runsOf, sendsOf } from './logs.ts';
import type { Logs } from './logs.ts';

/** Slots shown before and behind each one of interest. */
const MARGIN = 3;
const MAX_COLUMNS = 25;
const MAX_CELL_LENGTH = 16;
const GAP = '…';

export interface PictureRequest {
  readonly key: number;
  /** What it is about. */
  readonly slots: readonly number[];
  /** Completions whose polls are shown. */
  readonly polls?: readonly number[];
  /** Invocations whose sends are shown. */
  readonly sends?: readonly number[];
  /** Slots whose cells are wrong in the rows of the operations. */
  readonly wrong?: readonly number[];
}

/** A slot, or NONE for a gap. */
type Column = number;

export function drawLog(logs: Logs, request: PictureRequest): SequencePicture {
  const columns = chooseColumns(logs, request);
  const { ledger } = logs;
  const wrong = (request.wrong ?? []).map((slot) => columns.indexOf(slot)).filter((column) => column >= 0);
  const row = (label: string, cellAt: (slot: number) => Json | undefined, operation?: number) => ({
    label,
    cells: columns.map((slot) => {
      const value = slot === NONE ? undefined : cellAt(slot);
      return value === undefined ? null : shorten(value);
    }),
    ...(operation === undefined ? {} : { operation, wrong }),
  });
  const acknowledged = row('acknowledged', (slot) => {
    const send = logs.send[slot] as number;
    return send === NONE ? undefined : ledger.values[ledger.sendValue.at(send)];
  });
  const sends = (request.sends ?? []).filter(isFirst).map((operation) => {
    const { first, end } = sendsOf(ledger, operation);
    const values = new Map<number, Json>();
    for (let send = first; send < end; send++) {
      if (ledger.sendKey.at(send) !== request.key) continue;
      values.set(logs.sendSlot[send] as number, ledger.values[ledger.sendValue.at(send)] as Json);
    }
    return row(`${operation} sent`, (slot) => values.get(slot), operation);
  });
  const polls = (request.polls ?? []).filter(isFirst).map((operation) => {
    const { first, end } = runsOf(ledger, operation);
    const values = new Map<number, Json>();
    for (let run = first; run < end; run++) {
      if (ledger.runKey.at(run) !== request.key) continue;
      const until = ledger.runEnd(run);
      for (let read = ledger.runStart.at(run); read < until; read++) {
        values.set(logs.readSlot[read] as number, ledger.values[ledger.readValue.at(read)] as Json);
      }
    }
    return row(`${operation} polled`, (slot) => values.get(slot), operation);
  });
  return {
    kind: 'sequence',
    columns: columns.map((slot) => (slot === NONE ? GAP : String(logs.offsets[slot]))),
    rows: [acknowledged, ...sends, ...polls],
  };
}

function chooseColumns(logs: Logs, { key, slots }: PictureRequest): Column[] {
  const { first, end } = logs.slotsOf(key);
  const shown = new Set<number>();
  for (const slot of slots) {
    if (slot === NONE) continue;
    const until = Math.min(end, slot + MARGIN + 1);
    for (let near = Math.max(first, slot - MARGIN); near < until; near++) shown.add(near);
  }
  const sorted = [...shown].sort((a, b) => a - b);
  const columns: Column[] = sorted[0] === undefined || sorted[0] === first ? [] : [NONE];
  for (const slot of sorted) {
    const before = columns.at(-1);
    const isNext =
      slot === first || (logs.offsets[slot] as number) - (logs.offsets[slot - 1] as number) === 1;
    if (before !== undefined && before !== NONE && !(isNext && before === slot - 1)) columns.push(NONE);
    columns.push(slot);
    if (columns.length >= MAX_COLUMNS) break;
  }
  if (columns.length > 0 && columns.at(-1) !== end - 1) columns.push(NONE);
  return columns;
}

function isFirst(operation: number, place: number, all: readonly number[]): boolean {
  return operation >= 0 && all.indexOf(operation) === place;
}

function shorten(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= MAX_CELL_LENGTH ? text : `${text.slice(0, MAX_CELL_LENGTH - 1)}…`;
}
