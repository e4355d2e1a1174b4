/** Topics created through brokers while nodes die and links are cut: what was answered is what happened. */
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../../harness/random.ts';
import { sToNs } from '../../../../harness/units.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { WholeNodes } from './testing/whole-nodes.ts';
import { withNodes } from './testing/whole-nodes.ts';

const SHAKEN_S = 6;
const CREATORS = 2;
/** Every topic costs files and time of each step after it. */
const PAUSE_MS = 30;

interface Answers {
  readonly created: string[];
  readonly refused: Map<string, number>;
  readonly unknown: string[];
}

/** Whatever else they say was decided before anything was written. */
const UNKNOWN: ReadonlySet<number | undefined> = new Set<number>([
  ERROR.REQUEST_TIMED_OUT,
  ERROR.NOT_CONTROLLER,
]);

async function create(rig: WholeNodes, creator: number, until: number, answers: Answers): Promise<void> {
  for (let i = 0; rig.cluster.clock.now() < until; i++) {
    const name = `t${creator}-${i}`;
    const at = rig.names[(creator + i) % rig.names.length] as string;
    const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    const outcome = await rig.send(at, 'createTopics', 4, { topics: [topic], timeoutMs: 1500 });
    await rig.sleep(PAUSE_MS);
    if (outcome.kind === 'failed') {
      if (outcome.sent) answers.unknown.push(name);
      continue;
    }
    const errorCode = outcome.body.topics[0]?.errorCode;
    if (errorCode === ERROR.NONE) answers.created.push(name);
    else if (errorCode === undefined || UNKNOWN.has(errorCode)) answers.unknown.push(name);
    else answers.refused.set(name, errorCode);
  }
}

async function shake(rig: WholeNodes, seed: number, until: number): Promise<void> {
  const random = randomStream(seed, 'faults');
  const { cluster, names } = rig;
  while (cluster.clock.now() < until) {
    await rig.sleep(random.integer(100, 800));
    const [any, two] = random.shuffle(names) as [string, string];
    // Mostly the controller, which has most of what can be lost.
    const one = (random.chance(0.7) ? rig.leader : null) ?? any;
    const [begin, end] = random.pick([
      [() => cluster.kill(one, { loseUnsynced: random.chance(0.5) }), () => cluster.restart(one)],
      [() => cluster.pause(one), () => cluster.resume(one)],
      [() => cutOff(rig, one, 'cut'), () => cutOff(rig, one, 'heal')],
      ...(one === two ? [] : [[() => cluster.cut(one, two), () => cluster.heal(one, two)] as const]),
    ] as const);
    await begin();
    await rig.sleep(random.integer(50, 1500));
    await end();
  }
}

async function cutOff(rig: WholeNodes, node: string, how: 'cut' | 'heal'): Promise<void> {
  for (const other of rig.names) {
    if (other === node) continue;
    await rig.cluster[how](node, other);
    await rig.cluster[how](other, node);
  }
}

describe('while nodes die and links are cut', () => {
  test.each([105, 107, 110, 112])('what is answered is what happened (seed %i)', async (seed) => {
    await withNodes({ seed }, async (rig) => {
      await rig.allRunning();
      const answers: Answers = { created: [], refused: new Map(), unknown: [] };
      const until = rig.cluster.clock.now() + sToNs(SHAKEN_S);
      const creators = Array.from({ length: CREATORS }, (_, creator) => create(rig, creator, until, answers));
      await Promise.all([...creators, shake(rig, seed, until)]);
      // Peace: every broker comes back by itself, and all know the same topics.
      await rig.allRunning();
      await rig.sleep(3000);
      rig.reconnect();
      for (const at of rig.names) {
        const { topics, brokers } = await rig.ask(at, 'metadata', 8, { topics: null });
        const there = new Set(topics.map(({ name }) => name));
        expect(answers.created.filter((name) => !there.has(name))).toEqual([]);
        expect([...answers.refused].filter(([name]) => there.has(name))).toEqual([]);
        expect(brokers.map(({ nodeId }) => nodeId)).toEqual([1, 2, 3]);
      }
      // Every name is asked for once, so that it cannot be there already but by a second time of the same request.
      expect([...answers.refused.values()]).not.toContain(ERROR.TOPIC_ALREADY_EXISTS);
      expect(answers.created.length).toBeGreaterThan(10);
      expect([rig.cluster.crashes, rig.cluster.invariantViolations]).toEqual([[], []]);
    });
  });
});
