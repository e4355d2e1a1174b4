/**
 * Figures as people read them.
 *
 *     secondsText(1.3249)       // '1.32 s'
 *     shareText(37, 1198)       // '37 of 1,198 (3.1 %)'
 *     bytesText(5123)           // '5.1 KB'
 */

/** `1,198`; two digits where it is small. */
export function numberText(value: number): string {
  const digits = Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',');
}

/** Milliseconds where it is short. */
export const secondsText = (seconds: number): string =>
  seconds === 0 ? '0 s' : seconds < 0.1 ? `${(1000 * seconds).toFixed(0)} ms` : `${seconds.toFixed(2)} s`;

export const millisecondsText = (ms: number): string => `${ms >= 100 ? ms.toFixed(0) : ms.toFixed(1)} ms`;

/** Of all: `none of 40`, `all 40`, `3 of 40 (7.5 %)`. */
export function shareText(part: number, whole: number): string {
  if (part === 0) return `none of ${numberText(whole)}`;
  if (part === whole) return `all ${numberText(whole)}`;
  return `${numberText(part)} of ${numberText(whole)} (${percentText(part / whole)})`;
}

export function percentText(share: number): string {
  const percent = 100 * share;
  return `${percent.toFixed(percent >= 10 || Number.isInteger(percent) ? 0 : 1)} %`;
}

export function bytesText(bytes: number): string {
  return bytes < 1000 ? `${numberText(bytes)} B` : `${numberText(bytes / 1000)} KB`;
}
