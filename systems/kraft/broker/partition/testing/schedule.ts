/**
 * Random schedules: three replicas, moved by a seed through losses, reordering, isolation, crashes, power losses of one at a
 * time, fencing, late metadata and moved leaderships, while producers and consumers work; judged at every step.
 *
 *     runSchedule({ seed: 7 }).problem // null, or what went wrong first
 *
 * After the faults everything is healed: then a produce must succeed and the logs become equal.
 */
import type { Random } from '../../../../../harness/random.ts';
import { randomStream } from '../../../../../harness/random.ts';
import { ERROR } from '../../../wire/error-codes.ts';
import type { PartitionOptions } from '../options.ts';
import { Judge } from './judge.ts';
import { both, type Observer } from './observer.ts';
import type { Message } from './partition-cluster.ts';
import { CONTROLLER, PartitionCluster } from './partition-cluster.ts';
import { Producers } from './producers.ts';
import { plainBatch } from './memory-log.ts';

export interface ScheduleSettings {
  readonly seed: number;
  readonly steps?: number;
  readonly bugs?: readonly string[];
  readonly options?: Partial<PartitionOptions>;
  /** Hears what the judge hears. */
  readonly observer?: Observer;
}

export interface ScheduleResult {
  readonly problem: string | null;
  readonly steps: number;
  readonly counts: Judge['counts'];
  /** What was committed: the same for the same seed. */
  readonly committed: readonly string[];
}

const STEPS = 300;
const ELAPSE_MEAN_MS = 6;
const HEAL_ROUNDS = 200;
const BROKERS = 3;

/** Weights of what may happen at a step. */
const WORK = {
  deliver: 14,
  metadata: 4,
  elapse: 5,
  produce: 5,
  consume: 3,
  flush: 1,
  checkpoint: 1,
  truncate: 2,
};
const FAULTS = { drop: 1, duplicate: 1, crash: 1, powerLoss: 1, fence: 1, move: 2, isolate: 1 };
const REPAIRS = { start: 2, unfence: 2, heal: 1 };

type Action = keyof typeof WORK | keyof typeof FAULTS | keyof typeof REPAIRS;

const FAST_OPTIONS: Partial<PartitionOptions> = {
  replicaLagTimeMaxMs: 60,
  replicaFetchWaitMaxMs: 20,
  replicaFetchBackoffMs: 5,
  requestTimeoutMs: 40,
  alterPartitionBackoffMs: 5,
};

class Schedule {
  readonly judge = new Judge();
  private readonly random: Random;
  private readonly actions: readonly Action[];
  private readonly cluster: PartitionCluster;
  private readonly producers: Producers;
  private readonly cutOff = new Set<number>();
  private readonly inOrder: number;
  private readonly minIsr: number;

  constructor({ seed, bugs = [], options = {}, observer }: ScheduleSettings) {
    const random = randomStream(seed, 'schedule');
    this.random = random;
    this.minIsr = random.chance(0.7) ? 2 : 1;
    this.cluster = new PartitionCluster({
      brokers: BROKERS,
      bugs,
      observer: observer === undefined ? this.judge : both(this.judge, observer),
      options: {
        ...FAST_OPTIONS,
        minInsyncReplicas: this.minIsr,
        truncation: random.chance(0.5) ? 'fetch' : 'offset-for-leader-epoch',
        flushesEveryAppend: random.chance(0.1),
        ...options,
      },
    });
    this.judge.watch(this.cluster);
    this.cluster.slowTruncation = random.chance(0.5);
    this.producers = new Producers(this.cluster, random);
    this.actions = this.chooseActions();
    this.inOrder = random.pick([0.5, 0.8, 1]);
    this.cluster.settle();
  }

  /** Each schedule leaves some faults out and has more of others: what hides one bug shows another. */
  private chooseActions(): Action[] {
    const { random } = this;
    const weighted = { ...WORK, ...REPAIRS, ...FAULTS };
    return (Object.entries(weighted) as [Action, number][]).flatMap(([action, weight]) => {
      const times = action in FAULTS ? (random.chance(0.5) ? 0 : random.integer(1, 2)) : random.integer(1, 3);
      return Array.from({ length: weight * times }, () => action);
    });
  }

  run(steps: number): ScheduleResult {
    const { judge } = this;
    let step = 0;
    try {
      while (step < steps && judge.problem === null) {
        step++;
        this.act(this.random.pick(this.actions));
      }
      if (judge.problem === null) this.healAll();
    } catch (error) {
      judge.problem ??= error instanceof Error ? error.message : String(error);
    }
    const committed = judge.committed.map(({ value }) => value);
    return { problem: judge.problem, steps: step, counts: judge.counts, committed };
  }

  private get up(): readonly number[] {
    return this.cluster.ids.filter((id) => this.cluster.node(id).up);
  }

  private onOne(ids: readonly number[], act: (id: number) => unknown): void {
    if (ids.length > 0) act(this.random.pick(ids));
  }

  private act(action: Action): void {
    const { cluster, random, up } = this;
    const { controller, ids } = cluster;
    switch (action) {
      case 'deliver':
        return this.deliver(false);
      case 'duplicate':
        return this.deliver(true);
      case 'drop':
        this.take();
        return;
      case 'metadata':
        return this.onOne(up, (id) => cluster.metadata(id));
      case 'elapse':
        return this.elapse(random.exponential(ELAPSE_MEAN_MS));
      case 'produce':
        return this.producers.act();
      case 'consume':
        return this.onOne(
          cluster.leaders.map(({ id }) => id),
          (id) => this.consume(id),
        );
      case 'flush':
        return this.onOne(up, (id) => this.flush(id));
      case 'checkpoint':
        return this.onOne(up, (id) => {
          cluster.node(id).checkpoint = cluster.node(id).log.highWatermark;
        });
      case 'truncate':
        return this.onOne(up, (id) => {
          cluster.finishTruncation(id);
        });
      case 'crash':
        return this.onOne(up, (id) => {
          cluster.kill(id);
        });
      case 'powerLoss':
        return this.onOne(
          up.filter((id) => this.mayLosePower(id)),
          (id) => {
            cluster.kill(id, random.integer(0, 2));
          },
        );
      case 'start':
        return this.onOne(
          ids.filter((id) => !cluster.node(id).up),
          (id) => {
            cluster.restart(id);
          },
        );
      case 'fence':
        return this.onOne(ids, (id) => {
          controller.fence(id);
          this.judge.changed();
        });
      case 'unfence':
        return this.onOne(up, (id) => this.unfence(id));
      case 'move':
        return this.onOne(controller.isr, (id) => {
          controller.moveLeader(id);
        });
      case 'isolate':
        return this.onOne(ids, (id) => this.cutOff.add(id));
      case 'heal':
        return this.onOne([...this.cutOff], (id) => this.cutOff.delete(id));
    }
  }

  private flush(id: number): void {
    this.cluster.flush(id);
  }

  /**
   * One replica at a time loses what it had not flushed, and only where two must have everything: another one that may lead still
   * has it, and is not about to be taken from the ISR by a proposal of the one that fails, after which nobody could lead.
   */
  private mayLosePower(id: number): boolean {
    const { messages, controller, nodes } = this.cluster;
    if (this.minIsr < 2 || nodes.some(({ lostData }) => lostData)) return false;
    if (messages.some(({ kind, from }) => kind === 'alter' && from === id)) return false;
    return controller.candidates.some((other) => other !== id);
  }

  /** A broker heartbeats when it has seen its own registration. */
  private unfence(id: number): void {
    const { controller } = this.cluster;
    const node = this.cluster.node(id);
    if (controller.broker(id)?.brokerEpoch !== node.brokerEpoch) return;
    controller.unfence(id);
    this.judge.changed();
  }

  private consume(id: number): void {
    const { random, cluster } = this;
    const { logEndOffset } = cluster.node(id).log;
    const isolation = random.chance(0.5) ? 'read-committed' : 'read-uncommitted';
    cluster.consume(id, random.integer(0, logEndOffset), isolation, {
      maxWaitMs: random.integer(0, 20),
      leaderEpoch: random.chance(0.5) ? -1 : cluster.node(id).core.leaderEpoch,
    });
  }

  private take(): Message | undefined {
    const { messages } = this.cluster;
    if (messages.length === 0) return undefined;
    const at = this.random.chance(this.inOrder) ? 0 : this.random.integer(0, messages.length - 1);
    return messages.splice(at, 1)[0];
  }

  private deliver(again: boolean): void {
    const message = this.take();
    if (message === undefined) return;
    if (again && message.to !== CONTROLLER) this.cluster.messages.push(message);
    if (this.cutOff.has(message.from) || this.cutOff.has(message.to)) return;
    this.cluster.receive(message);
  }

  private elapse(ms: number): void {
    const { cluster, random } = this;
    cluster.nowMs += ms;
    for (const id of random.shuffle(this.up)) {
      if (cluster.node(id).core.deadlineMs <= cluster.nowMs && random.chance(0.9)) cluster.tick(id);
    }
  }

  /** No more faults: everybody catches up, everything is committed, and the logs are equal. */
  private healAll(): void {
    const { cluster, judge } = this;
    this.cutOff.clear();
    for (const id of cluster.ids) cluster.restart(id);
    let acknowledged = false;
    for (let round = 0; round < HEAL_ROUNDS; round++) {
      for (const id of cluster.ids) {
        this.unfence(id);
        cluster.finishTruncation(id);
        this.flush(id);
      }
      cluster.settle();
      if (judge.problem !== null) return;
      if (acknowledged && this.isWhole()) return;
      const [leader] = cluster.leaders;
      if (leader !== undefined && !acknowledged && leader.id === cluster.controller.partition.leader) {
        cluster.produce(leader.id, -1, [plainBatch(`end-${round}`)], ({ errorCode }) => {
          acknowledged ||= errorCode === ERROR.NONE;
        });
      }
      this.elapse(ELAPSE_MEAN_MS);
    }
    const { isr, leader } = cluster.controller.partition;
    const ends = cluster.nodes.map(({ log }) => `${log.highWatermark}/${log.logEndOffset}`).join(' ');
    judge.problem ??= `not whole after all faults: leader ${leader}, ISR [${isr.join(',')}], logs ${ends}`;
  }

  private isWhole(): boolean {
    const { nodes, controller } = this.cluster;
    const show = ({ log }: (typeof nodes)[number]): string =>
      `${log.highWatermark} ${log.batches.map(({ value, leaderEpoch }) => `${value}@${leaderEpoch}`).join()}`;
    const [first] = nodes;
    return (
      first !== undefined &&
      controller.isr.length === BROKERS &&
      first.log.highWatermark === first.log.logEndOffset &&
      nodes.every((node) => show(node) === show(first))
    );
  }
}

export function runSchedule(settings: ScheduleSettings): ScheduleResult {
  return new Schedule(settings).run(settings.steps ?? STEPS);
}

/** The first seed from `from` on whose schedule shows a problem; null within so many. */
export function findProblem(
  bugs: readonly string[],
  seeds: number,
  from = 1,
): { readonly seed: number; readonly problem: string; readonly schedules: number } | null {
  for (let i = 0; i < seeds; i++) {
    const { problem } = runSchedule({ seed: from + i, bugs });
    if (problem !== null) return { seed: from + i, problem, schedules: i + 1 };
  }
  return null;
}
