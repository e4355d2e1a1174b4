/**
 * Random schedules: a cluster of cores, moved by a seed through losses, reordering, partitions, crashes that lose what was
 * not flushed, pauses, slow disks, snapshots and changes of voters; judged at every step.
 *
 *     runSchedule({ seed: 7, steps: 600, profile, judge }).problem   // null, or what went wrong first
 *
 * After the faults it can be healed, to see whether a leader is found and the logs become equal (`heal`).
 */
import type { TraceRecord } from '../../../../harness/history/trace.ts';
import type { Random } from '../../../../harness/random.ts';
import { randomStream } from '../../../../harness/random.ts';
import type { StateName } from '../rules.ts';
import type { Message, Node } from './core-cluster.ts';
import { listenersOf, QuorumCluster } from './core-cluster.ts';
import type { ActionName, Profile } from './profiles.ts';

export interface ScheduleSettings {
  readonly seed: number;
  readonly steps: number;
  readonly profile: Profile;
  readonly bugs?: readonly string[];
  /** Sees every trace record. @returns what it proves wrong */
  readonly judge: (record: TraceRecord) => string | undefined;
}

const ELAPSE_MEAN_MS = 12;
const FAULTS_THAT_MAY_MISS: ReadonlySet<ActionName> = new Set<ActionName>([
  'drop',
  'duplicate',
  'crash',
  'isolate',
  'pause',
  'resign',
  'snapshot',
  'clean',
]);
/** A leader that no majority fetched from for so many check-quorum timeouts, and that looked at the clock, leads too long. */
const ZOMBIE_FACTOR = 2.5;

interface Leadership {
  readonly epoch: number;
  /** Of the voters that are counted. */
  readonly votersOffset: number;
  readonly sinceMs: number;
  /** By voter: when its last fetch arrived. */
  readonly fetchedMs: Map<number, number>;
}

export class Schedule {
  readonly cluster: QuorumCluster;
  problem: string | null = null;
  steps = 0;
  private readonly random: Random;
  private readonly actions: readonly ActionName[];
  private readonly paused = new Set<number>();
  private readonly leaderships = new Map<number, Leadership>();
  private servedHighWatermark = { epoch: 0, offset: 0 };
  private lastText = 0;
  private isHealing = false;

  constructor({ seed, profile, bugs = [], judge }: ScheduleSettings) {
    this.random = randomStream(seed, 'schedule');
    this.actions = this.chooseActions(profile);
    const early: string[] = [];
    this.cluster = new QuorumCluster({
      ...profile,
      bugs,
      random: (nodeId) => {
        const stream = randomStream(seed, 'node', nodeId);
        return () => stream.float();
      },
      onTrace: (record) => {
        const problem = judge(record);
        if (problem !== undefined) early.push(problem);
      },
    });
    this.cluster.showsAnything = false;
    this.cluster.showsMessages = false;
    this.early = early;
  }

  private readonly early: string[];

  /** Each schedule leaves some faults out and has more of others: what hides one bug shows another. */
  private chooseActions({ weights }: Profile): ActionName[] {
    return (Object.entries(weights) as [ActionName, number][]).flatMap(([action, weight]) => {
      const isFault = FAULTS_THAT_MAY_MISS.has(action);
      const times = isFault && this.random.chance(0.4) ? 0 : this.random.integer(1, isFault ? 3 : 2);
      return Array.from({ length: weight * times }, () => action);
    });
  }

  /** @returns whether it may go on */
  step(): boolean {
    this.steps++;
    this.act(this.random.pick(this.actions));
    this.judge();
    return this.problem === null;
  }

  private get running(): number[] {
    return this.cluster.ids.filter((id) => this.cluster.node(id).up && !this.paused.has(id));
  }

  private act(action: ActionName): void {
    const { cluster, random } = this;
    switch (action) {
      case 'deliver':
        return this.deliver(false);
      case 'duplicate':
        return this.deliver(true);
      case 'drop':
        if (cluster.messages.length > 0) this.takeMessage();
        return;
      case 'elapse':
        return this.elapse(random.exponential(ELAPSE_MEAN_MS));
      case 'store':
        return this.onOne(this.running, (id) => {
          const { pending } = cluster.node(id).disk;
          cluster.store(id, random.integer(Math.min(1, pending.length), pending.length));
        });
      case 'append':
        return this.onOne(this.inState('leader'), (id) => {
          const count = random.integer(1, 3);
          cluster.append(
            id,
            Array.from({ length: count }, () => `v${++this.lastText}`),
          );
        });
      case 'crash':
        return this.onOne(this.running, (id) => {
          cluster.kill(id);
        });
      case 'start':
        return this.onOne(
          cluster.ids.filter((id) => !cluster.node(id).up),
          (id) => {
            this.paused.delete(id);
            cluster.restart(id);
          },
        );
      case 'isolate':
        return this.onOne(cluster.ids, (id) => cluster.cutOff.add(id));
      case 'heal':
        return this.onOne([...cluster.cutOff], (id) => cluster.cutOff.delete(id));
      case 'pause':
        return this.onOne(this.running, (id) => this.paused.add(id));
      case 'resume':
        return this.onOne([...this.paused], (id) => {
          this.paused.delete(id);
          // Fetches that waited meanwhile are news to it.
          this.leaderships.delete(id);
        });
      case 'snapshot':
        return this.onOne(this.running, (id) => cluster.takeSnapshot(id));
      case 'clean':
        return this.onOne(this.running, (id) => {
          cluster.clean(id);
        });
      case 'resign':
        return this.onOne(this.inState('leader'), (id) => {
          cluster.resign(id);
        });
      case 'change':
        return this.onOne(this.inState('leader'), (id) => {
          this.changeVoters(id);
        });
    }
  }

  private onOne(ids: readonly number[], act: (id: number) => unknown): void {
    if (ids.length > 0) act(this.random.pick(ids));
  }

  private inState(state: StateName): number[] {
    return this.running.filter((id) => this.cluster.core(id).status().state === state);
  }

  private changeVoters(nodeId: number): void {
    const { cluster, random } = this;
    const { voters } = cluster.core(nodeId).status();
    const voterId = random.pick(cluster.ids);
    const key = { clusterId: 'shaken', voterId, voterDirectoryId: `d${voterId}` };
    if (!voters.some((voter) => voter.voterId === voterId)) {
      cluster.command(nodeId, { api: 'add-voter', ...key, listeners: listenersOf(voterId), timeoutMs: 1000 });
    } else if (voters.length > 1) {
      cluster.command(nodeId, { api: 'remove-voter', ...key });
    }
  }

  private takeMessage(): Message {
    const { messages } = this.cluster;
    // Mostly the oldest, so that something gets done.
    const at = this.random.chance(0.6) ? 0 : this.random.integer(0, messages.length - 1);
    return messages.splice(at, 1)[0] as Message;
  }

  private deliver(again: boolean): void {
    const { cluster } = this;
    if (cluster.messages.length === 0) return;
    const message = this.takeMessage();
    if (again) cluster.messages.push(message);
    if (this.paused.has(message.to)) {
      // A stopped process: its messages wait in the socket.
      if (!again) cluster.messages.push(message);
      return;
    }
    this.noteMessage(message);
    cluster.receive(message);
  }

  /** Lets time go by, and lets those whose time is up look at the clock, in some order. */
  private elapse(ms: number): void {
    const { cluster, random } = this;
    cluster.nowMs += ms;
    for (const id of random.shuffle(this.running)) {
      if (cluster.core(id).deadlineMs <= cluster.nowMs && random.chance(0.9)) cluster.tick(id);
    }
  }

  // Judging what no single trace shows

  private noteMessage(message: Message): void {
    const { cluster } = this;
    if (cluster.cutOff.has(message.from) || cluster.cutOff.has(message.to)) return;
    if ('request' in message) {
      if (message.request.api === 'fetch' || message.request.api === 'fetch-snapshot') {
        this.leaderships.get(message.to)?.fetchedMs.set(message.from, cluster.nowMs);
      }
    } else if (message.response.api === 'fetch' && message.response.errorCode === 0) {
      this.judgeHighWatermark(
        message.from,
        message.response.currentLeader.leaderEpoch,
        message.response.highWatermark,
      );
    }
  }

  /** What a leader of an epoch tells is not behind what leaders of earlier epochs told. */
  private judgeHighWatermark(from: number, epoch: number, offset: number): void {
    const { servedHighWatermark: served } = this;
    if (offset < 0) return;
    if (epoch > served.epoch && offset < served.offset) {
      this.problem ??= `n${from} serves high watermark ${offset} in epoch ${epoch}, after ${served.offset} in epoch ${served.epoch}`;
    }
    if (epoch > served.epoch || offset > served.offset) {
      this.servedHighWatermark = {
        epoch: Math.max(epoch, served.epoch),
        offset: Math.max(offset, served.offset),
      };
    }
  }

  private judge(): void {
    const { cluster } = this;
    this.problem ??= this.early[0] ?? null;
    for (const id of cluster.ids) {
      const node = cluster.node(id);
      this.problem ??= node.impossible ?? node.crash;
      if (node.up && !this.isHealing) this.judgeLeadership(id, node);
    }
  }

  private judgeLeadership(id: number, node: Node): void {
    const { nowMs } = this.cluster;
    const { state, epoch, voters, isVoter, highWatermark } = node.core.status();
    if (state !== 'leader') {
      this.leaderships.delete(id);
      return;
    }
    const known = this.leaderships.get(id);
    const { votersOffset } = node.core;
    if (known?.epoch !== epoch || known.votersOffset !== votersOffset) {
      this.leaderships.set(id, { epoch, votersOffset, sinceMs: nowMs, fetchedMs: new Map() });
      return;
    }
    const limitMs = node.config.options.fetchTimeoutMs * 1.5 * ZOMBIE_FACTOR;
    if (this.paused.has(id) || node.core.deadlineMs <= nowMs) return;
    const alive = voters.filter(
      ({ voterId }) => voterId === id || nowMs - (known.fetchedMs.get(voterId) ?? known.sinceMs) < limitMs,
    );
    if (alive.length * 2 <= voters.length) {
      this.problem ??= `n${id} leads epoch ${epoch}, and no majority has fetched from it for ${limitMs} ms`;
    }
    if (!isVoter && votersOffset < highWatermark) {
      this.problem ??= `n${id} leads epoch ${epoch}, and is no voter since that was committed`;
    }
  }

  // Liveness

  /** Ends all faults and lets time go by. @returns whether one leads and all logs are equal, and what is wrong if not */
  heal(limitMs: number): string | null {
    const { cluster } = this;
    this.isHealing = true;
    cluster.cutOff.clear();
    this.paused.clear();
    for (const id of cluster.ids) if (!cluster.node(id).up) cluster.restart(id);
    const settles = cluster.run(limitMs, () => {
      this.judge();
      return this.problem !== null || this.unequal() === null;
    });
    return this.problem ?? (settles ? this.unequal() : 'messages go round for ever, and nothing gets done');
  }

  private unequal(): string | null {
    const { cluster } = this;
    const all = cluster.ids.map((id) => ({ id, node: cluster.node(id), ...cluster.core(id).status() }));
    const leaders = all.filter(({ state }) => state === 'leader');
    const [leader] = leaders;
    if (leader === undefined || leaders.length > 1) return `${leaders.length} nodes lead`;
    for (const { id, node, highWatermark, logEndOffset, epoch } of all) {
      if (epoch !== leader.epoch) return `n${id} is in epoch ${epoch}, the leader in ${leader.epoch}`;
      if (highWatermark !== leader.logEndOffset || logEndOffset !== leader.logEndOffset) {
        return `n${id} ends at ${logEndOffset}, high watermark ${highWatermark}; the leader ends at ${leader.logEndOffset}`;
      }
      if (node.stateHash !== leader.node.stateHash) return `n${id} applied something else than the leader`;
    }
    return null;
  }
}

export function runSchedule(settings: ScheduleSettings): Schedule {
  const schedule = new Schedule(settings);
  while (schedule.steps < settings.steps && schedule.step());
  return schedule;
}
