/** Controllers with real quorums in the simulator: what was answered survives who answered it. */
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../../harness/random.ts';
import { IDS, RealControllers } from './testing/real-controllers.ts';

async function withThree(
  options: Partial<ConstructorParameters<typeof RealControllers>[0]>,
  body: (controllers: RealControllers) => Promise<void>,
): Promise<RealControllers> {
  const controllers = new RealControllers({ seed: 1, ...options });
  await controllers.run(() => body(controllers));
  expect(controllers.cluster.crashes).toEqual([]);
  expect(controllers.cluster.invariantViolations).toEqual([]);
  return controllers;
}

const NONE = { kind: 'answer', errors: ['NONE'] };

describe('three controllers', () => {
  test('one is active, and a successor knows all that was answered', async () => {
    await withThree({}, async (controllers) => {
      const first = await controllers.active();
      await controllers.join(first, 11);
      const others = IDS.filter((id) => id !== first);
      expect(await controllers.createTopics(others[0] as number, 'a')).toMatchObject({
        ...{ kind: 'refused', reason: 'NOT_CONTROLLER' },
      });
      expect(await controllers.createTopics(first, ['a', 'b'], { partitions: 3 })).toEqual({
        kind: 'answer',
        errors: ['NONE', 'NONE'],
      });
      await controllers.cluster.kill(`n${first}`);
      const killedAtMs = controllers.cluster.clock.now() / 1e6;
      const second = await controllers.active(first);
      expect(controllers.cluster.clock.now() / 1e6 - killedAtMs).toBeLessThan(5000);
      expect(controllers.topicNames(second)).toEqual(['a', 'b']);
      expect(controllers.driver(second).status()).toMatchObject({ active: true, controllerId: second });
      expect(await controllers.createTopics(second, 'a')).toMatchObject({ errors: ['TOPIC_ALREADY_EXISTS'] });
      expect(await controllers.createTopics(second, 'c')).toEqual(NONE);
      await controllers.cluster.restart(`n${first}`);
      await controllers.until(() => controllers.topicNames(first).length === 3 || null);
      expect(controllers.driver(first).status()).toMatchObject({ active: false, controllerId: second });
      expect(controllers.driver(first).snapshotRecords()).toEqual(
        controllers.driver(second).snapshotRecords(),
      );
    });
  });

  test('whoever is cut off loses what it had decided; its asker hears that nobody knows', async () => {
    await withThree({}, async (controllers) => {
      const first = await controllers.active();
      await controllers.join(first, 11);
      const others = IDS.filter((id) => id !== first);
      for (const other of others) {
        await controllers.cluster.cut(`n${first}`, `n${other}`);
        await controllers.cluster.cut(`n${other}`, `n${first}`);
      }
      const lost = controllers.createTopics(first, 'lost');
      const second = await controllers.active(first);
      expect(await lost).toEqual({ kind: 'answer', errors: ['NOT_CONTROLLER'] });
      expect(await controllers.createTopics(second, 'kept')).toEqual(NONE);
      for (const other of others) {
        await controllers.cluster.heal(`n${first}`, `n${other}`);
        await controllers.cluster.heal(`n${other}`, `n${first}`);
      }
      await controllers.until(() => controllers.topicNames(first).includes('kept') || null);
      for (const id of IDS) expect(controllers.topicNames(id)).toEqual(['kept']);
    });
  });

  test('a restart begins with a snapshot', async () => {
    const properties = { 'metadata.log.max.record.bytes.between.snapshots': 2000 };
    await withThree({ properties }, async (controllers) => {
      const first = await controllers.active();
      await controllers.join(first, 11);
      for (let i = 0; i < 20; i++) {
        expect(await controllers.createTopics(first, `t${i}`, { partitions: 4 })).toEqual(NONE);
      }
      const records = controllers.driver(first).snapshotRecords();
      for (const id of IDS) await controllers.cluster.kill(`n${id}`);
      for (const id of IDS) await controllers.cluster.restart(`n${id}`);
      const second = await controllers.active();
      expect(controllers.driver(second).snapshotRecords()).toEqual(records);
    });
  });

  test('twice the same', async () => {
    const run = async (): Promise<string> => {
      const { cluster } = await withThree({ seed: 7 }, (controllers) => shaken(controllers, 7, 2));
      return cluster.eventHash;
    };
    expect(await run()).toBe(await run());
  });
});

/** Creates topics one after the other with whoever says that it is active, while active ones are killed, paused, and cut off. */
async function shaken(controllers: RealControllers, seed: number, rounds: number): Promise<void> {
  const answered = await history(controllers, seed, rounds);
  const last = await controllers.active();
  const present = new Set(controllers.topicNames(last));
  expect(answered.filter((name) => !present.has(name))).toEqual([]);
  expect(answered.length).toBeGreaterThan(5 * rounds);
  const records = controllers.driver(last).snapshotRecords();
  for (const id of IDS) {
    await controllers.until(() => controllers.topicNames(id).length === present.size || null);
    expect(controllers.driver(id).snapshotRecords()).toEqual(records);
  }
}

/** @returns the topics whose creation was acknowledged */
async function history(controllers: RealControllers, seed: number, rounds: number): Promise<string[]> {
  const random = randomStream(seed, 'shaken');
  const { cluster } = controllers;
  const answered: string[] = [];
  await controllers.join(await controllers.active(), 11);
  let isOver = false;
  const client = async (): Promise<void> => {
    for (let i = 0; !isOver; i++) {
      const active = controllers.activeNow();
      if (active !== null) {
        const created = await controllers.createTopics(active, `t${i}`, { timeoutMs: 2000 }, 3000);
        if (created.kind === 'answer' && created.errors[0] === 'NONE') answered.push(`t${i}`);
      }
      await controllers.sleep(random.integer(1, 100));
    }
  };
  const running = client();
  for (let round = 0; round < rounds; round++) {
    await controllers.sleep(random.integer(500, 3000));
    const victim = await controllers.active();
    const node = `n${victim}`;
    const others = NODE_NAMES.filter((name) => name !== node);
    const fault = random.pick(['kill', 'pause', 'cut'] as const);
    if (fault === 'kill') await cluster.kill(node);
    else if (fault === 'pause') await cluster.pause(node);
    else for (const other of others) await both(node, other, (a, b) => cluster.cut(a, b));
    await controllers.sleep(random.integer(500, 8000));
    if (fault === 'kill') await cluster.restart(node);
    else if (fault === 'pause') await cluster.resume(node);
    else for (const other of others) await both(node, other, (a, b) => cluster.heal(a, b));
  }
  await controllers.sleep(5000);
  isOver = true;
  await running;
  await controllers.sleep(5000);
  return answered;
}

const NODE_NAMES = IDS.map((id) => `n${id}`);

async function both(
  a: string,
  b: string,
  act: (from: string, to: string) => Promise<unknown>,
): Promise<void> {
  await act(a, b);
  await act(b, a);
}

describe('shaken', () => {
  test.each([1, 2, 3, 4])('seed %i: nothing that was answered is lost', async (seed) => {
    await withThree({ seed }, (controllers) => shaken(controllers, seed, 4));
  });

  test('a controller that answers before the commit is found', async () => {
    let losses = 0;
    for (let seed = 1; seed <= 8 && losses === 0; seed++) {
      const controllers = new RealControllers({ seed, bugs: ['answer-before-commit'] });
      await controllers.run(async () => {
        const answered = await history(controllers, seed, 4);
        const present = new Set(controllers.topicNames(await controllers.active()));
        losses += answered.filter((name) => !present.has(name)).length;
      });
    }
    expect(losses).toBeGreaterThan(0);
  });
});
