/**
 * Processor time and memory taken away from a node's container, and what that did.
 *
 *     await updateLimits(container, { cpus: 0.1 });
 *     countersOf(await readUsage(container))          // { periodsThrottled: 312, memoryLimitHits: 0 }
 *
 * Counters come from the container's cgroup through Docker's statistics. Version 2 of cgroups has no count of failed allocations
 * there: what is seen of memory then is who ran out of it and was killed.
 */
import type Dockerode from 'dockerode';
import type { HostConfig } from 'dockerode';
import type { NodeLimits, Observed } from '../cluster.ts';
import { engineError, messageOf } from './engine-error.ts';
import { RAN_OUT_OF_MEMORY, type NodeContainer } from './node-container.ts';

/** Of the kernel's scheduler: a share of a processor is so much of each of these. */
const PERIOD_US = 100_000;
/** What is in use grows while it is asked. */
const UPDATE_ATTEMPTS_MAX = 5;
const SPARE_BYTES = 2 ** 20;
/** Less is refused. */
const QUOTA_US_MIN = 1000;

interface Usage {
  readonly periodsThrottled: number;
  readonly memoryLimitHits: number;
}

const NO_USAGE: Usage = { periodsThrottled: 0, memoryLimitHits: 0 };

/** As Docker takes limits, when a container is made and later. */
export function limitSettings({ cpus, memoryBytes }: NodeLimits): HostConfig {
  return {
    ...(cpus === undefined
      ? {}
      : { CpuPeriod: PERIOD_US, CpuQuota: Math.max(QUOTA_US_MIN, Math.round(cpus * PERIOD_US)) }),
    // Without swap: a node that pages is slow, and not short of memory.
    ...(memoryBytes === undefined ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
  };
}

async function updateLimits(container: Dockerode.Container, limits: NodeLimits): Promise<void> {
  let settings = limitSettings(limits);
  for (let attempt = 1; ; attempt++) {
    try {
      await container.update(settings);
      return;
    } catch (thrown) {
      // Version 1 of cgroups refuses less than what is in use (version 2 would kill): as little as it takes, then. The next
      // start gets what was asked for.
      const usageBytes = Number(/current usage: (\d+)/.exec(messageOf(thrown))?.[1]);
      if (!Number.isFinite(usageBytes) || attempt === UPDATE_ATTEMPTS_MAX) throw thrown;
      const memoryBytes = usageBytes + attempt * SPARE_BYTES;
      settings = { ...settings, ...limitSettings({ memoryBytes }) };
    }
  }
}

/** Takes limits off again. */
async function removeLimits(container: Dockerode.Container, limits: NodeLimits): Promise<void> {
  await container.update({
    ...(limits.cpus === undefined ? {} : { CpuPeriod: PERIOD_US, CpuQuota: -1 }),
    ...(limits.memoryBytes === undefined ? {} : { Memory: -1, MemorySwap: -1 }),
  });
}

/** Of a running container; a dead one has none left. */
async function readUsage(container: Dockerode.Container): Promise<Usage> {
  try {
    const { cpu_stats: cpu, memory_stats: memory } = (await container.stats({
      stream: false,
      'one-shot': true,
    })) as Partial<Dockerode.ContainerStats>;
    return {
      periodsThrottled: cpu?.throttling_data?.throttled_periods ?? 0,
      memoryLimitHits: memory?.failcnt ?? 0,
    };
  } catch (thrown) {
    if (/is not running|No such container/i.test(messageOf(thrown))) return NO_USAGE;
    throw thrown;
  }
}

/** The difference, under the names of counters. */
function usageSince(before: Usage, after: Usage): Usage {
  return {
    periodsThrottled: Math.max(0, after.periodsThrottled - before.periodsThrottled),
    memoryLimitHits: Math.max(0, after.memoryLimitHits - before.memoryLimitHits),
  };
}

/** The limits of one node, over the lives of its containers. */
export class NodeLimiter {
  #limits: NodeLimits = {};
  #isLimited = false;
  #container: NodeContainer | null = null;
  /** When the limit, or the container, began. */
  #before: Usage = NO_USAGE;
  /** Of containers that died under the limit. */
  #ranOutOfMemory = 0;

  /** In force now, hence from the start of the next container on. */
  get limits(): NodeLimits {
    return this.#limits;
  }

  watch(container: NodeContainer): void {
    this.#container = container;
    this.#before = NO_USAGE;
    void container.exited.then(({ description }) => {
      if (this.#isLimited && description === RAN_OUT_OF_MEMORY) this.#ranOutOfMemory++;
    });
  }

  async limit(limits: NodeLimits, node: string): Promise<void> {
    const container = this.#live();
    try {
      if (container !== null) {
        if (!this.#isLimited) this.#before = await readUsage(container);
        await updateLimits(container, limits);
      }
    } catch (thrown) {
      throw engineError(thrown, `cannot limit ${node}`);
    }
    this.#limits = { ...this.#limits, ...limits };
    this.#isLimited = true;
  }

  async unlimit(node: string): Promise<Observed> {
    if (!this.#isLimited) return { ...NO_USAGE };
    const limits = this.#limits;
    const container = this.#live();
    try {
      const after = container === null ? this.#before : await readUsage(container);
      if (container !== null) await removeLimits(container, limits);
      const { periodsThrottled, memoryLimitHits } = usageSince(this.#before, after);
      return { periodsThrottled, memoryLimitHits: memoryLimitHits + this.#ranOutOfMemory };
    } catch (thrown) {
      throw engineError(thrown, `cannot take the limits off ${node}`);
    } finally {
      this.#limits = {};
      this.#isLimited = false;
      this.#ranOutOfMemory = 0;
    }
  }

  #live(): Dockerode.Container | null {
    const container = this.#container;
    return container === null || container.hasExited ? null : container.container;
  }
}
