/** How long checkers may take, and the live line while they do. */
import type { CheckInput } from '../../checkers/checker.ts';
import type { Output } from './output.ts';

const REDRAW_INTERVAL_MS = 200;
/** A check that takes longer is worth a word. */
const LONG_CHECK_MS = 2_000;

export interface CheckBudgetOptions {
  readonly output: Output;
  /** What is checked: `results/runs/…`, `seed 3 of 50 · checking 6,000 operations`. */
  readonly label: string;
  readonly budgetMs: number;
  /** Called once when it turns out to be a long check. */
  readonly onLong?: () => void;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
}

/** Time begins now. */
export function checkBudget(
  options: CheckBudgetOptions,
): Required<Pick<CheckInput, 'isOverdue' | 'onProgress'>> {
  const { output, label, budgetMs, onLong, nowMs = () => performance.now() } = options;
  const startedMs = nowMs();
  let drawnMs = startedMs;
  let share = 0;
  let isLong = false;
  const look = (): number => {
    const now = nowMs();
    const elapsedMs = now - startedMs;
    if (!isLong && elapsedMs > LONG_CHECK_MS) {
      isLong = true;
      onLong?.();
    }
    if (now - drawnMs >= REDRAW_INTERVAL_MS) {
      drawnMs = now;
      const done = share > 0 && share < 1 ? `${Math.floor(share * 100)} %, ` : '';
      output.live(
        `${label}: ${done}${Math.round(elapsedMs / 1000)} s of at most ${Math.round(budgetMs / 1000)} s`,
      );
    }
    return elapsedMs;
  };
  return {
    isOverdue: () => look() > budgetMs,
    onProgress: (done) => {
      share = done;
      look();
    },
  };
}
