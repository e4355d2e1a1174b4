/**
 * Which anomaly refutes which consistency model.
 *
 *     refutation(['G2-item'])
 *     // { weakestRefuted: ['repeatable-read'], strongestNotRefuted: ['strong-snapshot-isolation', 'update-serializable'] }
 *     proscribes('snapshot-isolation', 'G-single') // true
 *     proscribes('snapshot-isolation', 'G2-item')  // false: write skew is allowed
 *
 * Models form a lattice: a history of a stronger one is one of all weaker ones too. A model lists the anomalies that it
 * forbids beyond those; anomalies imply others (an aborted read is a G1), so that a model forbids whatever implies
 * what it lists. The relations are those of Adya's thesis; of Adya, Liskov and O'Neil, *Generalized Isolation Level
 * Definitions*; of Bailis et al., *Highly Available Transactions*; of Cerone, Bernardi and Gotsman, *A Framework for
 * Transactional Consistency Models*; of Daudjee and Salem (the strong session forms); as Elle combines them.
 *
 * All data here are single objects, no predicates: a G-single or G-nonadjacent cycle is a G2-item as well.
 */
import { closest } from 'fastest-levenshtein';
import { HarnessError } from '../../harness/errors.ts';

export interface ConsistencyModel {
  readonly name: string;
  readonly summary: string;
}

interface ModelRow extends ConsistencyModel {
  /** Other names; those of Adya's levels. */
  readonly aliases?: readonly string[];
  /** Models that are weaker. */
  readonly implies: readonly string[];
  /** Anomalies that it forbids, and no weaker one does. */
  readonly forbids: readonly string[];
}

/** From weak to strong. */
const MODELS: readonly ModelRow[] = [
  {
    name: 'read-uncommitted',
    aliases: ['PL-1'],
    summary: 'writes of transactions are in one order; none is interleaved with another',
    implies: [],
    forbids: ['G0', 'duplicate-elements', 'cyclic-versions', 'garbage-read', 'malformed-read'],
  },
  {
    name: 'read-committed',
    aliases: ['PL-2'],
    summary: 'no read of what was aborted, or is not final; no circular flow of information',
    implies: ['read-uncommitted'],
    forbids: ['G1'],
  },
  {
    name: 'monotonic-atomic-view',
    summary: 'once one write of a transaction is seen, all are',
    implies: ['read-committed'],
    forbids: [],
  },
  {
    name: 'monotonic-view',
    aliases: ['PL-2L'],
    summary: 'what a transaction reads never goes back behind what it has read',
    implies: ['read-committed'],
    forbids: ['G-monotonic'],
  },
  {
    name: 'monotonic-snapshot-read',
    aliases: ['PL-MSR'],
    summary: 'each read is of a snapshot, and the snapshots of a transaction never go back',
    implies: ['read-committed'],
    forbids: ['G-MSR'],
  },
  {
    name: 'cursor-stability',
    aliases: ['PL-CS'],
    summary: 'no update is lost between a read and a write of one object',
    implies: ['read-committed'],
    forbids: ['G-cursor', 'lost-update'],
  },
  {
    name: 'consistent-view',
    aliases: ['PL-2+'],
    summary: 'a transaction sees a consistent state, if not of one moment',
    implies: ['cursor-stability', 'monotonic-view'],
    forbids: ['G-single'],
  },
  {
    name: 'forward-consistent-view',
    aliases: ['PL-FCV'],
    summary: 'a consistent view, perhaps of after the transaction began',
    implies: ['consistent-view'],
    forbids: ['G-SIb'],
  },
  {
    name: 'read-atomic',
    summary: 'all writes of a transaction are seen or none; it reads its own',
    implies: ['monotonic-atomic-view'],
    forbids: ['internal', 'G1a', 'future-read'],
  },
  {
    name: 'update-atomic',
    summary: 'read atomic, and no update is lost',
    implies: ['read-atomic'],
    forbids: ['lost-update'],
  },
  {
    name: 'causal-cerone',
    summary: 'read atomic, and whoever sees a transaction sees all that it saw',
    implies: ['read-atomic'],
    forbids: ['internal', 'G1a'],
  },
  {
    name: 'prefix',
    summary: 'causal, and everyone sees a prefix of one order of commits',
    implies: ['causal-cerone'],
    forbids: [],
  },
  {
    name: 'parallel-snapshot-isolation',
    summary: 'snapshots that may differ in the order of transactions that have nothing in common',
    implies: ['causal-cerone', 'update-atomic'],
    // Cerone and Gotsman, Analysing Snapshot Isolation: each cycle has two rw at least.
    forbids: ['G-single'],
  },
  {
    name: 'repeatable-read',
    aliases: ['PL-2.99'],
    summary: 'serializable, but for predicates',
    implies: ['cursor-stability', 'monotonic-atomic-view'],
    forbids: ['G2-item', 'lost-update'],
  },
  {
    name: 'snapshot-isolation',
    aliases: ['PL-SI'],
    summary:
      'every transaction reads one snapshot, and of two that write one object at once only one commits',
    implies: ['forward-consistent-view', 'monotonic-snapshot-read', 'parallel-snapshot-isolation', 'prefix'],
    forbids: ['G-SI', 'G-nonadjacent'],
  },
  {
    name: 'update-serializable',
    aliases: ['PL-3U'],
    summary: 'those that write are serializable; readers see consistent states',
    implies: ['forward-consistent-view'],
    forbids: ['G-update'],
  },
  {
    name: 'serializable',
    aliases: ['PL-3', 'conflict-serializable'],
    summary: 'as if one transaction after the other, in some order',
    implies: ['repeatable-read', 'update-serializable', 'snapshot-isolation'],
    forbids: ['G2', 'predicate-read-miss'],
  },
  {
    name: 'strong-session-read-uncommitted',
    aliases: ['strong-session-PL-1'],
    summary: 'read uncommitted, and the order of writes keeps that of each process',
    implies: ['read-uncommitted'],
    forbids: ['G0-process'],
  },
  {
    name: 'strong-session-read-committed',
    aliases: ['strong-session-PL-2'],
    summary: 'read committed, and the flow of information keeps the order of each process',
    implies: ['read-committed', 'strong-session-read-uncommitted'],
    forbids: ['G1c-process'],
  },
  {
    name: 'strong-session-snapshot-isolation',
    summary: 'snapshot isolation, and a snapshot holds what its process did before',
    implies: ['snapshot-isolation', 'strong-session-read-committed'],
    forbids: ['G-nonadjacent-process'],
  },
  {
    name: 'strong-session-serializable',
    summary: 'serializable in an order that keeps that of each process',
    implies: ['serializable', 'strong-session-snapshot-isolation'],
    forbids: ['G2-process'],
  },
  {
    name: 'strong-read-uncommitted',
    aliases: ['strong-PL-1'],
    summary: 'read uncommitted, and the order of writes keeps real time',
    implies: ['strong-session-read-uncommitted'],
    forbids: ['G0-realtime'],
  },
  {
    name: 'strong-read-committed',
    aliases: ['strong-PL-2'],
    summary: 'read committed, and the flow of information keeps real time',
    implies: ['strong-session-read-committed', 'strong-read-uncommitted'],
    forbids: ['G1c-realtime'],
  },
  {
    name: 'strong-snapshot-isolation',
    summary: 'snapshot isolation, and a snapshot holds all that was acknowledged before',
    implies: ['strong-session-snapshot-isolation', 'strong-read-committed'],
    forbids: ['G-nonadjacent-realtime'],
  },
  {
    name: 'strict-serializable',
    aliases: ['PL-SS', 'strong-serializable'],
    summary: 'as if one transaction after the other, in an order that keeps real time',
    implies: ['strong-session-serializable', 'strong-snapshot-isolation'],
    forbids: ['G2-realtime', 'unclassified-cycle'],
  },
];

/** The kinds of cycles, each without and with the orders of processes and of real time. */
const CYCLE_IMPLICATIONS: Readonly<Record<string, readonly string[]>> = {
  G0: ['G1c'],
  G1c: ['G1'],
  G1: [],
  'G-single': ['G-nonadjacent'],
  'G-nonadjacent': ['G2-item'],
  'G2-item': ['G2'],
  G2: [],
};

const IMPLICATIONS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    Object.entries(CYCLE_IMPLICATIONS).flatMap(([name, implied]) => [
      [name, [...implied, `${name}-process`]],
      [`${name}-process`, [...implied.map((other) => `${other}-process`), `${name}-realtime`]],
      [`${name}-realtime`, implied.map((other) => `${other}-realtime`)],
    ]),
  ),
  G1a: ['G1'],
  G1b: ['G1'],
  // Two reads that cannot be of one order of appends: one of them is of something that did not stay.
  'incompatible-order': ['G1a'],
  // A cycle of one transaction, which depends on its own write.
  'future-read': ['G1c'],
  'dirty-update': ['G1a'],
  'lost-update': ['G2-item'],
};

function closure(from: Iterable<string>, next: (name: string) => readonly string[]): ReadonlySet<string> {
  const reached = new Set(from);
  for (const name of reached) for (const other of next(name)) reached.add(other);
  return reached;
}

/** The anomaly and all that it implies. */
export function impliedAnomalies(name: string): ReadonlySet<string> {
  return closure([name], (anomaly) => IMPLICATIONS[anomaly] ?? []);
}

const BY_NAME: ReadonlyMap<string, ModelRow> = new Map(MODELS.map((model) => [model.name, model]));
const CANONICAL: ReadonlyMap<string, string> = new Map(
  MODELS.flatMap(({ name, aliases = [] }) => [name, ...aliases].map((other) => [other.toLowerCase(), name])),
);
/** By model: those that it implies, itself among them. */
const IMPLIED_MODELS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  MODELS.map(({ name }) => [name, closure([name], (model) => BY_NAME.get(model)?.implies ?? [])]),
);
/** By model: all anomalies that it forbids by name, and that weaker models do. */
const FORBIDDEN: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  [...IMPLIED_MODELS].map(([name, implied]) => [
    name,
    new Set([...implied].flatMap((model) => BY_NAME.get(model)?.forbids ?? [])),
  ]),
);
const KNOWN_ANOMALIES: ReadonlySet<string> = new Set([
  ...Object.keys(IMPLICATIONS),
  ...MODELS.flatMap(({ forbids }) => forbids),
]);

/** Every model, from weak to strong. */
export const consistencyModels: readonly ConsistencyModel[] = MODELS.map(({ name, summary }) => ({
  name,
  summary,
}));

/**
 * The name under which a model is listed: `PL-3` is `serializable`.
 *
 * @throws HarnessError `unknown-name` with the name that is nearest
 */
export function resolveConsistencyModel(name: string): string {
  const known = CANONICAL.get(name.toLowerCase());
  if (known !== undefined) return known;
  const nearest = CANONICAL.get(closest(name.toLowerCase(), [...CANONICAL.keys()])) as string;
  throw new HarnessError(
    'unknown-name',
    `unknown consistency model "${name}"; did you mean "${nearest}"? There is ` +
      MODELS.map((model) => model.name).join(', '),
  );
}

/** Whether the anomaly, or one that it implies, is forbidden by the model. An anomaly that no model knows is by all. */
export function proscribes(model: string, anomaly: string): boolean {
  if (!KNOWN_ANOMALIES.has(anomaly)) return true;
  const forbidden = FORBIDDEN.get(model) ?? new Set();
  for (const implied of impliedAnomalies(anomaly)) if (forbidden.has(implied)) return true;
  return false;
}

export interface Refutation {
  /** Models that the anomalies refute, none of them stronger than another one of them. */
  readonly weakestRefuted: readonly string[];
  /** Models that they do not refute, none of them weaker than another one of them. */
  readonly strongestNotRefuted: readonly string[];
}

/** What anomalies say of all models. */
export function refutation(anomalies: Iterable<string>): Refutation {
  const names = [...anomalies];
  const isRefuted = new Map(
    MODELS.map(({ name }) => [name, names.some((anomaly) => proscribes(name, anomaly))]),
  );
  const refuted = MODELS.filter(({ name }) => isRefuted.get(name)).map(({ name }) => name);
  const standing = MODELS.filter(({ name }) => !isRefuted.get(name)).map(({ name }) => name);
  const isStronger = (a: string, b: string): boolean => a !== b && IMPLIED_MODELS.get(a)?.has(b) === true;
  return {
    weakestRefuted: refuted.filter((name) => !refuted.some((other) => isStronger(name, other))),
    strongestNotRefuted: standing.filter((name) => !standing.some((other) => isStronger(other, name))),
  };
}

/** `What was found refutes repeatable-read, and whatever is stronger. The strongest that …` */
export function describeRefutation({ weakestRefuted, strongestNotRefuted }: Refutation): string {
  if (weakestRefuted.length === 0) return `Nothing was found that refutes ${strongestNotRefuted.join(', ')}.`;
  const refuted = `What was found refutes ${weakestRefuted.join(', ')}, and whatever is stronger.`;
  return strongestNotRefuted.length === 0
    ? `${refuted} No consistency model is left.`
    : `${refuted} The strongest that it does not refute: ${strongestNotRefuted.join(', ')}.`;
}
