/**
 * The colours of report.css for drawing on canvases, and which kind of fault has which.
 */
import type { ReportData } from '../report-data.ts';

export interface Theme {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly band: string;
  /** By outcome: ok, fail, info, pending. */
  readonly outcomes: readonly [string, string, string, string];
  /** Text on a bar of that colour. */
  readonly onOk: string;
  readonly onInfo: string;
  readonly witness: string;
  readonly leader: string;
  readonly onLeader: string;
  readonly candidate: string;
  readonly faults: readonly string[];
}

const FAULT_COLOURS = 8;

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour('text'),
    muted: colour('muted'),
    line: colour('line'),
    surface: colour('surface'),
    band: colour('band'),
    outcomes: [colour('ok'), colour('fail'), colour('info'), colour('info')],
    onOk: colour('on-ok'),
    onInfo: colour('on-info'),
    witness: colour('witness'),
    leader: colour('leader'),
    onLeader: colour('on-leader'),
    candidate: colour('candidate'),
    faults: Array.from({ length: FAULT_COLOURS }, (_, i) => colour(`fault-${i}`)),
  };
}

/** The kinds of fault in the order of their first use; a kind keeps its colour in all charts. */
export function faultKinds(data: ReportData): readonly string[] {
  return [...new Set(data.faults.map(({ fault }) => fault))];
}

export function faultColour(theme: Theme, kind: number): string {
  return theme.faults[kind % FAULT_COLOURS] ?? theme.muted;
}

/** Diagonal lines in one colour: reads as "not known" and "not there" without its colour. */
export function hatching(
  context: CanvasRenderingContext2D,
  colour: string,
  background: string,
): CanvasPattern | string {
  const size = 6;
  const tile = document.createElement('canvas');
  tile.width = tile.height = size;
  const pen = tile.getContext('2d');
  if (pen === null) return colour;
  pen.fillStyle = background;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
  }
  pen.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}
