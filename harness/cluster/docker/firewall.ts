/**
 * Cuts and losses as rules of iptables in the network namespaces of nodes, at the receiving end. Each direction has two chains of
 * its own, whose packet counters say what the fault did:
 *
 *     -A INPUT -s 172.18.0.2/32 -j cut-0      while n1 → here is cut: cut-0 drops all
 *     -A INPUT -s 172.18.0.2/32 -j loss-0     while it loses: loss-0 drops some
 *
 * The chains stand from the beginning, so a cut is one rule, and its counter is read when no packet reaches it any more.
 */
import type { Observed } from '../cluster.ts';
import type { Shell } from './shell.ts';

/** `-w`: two at once wait for each other, so many seconds. */
const IPTABLES = 'iptables -w 5';

/** One direction, seen from the node that receives. */
export interface Direction {
  /** Of the node that receives. */
  shell(): Promise<Shell>;
  /** Of the node that sends. */
  readonly fromAddress: string;
  /** Of the node that sends, in the order of all. */
  readonly fromNumber: number;
}

/** All chains of a node in one call. */
export function chainsScript(peerNumbers: readonly number[]): string {
  const chains = peerNumbers.flatMap((number) => [`cut-${number}`, `loss-${number}`]);
  return [
    `iptables-restore -w 5 --noflush <<'RULES'`,
    '*filter',
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...peerNumbers.map((number) => `-A cut-${number} -j DROP`),
    'COMMIT',
    'RULES',
  ].join('\n');
}

export class CutRule {
  readonly #direction: Direction;
  #isCut = false;

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  /** Idempotent. */
  async cut(): Promise<void> {
    if (this.#isCut) return;
    this.#isCut = true;
    const { fromAddress, fromNumber } = this.#direction;
    const shell = await this.#direction.shell();
    try {
      // In front of losses: what is cut is not lost as well.
      await shell.run(
        `${IPTABLES} -Z cut-${fromNumber}; ${IPTABLES} -I INPUT 1 -s ${fromAddress} -j cut-${fromNumber}`,
      );
    } catch (thrown) {
      this.#isCut = false;
      throw thrown;
    }
  }

  async heal(): Promise<Observed> {
    if (!this.#isCut) return { messagesDropped: 0 };
    this.#isCut = false;
    const { fromAddress, fromNumber } = this.#direction;
    const shell = await this.#direction.shell();
    const output = await shell.run(
      `${IPTABLES} -D INPUT -s ${fromAddress} -j cut-${fromNumber}\n${IPTABLES} -v -S cut-${fromNumber}`,
    );
    return { messagesDropped: packetsOf(output) };
  }
}

export class LossRule {
  readonly #direction: Direction;
  #probability = 0;
  /** By rules that were replaced. */
  #messagesDropped = 0;

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  /** Replaces what was lost before; the counters go on. Zero: nothing is lost any more. */
  async set(probability: number): Promise<void> {
    const before = this.#probability;
    if (probability === before) return;
    this.#probability = probability;
    const { fromAddress, fromNumber } = this.#direction;
    const chain = `loss-${fromNumber}`;
    const jump = `INPUT -s ${fromAddress} -j ${chain}`;
    const output = await (
      await this.#direction.shell()
    ).run(
      [
        ...(before > 0 ? [`${IPTABLES} -D ${jump}`, `${IPTABLES} -v -S ${chain}`] : []),
        `${IPTABLES} -F ${chain}`,
        ...(probability > 0
          ? [
              `${IPTABLES} -A ${chain} -m statistic --mode random --probability ${probability.toFixed(9)} -j DROP`,
              `${IPTABLES} -A ${jump}`,
            ]
          : []),
      ].join('\n'),
    );
    this.#messagesDropped += packetsOf(output);
  }

  async restore(): Promise<Observed> {
    await this.set(0);
    const messagesDropped = this.#messagesDropped;
    this.#messagesDropped = 0;
    return { messagesDropped };
  }
}

/** Of rules as `iptables -v -S` writes them: `-A cut-0 -c 12 720 -j DROP`, packets before bytes. */
export function packetsOf(rules: string): number {
  return [...rules.matchAll(/^-A \S+ .*-c (\d+) \d+/gm)].reduce(
    (sum, [, packets]) => sum + Number(packets),
    0,
  );
}
