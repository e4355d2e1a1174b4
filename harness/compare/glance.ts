/**
 * A comparison at a glance: of each chapter the row in which the variants differ most.
 *
 *     // { measure: 'latency', title: 'Latency with one slow replica', row, differs: true }
 *
 * Values are compared within a row, relative to the larger one, and where one is not known the reader should see it; a chapter whose rows are all alike says so by its first row.
 */
import type { Chapter, Row } from './comparison.ts';

export interface Glance {
  readonly chapter: Chapter;
  /** What the group of the row asks. */
  readonly question: string;
  readonly row: Row;
  readonly differs: boolean;
}

export function glanceOf(chapters: readonly Chapter[]): readonly Glance[] {
  return chapters.flatMap((chapter): Glance[] => {
    let best: { question: string; row: Row; difference: number } | null = null;
    for (const { title, rows } of chapter.groups) {
      for (const row of rows) {
        const difference = differenceIn(row);
        if (best === null || difference > best.difference) best = { question: title, row, difference };
      }
    }
    if (best === null) return [];
    return [{ chapter, question: best.question, row: best.row, differs: best.difference >= ALIKE }];
  });
}

/** Smaller differences are within what seeds make. */
const ALIKE = 0.1;

function differenceIn({ cells }: Row): number {
  const values = cells.map(({ value }) => value).filter((value) => value !== null);
  if (values.length < cells.length) return 1;
  const most = Math.max(0, ...values);
  return most === 0 ? 0 : (most - Math.min(...values)) / most;
}
