/**
 * Slow, duplicating and reordering links by the kernel's `netem`, at the sending end: a class of the interface for each peer, a
 * filter that sends the peer's packets into it, and a netem that spoils them. For servers that others wrote; nodes of ours have
 * gates, which work on messages and not on packets.
 *
 *     tc qdisc replace dev eth0 parent 1:11 handle 11: netem delay 75ms 25ms      50 to 100 ms
 *
 * Not every kernel has netem: {@link hasNetem} tries.
 */
import type { LinkFault, Observed } from '../cluster.ts';
import type { Shell } from './shell.ts';

const DEVICE = 'eth0';
/** No limit in practice; htb wants one. */
const RATE = 'rate 10gbit quantum 60000';
/** Numbers of classes are hexadecimal; the first ones are the root's and the default class's. */
const FIRST_CLASS = 0x10;
/** Packets that wait in a netem; the default of 1000 would lose some of a busy link with a long delay. */
const QUEUE_PACKETS = 100_000;

/** The fields of a fault that netem serves. */
export const NETEM_FIELDS = [
  'delayMs',
  'jitterMs',
  'duplicateProbability',
  'reorderProbability',
  'reorderMs',
] as const satisfies readonly (keyof LinkFault)[];

export interface NetemLink {
  /** Of the node that sends; its root stands. */
  shell(): Promise<Shell>;
  readonly toAddress: string;
  /** Of the node that receives, in the order of all. */
  readonly toNumber: number;
}

/** The root and its default class; once a node. */
export function rootScript(device = DEVICE): string {
  return [
    `tc qdisc replace dev ${device} root handle 1: htb default 1`,
    `tc class replace dev ${device} parent 1: classid 1:1 htb ${RATE}`,
  ].join('\n');
}

/** Null: netem has nothing to do. */
export function netemArguments(fault: LinkFault): string | null {
  const {
    delayMs = 0,
    jitterMs = 0,
    duplicateProbability = 0,
    reorderProbability = 0,
    reorderMs = 0,
  } = fault;
  const reorders = reorderProbability > 0 && reorderMs > 0;
  const words: string[] = [];
  if (reorders && delayMs === 0 && jitterMs === 0) {
    // The chosen ones wait. In netem's words: the others overtake.
    words.push(`delay ${ms(reorderMs)}`, `reorder ${percent(1 - reorderProbability)}`);
  } else {
    // Netem cannot hold a few back beyond a delay of all: spread wide enough, packets overtake each other by themselves.
    const spreadMs = reorders ? Math.max(jitterMs, reorderMs) : jitterMs;
    if (delayMs > 0 || spreadMs > 0) {
      // Its jitter goes both ways from the middle; ours is added to the delay.
      words.push(`delay ${ms(delayMs + spreadMs / 2)}${spreadMs > 0 ? ` ${ms(spreadMs / 2)}` : ''}`);
    }
  }
  if (duplicateProbability > 0) words.push(`duplicate ${percent(duplicateProbability)}`);
  return words.length === 0 ? null : `limit ${QUEUE_PACKETS} ${words.join(' ')}`;
}

export function netemScript(toNumber: number, netem: string, device = DEVICE): string {
  const id = classOf(toNumber);
  return [
    `tc class replace dev ${device} parent 1: classid 1:${id} htb ${RATE}`,
    `tc qdisc replace dev ${device} parent 1:${id} handle ${id}: netem ${netem}`,
  ].join('\n');
}

/** Once a fault: which packets go through the peer's netem. */
export function filterScript(toAddress: string, toNumber: number, device = DEVICE): string {
  return `tc filter add dev ${device} parent 1: protocol ip prio ${toNumber + 1} u32 match ip dst ${toAddress}/32 flowid 1:${classOf(toNumber)}`;
}

export function restoreScript(toNumber: number, device = DEVICE): string {
  const id = classOf(toNumber);
  return [
    `tc filter del dev ${device} parent 1: protocol ip prio ${toNumber + 1}`,
    `tc -s qdisc show dev ${device}`,
    `tc qdisc del dev ${device} parent 1:${id}`,
    `tc class del dev ${device} classid 1:${id}`,
  ].join('\n');
}

/** Packets that went through the netem of a peer, of `tc -s qdisc show`. */
export function packetsThrough(output: string, toNumber: number): number {
  const pattern = new RegExp(`^qdisc netem ${classOf(toNumber)}: .*\\n\\s*Sent \\d+ bytes (\\d+) pkt`, 'm');
  return Number(pattern.exec(output)?.[1] ?? 0);
}

function classOf(number: number): string {
  return (FIRST_CLASS + number).toString(16);
}

/** Tries all that a fault needs on the loopback interface, and takes it away again. */
export async function hasNetem(shell: Shell): Promise<boolean> {
  try {
    await shell.run(
      [rootScript('lo'), netemScript(0, 'delay 1ms', 'lo'), filterScript('127.0.0.2', 0, 'lo')].join('\n'),
    );
    return true;
  } catch {
    return false;
  } finally {
    await shell.run('tc qdisc del dev lo root 2>/dev/null || true');
  }
}

/** One direction's netem. */
export class NetemRule {
  readonly #link: NetemLink;
  #fault: LinkFault | null = null;

  constructor(link: NetemLink) {
    this.#link = link;
  }

  async degrade(fault: LinkFault): Promise<void> {
    const netem = netemArguments(fault);
    if (netem === null) {
      if (this.#fault !== null) await this.restore();
      return;
    }
    const { toAddress, toNumber } = this.#link;
    const isFirst = this.#fault === null;
    this.#fault = fault;
    try {
      const shell = await this.#link.shell();
      await shell.run(
        `${netemScript(toNumber, netem)}${isFirst ? `\n${filterScript(toAddress, toNumber)}` : ''}`,
      );
    } catch (thrown) {
      if (isFirst) this.#fault = null;
      throw thrown;
    }
  }

  /** What went through it, under the names of what it did. */
  async restore(): Promise<Observed> {
    const fault = this.#fault;
    if (fault === null) return {};
    this.#fault = null;
    const { toNumber } = this.#link;
    const output = await (await this.#link.shell()).run(restoreScript(toNumber));
    const packets = packetsThrough(output, toNumber);
    const { delayMs = 0, jitterMs = 0, duplicateProbability = 0, reorderProbability = 0 } = fault;
    return {
      ...(delayMs > 0 || jitterMs > 0 ? { messagesDelayed: packets } : {}),
      // Netem does not count what it chose: this is what it chose of, times how often it does.
      ...(duplicateProbability > 0 ? { messagesDuplicated: Math.round(packets * duplicateProbability) } : {}),
      ...(reorderProbability > 0 ? { messagesReordered: Math.round(packets * reorderProbability) } : {}),
    };
  }
}

/** Microseconds, as exact as netem takes them. */
function ms(durationMs: number): string {
  return `${Math.round(durationMs * 1000)}us`;
}

function percent(probability: number): string {
  return `${Number((probability * 100).toFixed(6))}%`;
}
