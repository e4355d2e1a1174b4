/**
 * A controller with a log beside it: what a driver does, one step at a time and in memory.
 *
 *     const rig = new ControllerRig({ clusterId: 'c' });
 *     rig.perform(rig.core.createTopics(rig.nowMs, request), (response) => …);
 *     rig.commit();      // the quorum committed it: the answer leaves
 *     rig.failover();    // another controller, which has only what was committed
 */
import { randomStream } from '../../../../harness/random.ts';
import { controllerRulesWith } from '../bugs.ts';
import type { Outcome } from '../controller-core.ts';
import { ControllerCore } from '../controller-core.ts';
import type { ControllerOptions } from '../controller-options.ts';
import { CONTROLLER_DEFAULTS } from '../controller-options.ts';
import type { Refusal } from '../controller-core.ts';
import type { MetadataRecord } from '../metadata-records.ts';

interface Waiting {
  readonly answerOffset: number;
  deliver(): void;
}

export interface RigSettings {
  readonly options?: Partial<ControllerOptions>;
  readonly bugs?: readonly string[];
  readonly seed?: number;
}

export class ControllerRig {
  core: ControllerCore;
  nowMs = 0;
  /** What is committed, by offset; null where the quorum has a record of its own. */
  readonly log: (MetadataRecord | null)[] = [];
  /** Appended by the active controller and not committed. */
  pending: MetadataRecord[][] = [];
  failovers = 0;
  readonly options: ControllerOptions;
  private waiting: Waiting[] = [];
  private readonly settings: RigSettings;

  constructor(settings: RigSettings = {}) {
    this.settings = settings;
    const cluster = { nodeId: 100, clusterId: 'cluster', idleIntervalMs: 0 };
    this.options = { ...CONTROLLER_DEFAULTS, ...cluster, ...settings.options };
    this.core = this.newCore();
    this.elect();
    this.commit();
  }

  private newCore(): ControllerCore {
    return new ControllerCore({
      options: this.options,
      rules: controllerRulesWith(this.settings.bugs ?? []),
      random: randomStream(this.settings.seed ?? 1, 'controller', this.failovers),
    });
  }

  /** A quorum leader begins with a control record of its own. */
  private elect(): void {
    this.log.push(null);
    this.perform(this.core.activate(this.nowMs, this.log.length));
  }

  /** What was not committed is gone, and its answers never come. */
  failover(): void {
    this.failovers++;
    this.pending = [];
    this.waiting = [];
    this.core.deactivate();
    this.core = this.newCore();
    this.log.forEach((record, offset) => this.core.committed(offset, record === null ? [] : [record]));
    this.elect();
  }

  /** Everything that the active controller decided by. */
  get latestRecords(): MetadataRecord[] {
    return [...this.log, ...this.pending.flat()].filter((record) => record !== null);
  }

  /** @returns the records that were appended */
  perform<T>(
    outcome: Outcome<T>,
    answer: (response: T) => void = () => {},
    refuse: (refusal: Refusal) => void = () => {},
  ): readonly MetadataRecord[] {
    if (outcome.kind === 'refusal') {
      refuse(outcome);
      return [];
    }
    const { records, answerOffset, baseOffset } = outcome;
    const expected = this.log.length + this.pending.flat().length;
    if (baseOffset !== expected) throw new Error(`the log ends at ${expected}, not at ${baseOffset}`);
    if (records.length > 0) this.pending.push([...records]);
    const waiting = { answerOffset, deliver: () => answer(outcome.response) };
    if (answerOffset < this.log.length) waiting.deliver();
    else this.waiting.push(waiting);
    return records;
  }

  /** Commits batches in order. @param batches - how many; all by default */
  commit(batches = Infinity): void {
    while (batches-- > 0) {
      const batch = this.pending.shift();
      if (batch === undefined) break;
      this.core.committed(this.log.length, batch);
      this.log.push(...batch);
    }
    const ready = this.waiting.filter(({ answerOffset }) => answerOffset < this.log.length);
    this.waiting = this.waiting.filter(({ answerOffset }) => answerOffset >= this.log.length);
    for (const { deliver } of ready) deliver();
  }
}
