/**
 * Bars of a comparison, as SVG: how far a value goes, and of many values where each of them is.
 *
 *     const scale = scaleOf(group.rows);          // { max: 2.5, unit: 's' }
 *     barOf(cell, scale, 'killed, isr: 1.32 s')   // '<svg …>'
 *
 * Several values: the bar ends at the median, a line goes on to the largest, and dots are the values where they are few.
 */
import type { Cell, Row, Unit } from '../../harness/compare/comparison.ts';
import { bytesText, numberText, percentText } from '../../harness/compare/figures.ts';

const WIDTH = 460;
const HEIGHT = 18;
/** Right of the largest value. */
const MARGIN = 8;
const BAR_HEIGHT = 10;
const DOT_RADIUS = 2.5;

export interface Scale {
  /** What the right end means; a round number. */
  readonly max: number;
  readonly unit: Unit;
}

export function scaleOf(rows: readonly Row[]): Scale {
  const unit = rows[0]?.unit ?? 'number';
  const largest = Math.max(
    0,
    ...rows.flatMap(({ cells }) => cells.map(({ value, spread }) => spread?.max ?? value ?? 0)),
  );
  return { max: unit === 'share' && largest > 0.5 ? 1 : roundUp(largest), unit };
}

/** To 1, 2, 2.5 or 5 and noughts; 1 for nothing. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

export function barOf({ value, spread, values }: Cell, scale: Scale, label: string): string {
  const middle = HEIGHT / 2;
  const parts: string[] = [];
  if (value !== null) {
    // A value of nothing is a thin mark: it was measured.
    const width = Math.max(1.5, x(value, scale));
    parts.push(rect(0, middle - BAR_HEIGHT / 2, width, BAR_HEIGHT));
    if (spread !== undefined && spread.max > value) {
      parts.push(
        `<line class="reach" x1="${fixed(width)}" x2="${fixed(x(spread.max, scale))}" y1="${middle}" y2="${middle}"/>`,
      );
    }
    for (const each of values ?? []) {
      parts.push(`<circle class="dot" cx="${fixed(x(each, scale))}" cy="${middle}" r="${DOT_RADIUS}"/>`);
    }
  }
  return `${open(HEIGHT)} role="img" aria-label="${escapeAttribute(label)}">${parts.join('')}</svg>`;
}

/** Below the bars: nothing, half, all. */
export function axisOf(scale: Scale): string {
  const ticks = [0, 0.5, 1].map((share) => {
    const at = fixed(x(share * scale.max, scale));
    const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
    return `<line x1="${at}" x2="${at}" y1="0" y2="4"/><text x="${at}" y="15" text-anchor="${anchor}">${tickText(share * scale.max, scale.unit)}</text>`;
  });
  return `${open(HEIGHT)} aria-hidden="true"><line x1="0" x2="${WIDTH - MARGIN}" y1="0.5" y2="0.5"/>${ticks.join('')}</svg>`;
}

function tickText(value: number, unit: Unit): string {
  switch (unit) {
    case 's':
    case 'ms':
      return value === 0 ? '0' : `${numberText(value)} ${unit}`;
    case 'share':
      return percentText(value);
    case 'bytes':
      return bytesText(value);
    case 'number':
      return numberText(value);
  }
}

const x = (value: number, { max }: Scale): number => (value / max) * (WIDTH - MARGIN);

const rect = (left: number, top: number, width: number, height: number): string =>
  `<rect class="bar" x="${fixed(left)}" y="${fixed(top)}" width="${fixed(width)}" height="${height}" rx="2"/>`;

const open = (height: number): string =>
  `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`;

const fixed = (value: number): string => value.toFixed(1);

const escapeAttribute = (text: string): string =>
  text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
