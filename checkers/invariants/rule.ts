/**
 * What an invariant is, whichever protocol it is of: a row of a table with the anomaly's name and the rule in a sentence.
 *
 *     const RULES = tableOf({ 'log-gap': row('A batch is appended right behind the last one.', 'design of the log') });
 *     RULES.get('log-gap')?.rule
 */
export interface Invariant<N extends string = string> {
  /** The name of the anomaly when it is broken. */
  readonly name: N;
  readonly rule: string;
  readonly source: string;
  /**
   * `node`: holds whatever the order of different nodes' records, so it is judged on every trace. `cluster`: judged
   * only where the trace is in the order of the run.
   */
  readonly order: 'node' | 'cluster';
}

type Row = Omit<Invariant, 'name'>;

export const row = (rule: string, source: string, order: Row['order'] = 'node'): Row => ({
  rule,
  source,
  order,
});

export function tableOf<N extends string>(rows: Readonly<Record<N, Row>>): ReadonlyMap<N, Invariant<N>> {
  return new Map((Object.keys(rows) as N[]).map((name) => [name, { name, ...rows[name] }]));
}
