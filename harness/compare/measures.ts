/**
 * What a comparison measures, by name: the arguments of `--only`, and the chapters of its report in their order.
 *
 * Each measure is a pure function of one observed run (`loss.ts`, `unavailability.ts`, …); `chapters.ts` adds runs up.
 */
export const MEASURES = ['loss', 'unavailability', 'latency', 'survival', 'traffic', 'elections'] as const;

export type Measure = (typeof MEASURES)[number];

/** Until then topics are made and leaders found: not measured. */
export const WARM_UP_S = 4;
