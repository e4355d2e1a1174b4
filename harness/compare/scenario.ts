/**
 * A scenario: one way to run the workload, with faults at set times, from which one or more measures are taken. It is the same for every
 * variant: load, seeds, times of faults, and the nodes that they name.
 *
 *     { name: 'kill-each', measures: ['unavailability'], nodes: 3, timeLimitS: 26,
 *       faults: [{ nemesis: 'kill', atS: 5, forS: 3.5, target: ['n1'] }, …] }
 *
 * Faults are those of the nemeses (docs/nemeses.md), named by their verbs, so that they run in every cluster that can do them.
 */
import type { PlanEntry } from '../generator/index.ts';
import type { Json } from '../history/operation.ts';
import { sToNs } from '../units.ts';
import type { Measure } from './measures.ts';

export interface ScriptedFault {
  /** The argument of `--nemesis`. */
  readonly nemesis: string;
  /** Since the run began. */
  readonly atS: number;
  /** Absent: until all is healed, at the end of the time limit. */
  readonly forS?: number;
  /** On whom, in words of the nemesis. */
  readonly target?: Json;
  /** Instead of a target: exactly what. */
  readonly parameters?: { readonly [name: string]: Json };
}

export interface Scenario {
  /** For `--only`, and in the data. */
  readonly name: string;
  /** A row of tables: `power loss of all nodes`. */
  readonly title: string;
  readonly measures: readonly Measure[];
  /** Members of the cluster; absent: the system's own number. */
  readonly nodes?: number;
  readonly concurrency: number;
  /** Operations a second. */
  readonly rate: number;
  readonly timeLimitS: number;
  readonly quietS: number;
  readonly faults: readonly ScriptedFault[];
  /** Of system and workload, where they have options of these names. */
  readonly options: { readonly [name: string]: number | boolean | string };
  /** Options without which it means nothing: a system that lacks one is not measured so. */
  readonly requires?: readonly string[];
}

/** How long a run of it takes, on the clock of the cluster. */
export const durationS = ({ timeLimitS, quietS }: Scenario): number => timeLimitS + quietS;

/** Its nemeses, each once. */
export const nemesesOf = ({ faults }: Scenario): readonly string[] => [
  ...new Set(faults.map(({ nemesis }) => nemesis)),
];

/** @param verbsOf - of a nemesis: what begins its faults, and what ends them */
export function planOfFaults(
  { faults }: Scenario,
  verbsOf: (nemesis: string) => readonly string[],
): readonly PlanEntry[] {
  return faults.flatMap(({ nemesis, atS, forS, target, parameters }, i): PlanEntry[] => {
    const [begin = '', end = ''] = verbsOf(nemesis);
    const of = { fault: nemesis, faultId: i + 1 };
    const value =
      parameters === undefined ? { ...of, target: target ?? null } : { parameters: { ...of, ...parameters } };
    const entry = (timeS: number, f: string, what: Json): PlanEntry => ({
      time: sToNs(timeS),
      process: 'nemesis',
      f,
      value: what,
    });
    return [entry(atS, begin, value), ...(forS === undefined ? [] : [entry(atS + forS, end, of)])];
  });
}

/** In words: what is run, for the page and the data. */
export function describeScenario(scenario: Scenario): string {
  const { nodes, concurrency, rate, timeLimitS, quietS, faults, options } = scenario;
  const settings = Object.entries(options).map(([name, value]) => `${name}=${String(value)}`);
  return [
    `${nodes === undefined ? '' : `${nodes} nodes; `}${rate} operations a second by ${concurrency} clients for ${timeLimitS} s, then ${quietS} s of rest`,
    ...faults.map(describeFault),
    settings.join(', '),
  ].join('; ');
}

function describeFault({ nemesis, atS, forS, target, parameters }: ScriptedFault): string {
  const whom = parameters === undefined ? target : parameters;
  const on = Array.isArray(whom) ? whom.join(', ') : typeof whom === 'string' ? whom : JSON.stringify(whom);
  return `${nemesis} ${on} at ${atS} s${forS === undefined ? ', for good' : ` for ${forS} s`}`;
}
