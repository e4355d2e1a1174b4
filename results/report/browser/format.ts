/**
 * Numbers and times for people. Used by the viewer and by the terminal's summary, so it touches no document.
 *
 *     formatDuration(1_234_567)   // '1.23 ms'
 *     formatTime(12_034_500_000)  // '12.035 s'
 */

const NS_PER_S = 1e9;

/** `1234567` → `1,234,567`: the same everywhere, whatever the reader's locale. */
export function formatCount(count: number): string {
  const [whole = '', fraction] = String(count).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Three significant digits with the unit that fits. @param ns - nanoseconds */
export function formatDuration(ns: number): string {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 999.5e3) return `${significant(ns / 1e3)} µs`;
  if (ns < 999.5e6) return `${significant(ns / 1e6)} ms`;
  if (ns < 99.95e9) return `${significant(ns / NS_PER_S)} s`;
  const seconds = Math.round(ns / NS_PER_S);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A moment of the run in seconds. @param decimals - digits behind the point */
export function formatTime(ns: number, decimals = 3): string {
  return `${(ns / NS_PER_S).toFixed(decimals)} s`;
}

/** `0.9987` → `99.87 %`. Never rounds up to 100 % or down to 0 %. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return '< 0.01 %';
  if (percent < 100 && percent > 99.99) return '> 99.99 %';
  return percent === 0 || percent === 100 ? `${percent} %` : `${percent.toFixed(2)} %`;
}

/** `plural(2, 'fault')` → `2 faults`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

function significant(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
