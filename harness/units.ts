/** Nanoseconds in the units that options and messages use. Times in histories are integers of nanoseconds. */
export const NS_PER_US = 1_000;
export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;

export const msToNs = (ms: number): number => Math.round(ms * NS_PER_MS);
export const sToNs = (s: number): number => Math.round(s * NS_PER_S);
export const nsToMs = (ns: number): number => ns / NS_PER_MS;
export const nsToS = (ns: number): number => ns / NS_PER_S;
