/**
 * Cuts and losses as rules of iptables in the network namespaces of nodes, at the receiving end. Each direction has two chains of
 * its own, whose packet counters say what the fault did:
 *
 *     -A INPUT -s 172.18.0.2/32 -j cut-0      while both directions between n1 and here are cut: cut-0 drops all
 *     -A INPUT -s 172.18.0.2/32 -j deaf-0     while n1 → here alone is cut: deaf-0 drops all that carries data
 *     -A INPUT -s 172.18.0.2/32 -j loss-0     while it loses: loss-0 drops some
 *
 * The chains stand from the beginning, so a cut is one rule, and its counter is read when no packet reaches it any more.
 *
 * A one-way cut that dropped all packets would be a two-way cut of everything that uses TCP: without acknowledgements the other direction
 * stalls, too. So deaf-N lets pass what TCP says of the other direction: the answer to a connection's opening, and
 * acknowledgements without data. The latter are known by their length, 20 bytes of IP and 32 of TCP with timestamps, which every
 * segment has where `net.ipv4.tcp_timestamps` is on (Linux's default): one byte of data would make it longer.
 */
import type { Observed } from '../cluster.ts';
import type { Shell } from './shell.ts';

/** IP and TCP headers with the timestamp option, and no data. */
const BARE_ACK_BYTES = 52;

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
  const chains = peerNumbers.flatMap((number) => [`cut-${number}`, `deaf-${number}`, `loss-${number}`]);
  return restoreScript([
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...peerNumbers.flatMap((number) => [
      `-A cut-${number} -j DROP`,
      `-A deaf-${number} -p tcp --tcp-flags SYN,ACK,FIN,RST SYN,ACK -j RETURN`,
      `-A deaf-${number} -p tcp --tcp-flags SYN,ACK,FIN,RST ACK -m length --length ${BARE_ACK_BYTES} -j RETURN`,
      `-A deaf-${number} -j DROP`,
    ]),
  ]);
}

/** Several changes as one. */
const restoreScript = (lines: readonly string[]): string =>
  [`iptables-restore -w 5 --noflush <<'RULES'`, '*filter', ...lines, 'COMMIT', 'RULES'].join('\n');

/** How much of a direction is cut. */
export type Cut = 'nothing' | 'data' | 'all';

const CHAINS: Readonly<Record<Exclude<Cut, 'nothing'>, string>> = { data: 'deaf', all: 'cut' };

export class CutRule {
  readonly #direction: Direction;
  #cut: Cut = 'nothing';
  /** By the counters of both chains when they were read last. */
  #messagesDroppedBefore = 0;

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  get isCut(): boolean {
    return this.#cut !== 'nothing';
  }

  /** Idempotent. One change of the rules, so that at no moment between two cuts nothing is cut. */
  async cut(cut: Exclude<Cut, 'nothing'>): Promise<void> {
    const before = this.#cut;
    if (before === cut) return;
    const shell = await this.#direction.shell();
    // In front of losses: what is cut is not lost as well.
    await shell.run(
      restoreScript([
        `-I INPUT 1 ${this.#jump(cut)}`,
        ...(before === 'nothing' ? [] : [`-D INPUT ${this.#jump(before)}`]),
      ]),
    );
    this.#cut = cut;
  }

  async heal(): Promise<Observed> {
    const before = this.#cut;
    if (before === 'nothing') return { messagesDropped: 0 };
    const { fromNumber } = this.#direction;
    const shell = await this.#direction.shell();
    const rules = await shell.run(
      [
        `${IPTABLES} -D INPUT ${this.#jump(before)}`,
        ...Object.values(CHAINS).map((chain) => `${IPTABLES} -v -S ${chain}-${fromNumber}`),
      ].join('\n'),
    );
    this.#cut = 'nothing';
    const messagesDropped = packetsOf(rules) - this.#messagesDroppedBefore;
    this.#messagesDroppedBefore += messagesDropped;
    return { messagesDropped };
  }

  #jump(cut: Exclude<Cut, 'nothing'>): string {
    const { fromAddress, fromNumber } = this.#direction;
    return `-s ${fromAddress} -j ${CHAINS[cut]}-${fromNumber}`;
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

/** What was dropped, of rules as `iptables -v -S` writes them: `-A cut-0 -c 12 720 -j DROP`, packets before bytes. */
export function packetsOf(rules: string): number {
  return [...rules.matchAll(/^-A \S+ .*-c (\d+) \d+ -j DROP/gm)].reduce(
    (sum, [, packets]) => sum + Number(packets),
    0,
  );
}
