/**
 * The network between containers: firewall rules at the receiver, queueing at the sender where the kernel can.
 *
 *     await network.cut('n1', 'n2');                  // n2 drops what comes from n1's address
 *     (await network.heal('n1', 'n2')).messagesDropped
 *
 * A cut of one direction lets through what TCP needs for the other (firewall.ts); where both are cut nothing passes.
 */
import { assert, HarnessError } from '../../errors.ts';
import type { LinkFault, Observed } from '../cluster.ts';
import type { BackendNetwork } from '../real/backend.ts';
import { chainsScript, CutRule, LossRule } from './firewall.ts';
import { hasNetem, NETEM_FIELDS, NetemRule, rootScript } from './netem.ts';
import type { Sandbox } from './sandbox.ts';
import type { Shell } from './shell.ts';

interface Rules {
  readonly cut: CutRule;
  readonly loss: LossRule;
  readonly netem: NetemRule;
}

export class DockerNetwork implements BackendNetwork {
  readonly #sandboxes: ReadonlyMap<string, Sandbox>;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #rules = new Map<string, Rules>();
  readonly #roots = new Map<string, Promise<unknown>>();
  #hasNetem = false;

  /** @param sandboxes - filled by the time of `prepare` */
  constructor(nodes: readonly string[], sandboxes: ReadonlyMap<string, Sandbox>) {
    this.#sandboxes = sandboxes;
    this.#numbers = new Map(nodes.map((node, number) => [node, number]));
  }

  get hasNetem(): boolean {
    return this.#hasNetem;
  }

  get degradable(): readonly (keyof LinkFault)[] {
    return ['lossProbability', ...(this.#hasNetem ? NETEM_FIELDS : [])];
  }

  /** Shells and empty chains everywhere, so that a fault is a matter of milliseconds. */
  async prepare(): Promise<void> {
    const [first] = this.#sandboxes.values();
    await Promise.all([
      ...[...this.#sandboxes.values()].map(async (sandbox) => {
        const own = this.#numberOf(sandbox.node);
        const peers = [...this.#numbers.values()].filter((number) => number !== own);
        const shell = await sandbox.networkShell();
        try {
          await shell.run(chainsScript(peers));
        } catch (thrown) {
          throw new HarnessError(
            'io',
            `cannot set up the firewall of ${HarnessError.from(thrown).message} (the image needs iptables, and the engine's kernel ip_tables or nf_tables)`,
            { cause: thrown },
          );
        }
      }),
      first === undefined ? undefined : this.#probe(first),
    ]);
  }

  async #probe(sandbox: Sandbox): Promise<void> {
    this.#hasNetem = await hasNetem(await sandbox.networkShell());
  }

  async cut(from: string, to: string): Promise<void> {
    const [there, back] = [this.#rulesOf(from, to).cut, this.#rulesOf(to, from).cut];
    const isTwoWay = back.isCut;
    await Promise.all([there.cut(isTwoWay ? 'all' : 'data'), isTwoWay ? back.cut('all') : undefined]);
  }

  async heal(from: string, to: string): Promise<Observed> {
    const [there, back] = [this.#rulesOf(from, to).cut, this.#rulesOf(to, from).cut];
    const [observed] = await Promise.all([
      there.heal(),
      there.isCut && back.isCut ? back.cut('data') : undefined,
    ]);
    return observed;
  }

  async degrade(from: string, to: string, fault: LinkFault): Promise<void> {
    const { loss, netem } = this.#rulesOf(from, to);
    await loss.set(fault.lossProbability ?? 0);
    if (this.#hasNetem) await netem.degrade(fault);
  }

  async restore(from: string, to: string): Promise<Observed> {
    const { loss, netem } = this.#rulesOf(from, to);
    const [lost, delayed] = await Promise.all([loss.restore(), netem.restore()]);
    return { ...delayed, ...lost };
  }

  #rulesOf(from: string, to: string): Rules {
    assert(from !== to, `a node does not send to itself: ${from}`);
    const key = `${from} ${to}`;
    const known = this.#rules.get(key);
    if (known !== undefined) return known;
    const sender = this.#sandboxOf(from);
    const receiver = this.#sandboxOf(to);
    const direction = {
      shell: () => receiver.networkShell(),
      fromAddress: sender.address,
      fromNumber: this.#numberOf(from),
    };
    const rules: Rules = {
      cut: new CutRule(direction),
      loss: new LossRule(direction),
      netem: new NetemRule({
        shell: () => this.#rootedShell(sender),
        toAddress: receiver.address,
        toNumber: this.#numberOf(to),
      }),
    };
    this.#rules.set(key, rules);
    return rules;
  }

  /** The root of a node's queueing is made once: replacing it would take the faults of other links away. */
  async #rootedShell(sandbox: Sandbox): Promise<Shell> {
    const shell = await sandbox.networkShell();
    const root = this.#roots.get(sandbox.node) ?? shell.run(rootScript());
    this.#roots.set(sandbox.node, root);
    await root;
    return shell;
  }

  #sandboxOf(node: string): Sandbox {
    const sandbox = this.#sandboxes.get(node);
    if (sandbox === undefined) throw new HarnessError('internal', `no node ${node} in the network`);
    return sandbox;
  }

  #numberOf(node: string): number {
    const number = this.#numbers.get(node);
    assert(number !== undefined, `no node ${node}`);
    return number;
  }
}
