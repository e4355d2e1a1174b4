/** What `import … from 'shaketable/vitest'` gives: Shaketable inside tests of one's own. It needs no vitest itself. */
export { type Consistent, expectConsistent } from './expect-consistent.ts';
export type { ExpectedHistory, ExpectedRun, ToldOperation } from './expected.ts';
export { expectPromoted } from './expect-promoted.ts';
export { promotedRuns } from './promoted-run.ts';
