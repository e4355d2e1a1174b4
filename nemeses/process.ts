/**
 * Faults of a node's process: `kill`, `terminate`, `power-loss`, `remove` and `wipe` (kill/restart), `pause` (pause/resume).
 *
 * A kill ends what the process was doing, and a pause of it just before; what the operating system had taken is safe.
 * Power loss also loses what was written and not synced. Half of both strike the first node while it writes (`atWork`), and
 * the others in the same moment: a random moment is mostly an idle one. Whoever killed or paused a node brings it back, and
 * nobody else: a node that crashed by its own decision stays down.
 */
import { z } from 'zod';
import type { Capability, KillOptions } from '../harness/cluster/cluster.ts';
import { defineNemesis } from './define.ts';
import { type Fault, type FaultKind, faultKind } from './fault.ts';
import type { NemesisDefinition } from './nemesis.ts';
import { chooseTarget, nameNodes, type TargetRole, targetSchema } from './targets.ts';

const parametersSchema = z.object({
  nodes: z.array(z.string()),
  note: z.string().exactOptional(),
  atWork: z.boolean().exactOptional(),
});

type NodesParameters = {
  readonly nodes: readonly string[];
  readonly note?: string;
  /** Of kills: the first node is struck while it writes. */
  readonly atWork?: boolean;
};

interface ProcessFault {
  readonly begin: string;
  readonly end: string;
  /** `killed`: for the description. */
  readonly done: string;
  readonly effects: readonly string[];
  /** How often it strikes at work. */
  readonly atWorkShare: number;
  /** Holds the node's process, which is up. */
  hit(node: string, fault: Fault, atWork: boolean): Promise<void>;
}

function processFault({ begin, end, done, effects, atWorkShare, hit }: ProcessFault): FaultKind {
  return faultKind<NodesParameters>({
    begin,
    end,
    effects,
    parameters: parametersSchema,
    choose: (target, scene, random) => {
      const chosen = chooseTarget(targetSchema.parse(target), scene, random);
      return random.chance(atWorkShare) ? { ...chosen, atWork: true } : chosen;
    },
    inject: async ({ nodes, note, atWork = false }, fault) => {
      const [first, ...others] = nodes.filter((node) => fault.cluster.isRunning(node));
      if (first !== undefined) await hit(first, fault, atWork);
      // In the same moment: nodes that fall one after the other have time to help each other.
      const hits = await Promise.allSettled(others.map((node) => hit(node, fault, false)));
      for (const node of nodes) if (!fault.nodes.includes(node)) fault.note(`${node} was down already`);
      const failure = hits.find((result) => result.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
      if (note !== undefined) fault.note(note);
      return `${done} ${nameNodes(fault.nodes, fault.scene)}`;
    },
  });
}

function kill(done: string, options: KillOptions, atWorkShare: number): FaultKind {
  return processFault({
    begin: 'kill',
    end: 'restart',
    done,
    effects: ['processesKilled'],
    atWorkShare,
    hit: async (node, fault, atWork) => {
      const { cluster, ledger } = fault;
      await fault.hold(
        `process of ${node}`,
        [node],
        async () => {
          // A dead process is not paused: whoever paused it learns now what came of it.
          await ledger.giveBack(`pause of ${node}`);
          const observed = await cluster.kill(node, { ...options, atWork });
          if (options.loseUnsynced === true && (observed['strikesFailed'] ?? 0) > 0) {
            fault.note(`${node} did not answer, and was only killed: it lost nothing`);
          }
          return observed;
        },
        async () => {
          if (cluster.isRunning(node)) return {};
          const observed = await cluster.restart(node);
          if (!cluster.isRunning(node)) fault.note(`${node} did not come up again`);
          return observed;
        },
      );
    },
  });
}

const killKind = kill('killed', {}, 0.5);
const powerLossKind = kill('cut the power of', { loseUnsynced: true }, 0.5);
const terminateKind = kill('terminated', { terminate: true }, 0);
const removeKind = kill('removed the containers of', { remove: true }, 0);
const wipeKind = kill('wiped', { wipe: true }, 0);

const pauseKind = processFault({
  begin: 'pause',
  end: 'resume',
  done: 'paused',
  effects: ['eventsDeferred', 'datagramsDropped', 'processesStopped'],
  atWorkShare: 0,
  hit: async (node, fault) => {
    const { cluster } = fault;
    await fault.hold(
      `pause of ${node}`,
      [node],
      () => cluster.pause(node),
      async () => (cluster.isPaused(node) ? cluster.resume(node) : {}),
    );
  },
});

type Define = (name: string, summary: string, targets: readonly TargetRole[]) => NemesisDefinition;

/** Nemeses of one kind of ending, under several names. */
const ending =
  (kind: FaultKind, needs: readonly Capability[]): Define =>
  (name, summary, targets) =>
    defineNemesis({
      name,
      summary,
      layer: 'process',
      needs,
      kinds: [kind],
      begins: targets.map((target) => ({ f: 'kill', target })),
    });

const killing = ending(killKind, ['kill']);
const powerLosing = ending(powerLossKind, ['kill', 'lose-unsynced']);
const terminating = ending(terminateKind, ['terminate']);
const removing = ending(removeKind, ['remove']);
const wiping = ending(wipeKind, ['wipe']);

const pausing: Define = (name, summary, targets) =>
  defineNemesis({
    name,
    summary,
    layer: 'pause',
    needs: ['pause'],
    kinds: [pauseKind],
    begins: targets.map((target) => ({ f: 'pause', target })),
  });

export const processFaults: readonly NemesisDefinition[] = [
  killing('kill', 'kills nodes and restarts them: the leader, one, a minority, a majority, all', [
    'leader',
    'random',
    'minority',
    'majority',
    'all',
  ]),
  killing('kill-leader', 'kills the leader and restarts it', ['leader']),
  killing('kill-one', 'kills a random node and restarts it', ['random']),
  killing('kill-minority', 'kills a random minority and restarts it', ['minority', 'minority-with-leader']),
  killing('kill-majority', 'kills a random majority and restarts it', ['majority']),
  killing('kill-all', 'kills all nodes at once and restarts them', ['all']),
  powerLosing(
    'power-loss',
    'kills nodes so that they lose unsynced writes, and restarts them: the leader, a minority, a majority, all',
    ['leader', 'minority', 'minority-with-leader', 'majority', 'all'],
  ),
  powerLosing('power-loss-leader', 'kills the leader so that it loses unsynced writes', ['leader']),
  powerLosing('power-loss-minority', 'kills a minority so that it loses unsynced writes', [
    'minority',
    'minority-with-leader',
  ]),
  powerLosing('power-loss-all', 'kills all nodes at once so that they lose unsynced writes', ['all']),
  terminating('terminate', 'asks nodes to end (SIGTERM) and restarts them: the leader, one, a minority', [
    'leader',
    'random',
    'minority',
  ]),
  removing('remove', 'removes containers and makes new ones on the same data: the leader, one, a minority', [
    'leader',
    'random',
    'minority',
  ]),
  wiping('wipe', 'takes a node its disk and restarts it empty, under its name: beyond what Raft promises', [
    'random',
    'leader',
  ]),
  pausing(
    'pause',
    'stops processes in mid-step and lets them go on: the leader, one, a minority, a majority, all',
    ['leader', 'random', 'minority', 'majority', 'all'],
  ),
  pausing('pause-leader', 'stops the leader in mid-step and lets it go on', ['leader']),
  pausing('pause-one', 'stops a random node in mid-step and lets it go on', ['random']),
  pausing('pause-minority', 'stops a random minority in mid-step and lets it go on', [
    'minority',
    'minority-with-leader',
  ]),
  pausing('pause-majority', 'stops a random majority in mid-step and lets it go on', ['majority']),
  pausing('pause-all', 'stops all nodes in mid-step and lets them go on', ['all']),
];
