/**
 * The colours of report.css for drawing, and which kind of fault has which.
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

export const FAULT_COLOURS = 8;

/** @param colour - the value of a custom property of report.css, without its dashes */
export function themeFrom(colour: (name: string) => string): Theme {
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
