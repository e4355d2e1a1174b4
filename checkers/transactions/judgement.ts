/**
 * Anomalies of transactions, judged by a consistency model: what the model forbids makes the verdict false, what it
 * permits is told as allowed. A note and the statistics say what the anomalies make of every other model.
 *
 *     const judgement = new Judgement('list-append', 'snapshot-isolation');
 *     judgement.tell('G1a', () => ({ explanation: 'T2 (operation 7) read …', operations: [4, 5, 6, 7] }));
 *     judgement.tellCycles(findCycles(graph), (cycle) => explainCycle(transactions, cycle, describe));
 *     judgement.conclude({ statistics: {} });
 */
import type { Json } from '../../harness/history/operation.ts';
import type { Verdict } from '../checker.ts';
import { Findings } from '../findings/findings.ts';
import type { Finding } from '../findings/findings.ts';
import { describeRefutation, proscribes, refutation, resolveConsistencyModel } from './consistency-models.ts';
import type { Cycle, CycleSearch } from './cycles.ts';

export class Judgement {
  readonly #checker: string;
  readonly #model: string;
  readonly #findings = new Findings();
  readonly #names = new Set<string>();
  #searches: CycleSearch | undefined;

  /** @throws HarnessError `unknown-name` for a model that is none */
  constructor(checker: string, consistencyModel: string) {
    this.#checker = checker;
    this.#model = resolveConsistencyModel(consistencyModel);
  }

  /** `describe` is called for the first few of a name only. */
  tell(name: string, describe: () => Finding): void {
    this.#names.add(name);
    if (proscribes(this.#model, name)) this.#findings.add(name, describe);
    else this.#findings.addAllowed(name, describe);
  }

  /** How often the name was told. */
  countOf(name: string): number {
    return this.#findings.countOf(name);
  }

  tellCycles(search: CycleSearch, explain: (cycle: Cycle) => Finding): void {
    this.#searches = search;
    for (const [name, count] of search.counts) {
      const kept = search.cycles.filter((cycle) => cycle.name === name);
      for (let i = 0; i < count; i++) this.tell(name, () => explain((kept[i] ?? kept[0]) as Cycle));
    }
  }

  conclude(about: {
    readonly statistics: { readonly [name: string]: Json };
    readonly unknownBecause?: string | undefined;
  }): Verdict {
    const search = this.#searches;
    const cut = search?.cut.filter((name) => proscribes(this.#model, name)) ?? [];
    const cutReason =
      cut.length === 0
        ? undefined
        : `the search for ${cut.join(', ')} ran out of steps in a component of the graph; what was found does not ` +
          `refute ${this.#model}, which forbids it: judge by a stronger model, or check a shorter history`;
    const refuted = refutation(this.#names);
    const { weakestRefuted, strongestNotRefuted } = refuted;
    const verdict = this.#findings.conclude(this.#checker, {
      statistics: {
        ...about.statistics,
        ...(search === undefined
          ? {}
          : {
              cyclicComponents: search.components,
              largestComponent: search.largestComponent,
              searchesCut: [...search.cut],
            }),
        consistencyModel: this.#model,
        weakestRefuted: [...weakestRefuted],
        strongestNotRefuted: [...strongestNotRefuted],
      },
      unknownBecause: about.unknownBecause ?? cutReason,
    });
    const isStrict = this.#model === strongestNotRefuted[0];
    const isSilent = this.#names.size === 0 && (isStrict || verdict.valid !== true);
    return isSilent ? verdict : { ...verdict, notes: [describeRefutation(refuted)] };
  }
}
