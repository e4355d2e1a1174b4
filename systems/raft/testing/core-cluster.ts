/**
 * Several cores in memory, moved by hand: messages wait until they are delivered, writes until they are stored. The
 * words of the transcript tests are its methods.
 *
 *     const cluster = new CoreCluster(['n1', 'n2', 'n3'], {}, []);
 *     cluster.timeout('n1');
 *     cluster.settle();          // delivers and stores until nothing is left
 *     cluster.output;            // what happened, a line for each effect
 */
import { assert, messageOf } from '../../../harness/errors.ts';
import type { Json } from '../../../harness/history/operation.ts';
import type { TraceEvent } from '../../../harness/history/trace.ts';
import { NS_PER_MS } from '../../../harness/units.ts';
import { rulesWith } from '../bugs.ts';
import { RaftCore } from '../core.ts';
import type { Effect } from '../effects.ts';
import { errorName } from '../errors.ts';
import type { LogEntry } from '../log.ts';
import { newEntry } from '../log.ts';
import type { Message } from '../messages.ts';
import { decodeMessage, encodeMessage } from '../messages.ts';
import { parseOptions } from '../options.ts';
import type { Payload } from '../payload.ts';
import { decodePayload, encodePayload } from '../payload.ts';
import type { Rules } from '../rules.ts';
import type { Snapshot } from '../snapshot.ts';
import { decodeSnapshot } from '../snapshot.ts';

interface InFlight {
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** What one node's disk says. */
interface MemoryDisk {
  term: number;
  votedFor: string | null;
  /** Index of the entry before the first. */
  base: number;
  entries: LogEntry[];
  snapshot: Snapshot | null;
}

interface Node {
  core: RaftCore;
  disk: MemoryDisk;
  /** Not yet stored, in order. */
  writes: Effect[];
  saving: Snapshot | null;
}

const MAX_ROUNDS = 1000;

export class CoreCluster {
  readonly names: readonly string[];
  private readonly nodes = new Map<string, Node>();
  private readonly options: { readonly [name: string]: Json };
  private readonly rules: Rules;
  private messages: InFlight[] = [];
  private readonly cutOff = new Set<string>();
  private now = 0;
  output: string[] = [];
  /** Whether messages are written to the output. */
  showsMessages = true;
  readonly trace: { node: string; event: TraceEvent }[] = [];

  constructor(names: readonly string[], options: { readonly [name: string]: Json }, bugs: readonly string[]) {
    this.names = names;
    this.options = options;
    this.rules = rulesWith(bugs);
    for (const name of names) {
      const disk: MemoryDisk = { term: 0, votedFor: null, base: 0, entries: [], snapshot: null };
      this.nodes.set(name, { core: this.boot(name, disk), disk, writes: [], saving: null });
    }
    for (const name of names) this.perform(name);
    this.output = [];
  }

  private boot(name: string, disk: MemoryDisk): RaftCore {
    const options = parseOptions(this.options);
    const { snapshot } = disk;
    const covered = Math.max(0, (snapshot?.index ?? 0) - disk.base);
    const recovered = {
      term: disk.term,
      votedFor: disk.votedFor,
      snapshot,
      machine: snapshot === null ? null : decodeSnapshot(snapshot.bytes, options.maxSessions).machine,
      entries: disk.entries.slice(covered).map((entry) => newEntry(entry.term, entry.payload)),
    };
    // Every node has a timeout of its own, always the same.
    const random = (): number => this.names.indexOf(name) / this.names.length;
    const config = { name, voters: this.names, options, rules: this.rules, random };
    return new RaftCore(config, recovered, this.now);
  }

  private node(name: string): Node {
    const node = this.nodes.get(name);
    assert(node !== undefined, `no node ${name}`);
    return node;
  }

  core(name: string): RaftCore {
    return this.node(name).core;
  }

  // What happens

  /** Lets the node's deadline pass, and that of no other. */
  timeout(name: string): void {
    const { core } = this.node(name);
    this.now = Math.max(this.now, core.deadline);
    core.tick(this.now);
    this.perform(name);
  }

  /** Time goes by for all, and nobody looks at the clock. */
  elapse(ms: number): void {
    this.now += ms * NS_PER_MS;
  }

  propose(name: string, payload: Payload, token: number): void {
    const bytes = encodePayload(payload);
    this.node(name).core.propose(this.now, token, bytes, decodePayload(bytes));
    this.perform(name);
  }

  read(name: string, key: string, token: number): void {
    this.node(name).core.read(this.now, token, key);
    this.perform(name);
  }

  /** Delivers what is under way now (not what comes of it), in order. */
  deliver(from = '*', to = '*'): void {
    const taken = this.take(from, to);
    for (const message of taken) this.receive(message);
  }

  drop(from = '*', to = '*'): void {
    this.take(from, to);
  }

  /** Delivers and keeps: the same messages may be delivered again. */
  duplicate(from = '*', to = '*'): void {
    const taken = this.take(from, to);
    for (const message of taken) this.receive(message);
    this.messages.push(...taken);
  }

  private take(from: string, to: string): InFlight[] {
    const isTaken = (m: InFlight): boolean =>
      (from === '*' || m.from === from) && (to === '*' || m.to === to);
    const taken = this.messages.filter(isTaken);
    this.messages = this.messages.filter((message) => !isTaken(message));
    return taken;
  }

  private receive({ from, to, bytes }: InFlight): void {
    if (this.cutOff.has(from) || this.cutOff.has(to)) return;
    this.node(to).core.receive(this.now, from, decodeMessage(bytes));
    this.perform(to);
  }

  /** The disk has everything that was written so far. */
  store(name: string): void {
    const node = this.node(name);
    const { writes } = node;
    node.writes = [];
    let last = 0;
    for (const effect of writes) last = Math.max(last, writeToDisk(node.disk, effect));
    if (last > 0) node.core.stored(this.now, last);
    this.perform(name);
    if (node.saving !== null) {
      node.disk.snapshot = node.saving;
      node.saving = null;
      node.core.snapshotSaved(this.now);
      this.perform(name);
    }
  }

  /** A crash that loses what was not stored, and a start from the rest. */
  restart(name: string): void {
    const node = this.node(name);
    node.writes = [];
    node.saving = null;
    node.core = this.boot(name, node.disk);
    this.perform(name);
  }

  /** Gives the node a disk with entries of these terms, each a different write. */
  load(name: string, term: number, entryTerms: readonly number[]): void {
    const node = this.node(name);
    const entries = entryTerms.map((entryTerm, i) =>
      newEntry(
        entryTerm,
        encodePayload({
          kind: 'command',
          session: 1,
          sequence: i + 1,
          op: 'write',
          key: 'x',
          value: `${entryTerm}.${i + 1}`,
          expected: null,
        }),
      ),
    );
    node.disk = { term, votedFor: null, base: 0, entries, snapshot: null };
    this.restart(name);
  }

  cut(name: string): void {
    this.cutOff.add(name);
  }

  heal(name: string): void {
    this.cutOff.delete(name);
  }

  /** Delivers and stores until nothing is left to do. */
  settle(): void {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const busy =
        this.messages.length > 0 || [...this.nodes.values()].some((n) => n.writes.length > 0 || n.saving);
      if (!busy) return;
      this.deliver();
      for (const name of this.names) this.store(name);
    }
    throw new Error(`not settled after ${MAX_ROUNDS} rounds`);
  }

  /** One line a node: where it stands. */
  status(): void {
    for (const name of this.names) {
      const status = this.node(name).core.status();
      const leader = status.leader === null ? '' : ` leader=${status.leader}`;
      this.output.push(
        `${name} ${status.role} term=${status.term}${leader} log=[${this.logTerms(name)}] ` +
          `commit=${JSON.stringify(status['commitIndex'])} durable=${JSON.stringify(status['durableIndex'])}`,
      );
    }
  }

  private logTerms(name: string): string {
    const log = this.node(name).core.log;
    const terms: number[] = [];
    for (let index = log.firstIndex; index <= log.lastIndex; index++) terms.push(log.termAt(index) ?? -1);
    return `${log.baseIndex > 0 ? `…${log.baseIndex}: ` : ''}${terms.join(' ')}`;
  }

  // What comes of it

  private perform(name: string): void {
    const node = this.node(name);
    for (const effect of node.core.takeEffects()) {
      switch (effect.kind) {
        case 'send':
          this.messages.push({ from: name, to: effect.to, bytes: encodeMessage(effect.message) });
          if (this.showsMessages)
            this.output.push(`${name} -> ${effect.to}: ${describeMessage(effect.message)}`);
          break;
        case 'trace':
          this.trace.push({ node: name, event: effect.event });
          this.noteTrace(name, effect.event);
          break;
        case 'reply': {
          const what = effect.isRead
            ? JSON.stringify(effect.value)
            : `index=${effect.index} term=${effect.term}`;
          const hint = effect.leader === null ? '' : ` leader=${effect.leader}`;
          const outcome = effect.code === 0 ? `ok ${what}` : `${errorName(effect.code)}${hint}`;
          this.output.push(`${name} answers ${JSON.stringify(effect.token)}: ${outcome}`);
          break;
        }
        case 'save-snapshot':
          node.saving = effect.snapshot;
          this.output.push(`${name} saves a snapshot of ${effect.snapshot.index}`);
          break;
        case 'crash':
          this.output.push(`${name} crashes: ${effect.reason}`);
          break;
        case 'compact':
          break;
        default:
          node.writes.push(effect);
      }
    }
    try {
      node.core.invariants();
    } catch (error) {
      this.output.push(`IMPOSSIBLE ${messageOf(error)}`);
    }
  }

  private noteTrace(name: string, event: TraceEvent): void {
    if (event.kind === 'role') {
      const leader = event.leader === null ? '' : ` leader=${event.leader}`;
      this.output.push(`${name} is ${event.role} term=${event.term}${leader}`);
    } else if (event.kind === 'truncate') {
      this.output.push(`${name} truncates from ${event.fromIndex}`);
    } else if (event.kind === 'commit') {
      this.output.push(`${name} commits ${event.index}`);
    } else if (event.kind === 'snapshot') {
      this.output.push(
        `${name} ${event.source === 'taken' ? 'took' : 'installed'} a snapshot of ${event.index}`,
      );
    }
  }
}

/** Returns the number of the write. */
function writeToDisk(disk: MemoryDisk, effect: Effect): number {
  switch (effect.kind) {
    case 'persist':
      disk.term = effect.term;
      disk.votedFor = effect.votedFor;
      return effect.write;
    case 'append': {
      const first = effect.entries[0];
      if (first !== undefined)
        disk.entries.length = Math.min(disk.entries.length, first.index - disk.base - 1);
      disk.entries.push(...effect.entries);
      return effect.write;
    }
    case 'truncate':
      disk.entries.length = Math.min(disk.entries.length, effect.fromIndex - disk.base - 1);
      return effect.write;
    case 'reset':
      disk.base = effect.index;
      disk.entries = [];
      return effect.write;
    default:
      return 0;
  }
}

function describeMessage(message: Message): string {
  const term = `term=${message.term}`;
  switch (message.kind) {
    case 'pre-vote':
    case 'vote':
      return `${message.kind} ${term} last=${message.lastIndex}@${message.lastTerm}`;
    case 'pre-vote-reply':
    case 'vote-reply':
      return `${message.kind} ${term} ${message.granted ? 'granted' : 'refused'}`;
    case 'append': {
      const entries = message.entries.map((entry) => entry.term).join(' ');
      const round = message.round > 0 ? ` round=${message.round}` : '';
      return `append ${term} prev=${message.prevIndex}@${message.prevTerm} [${entries}] commit=${message.commit}${round}`;
    }
    case 'append-reply': {
      const round = message.round > 0 ? ` round=${message.round}` : '';
      return message.rejected
        ? `append-reply ${term} refused prev=${message.prevIndex} hint=${message.hintIndex}@${message.hintTerm} first=${message.hintFirst}${round}`
        : `append-reply ${term} verified=${message.verified} match=${message.match}${round}`;
    }
    case 'snapshot':
      return `snapshot ${term} index=${message.index} offset=${message.offsetBytes} bytes=${message.chunk.length}/${message.totalBytes}`;
    case 'snapshot-reply':
      return `snapshot-reply ${term} index=${message.index} offset=${message.offsetBytes}${message.installed ? ' installed' : ''}`;
  }
}
