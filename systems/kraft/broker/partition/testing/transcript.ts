/**
 * Runs a transcript: a text file of commands, each followed by what it printed.
 *
 *     # acks=-1 waits for the ISR.
 *     > brokers 3 minInsyncReplicas=2
 *     > produce 1 -1 a
 *     b1 appends a@0 epoch=1
 *
 * Commands: `brokers N [option=value …] [bug=NAME]`, `produce B ACKS VALUE [producer=P] [sequence=S] [open] [commit|abort]`,
 * `consume B OFFSET [committed] [wait=MS] [epoch=E]`, `settle`, `deliver|drop FROM TO`, `metadata B|all`, `elapse MS`, `kill B`,
 * `power-loss B`, `restart|unfence|fence|move|flush|checkpoint|cut|heal B`, `logs`, `quiet` and `loud`.
 */
import { replayTranscript } from '../../../../testing/transcripts.ts';
import { errorName } from '../../../wire/error-codes.ts';
import type { Effect } from '../effects.ts';
import type { ConsumerFetch, FetchReply, ProduceReply } from '../messages.ts';
import { Judge } from './judge.ts';
import type { StoredBatch, TestBatch } from './memory-log.ts';
import { plainBatch, sequenced } from './memory-log.ts';
import type { Node, Observer, Produce } from './observer.ts';
import { CONTROLLER, PartitionCluster } from './partition-cluster.ts';

/** The same text with the output as it is now. */
export function runTranscript(text: string): string {
  const player = new Player();
  return replayTranscript(text, (words) => player.play(words));
}

const place = ({ value, baseOffset }: StoredBatch): string => `${value}@${baseOffset}`;

/** Writes down what a judge hears, and asks the judge. */
class Narrator implements Observer {
  lines: string[] = [];
  isQuiet = false;
  readonly judge = new Judge();
  private told: string | null = null;

  say(line: string): void {
    if (!this.isQuiet) this.lines.push(line);
    const { problem } = this.judge;
    if (problem !== null && problem !== this.told) this.lines.push(`WRONG: ${problem}`);
    this.told = problem;
  }

  effect(node: Node, effect: Effect): void {
    this.judge.effect(node, effect);
    const name = `b${node.id}`;
    if (effect.kind === 'alter-partition') {
      const { isr, partitionEpoch } = effect.request;
      const members = isr.map(({ brokerId }) => brokerId).join(',');
      return this.say(`${name} proposes isr=[${members}] partition-epoch=${partitionEpoch}`);
    }
    if (effect.kind !== 'trace') return;
    const { event } = effect;
    switch (event.kind) {
      case 'role':
        if (event.role === 'leader') return this.say(`${name} leads epoch=${event.leaderEpoch}`);
        return this.say(`${name} follows b${event.leader} epoch=${event.leaderEpoch}`);
      case 'isr':
        // What is proposed is said where it is sent.
        if (node.core.status().role !== 'leader' || event.proposed !== null) return;
        return this.say(`${name} isr=[${event.isr.join(',')}] partition-epoch=${event.partitionEpoch}`);
      case 'high-watermark':
        return this.say(`${name} high-watermark=${event.offset}`);
      case 'truncate':
        return this.say(
          `${name} truncates ${event.from} to ${event.to} high-watermark=${event.highWatermark}`,
        );
    }
  }

  appended(node: Node, batches: readonly StoredBatch[]): void {
    this.judge.appended(node, batches);
    this.say(`b${node.id} appends ${batches.map(place).join(' ')} epoch=${batches.at(-1)?.leaderEpoch}`);
  }

  produced(node: Node, produce: Produce, reply: ProduceReply): void {
    this.judge.produced(node, produce, reply);
    const { errorCode, baseOffset } = reply;
    // Nothing goes to the client then, as in Kafka.
    if (produce.acks === 0) return;
    const offset = errorCode === 0 ? ` offset=${baseOffset}` : '';
    this.say(`b${node.id} answers ${produce.batches[0]?.value}: ${errorName(errorCode)}${offset}`);
  }

  read(node: Node, request: ConsumerFetch, reply: FetchReply, batches: readonly StoredBatch[]): void {
    this.judge.read(node, request, reply, batches);
    const { errorCode, highWatermark, lastStableOffset, aborted } = reply;
    if (errorCode !== 0) return this.say(`b${node.id} refuses to read: ${errorName(errorCode)}`);
    const ends = `high-watermark=${highWatermark} last-stable=${lastStableOffset}`;
    const without = aborted.map(({ firstOffset, lastOffset }) => ` aborted=${firstOffset}..${lastOffset}`);
    this.say(`b${node.id} gives [${batches.map(place).join(' ')}] ${ends}${without.join('')}`);
  }

  changed(): void {
    this.judge.changed();
  }
}

class Player {
  private narrator = new Narrator();
  private cluster = new PartitionCluster({ brokers: 1 });
  private readonly cutOff = new Set<number>();

  play([command = '', ...args]: readonly string[]): string[] {
    if (command === 'brokers') this.create(args);
    else this.act(command, args);
    const { lines } = this.narrator;
    this.narrator.lines = [];
    return lines;
  }

  private create([brokers = '3', ...settings]: readonly string[]): void {
    const pairs = settings.map((setting) => setting.split('=') as [string, string]);
    const bugs = pairs.filter(([name]) => name === 'bug').map(([, value]) => value);
    const options = pairs
      .filter(([name]) => name !== 'bug')
      .map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value] as const);
    this.narrator = new Narrator();
    this.cluster = new PartitionCluster({
      brokers: Number(brokers),
      bugs,
      options: Object.fromEntries(options),
      observer: this.narrator,
    });
    this.narrator.judge.watch(this.cluster);
    this.narrator.isQuiet = true;
    this.settle();
    this.narrator.isQuiet = false;
  }

  private act(command: string, [first = '', ...rest]: readonly string[]): void {
    const { cluster, narrator } = this;
    const { controller } = cluster;
    const id = Number(first);
    switch (command) {
      case 'produce':
        return cluster.produce(id, Number(rest[0]) as 0 | 1 | -1, [batchOf(rest.slice(1))]);
      case 'consume': {
        const isolation = rest.includes('committed') ? 'read-committed' : 'read-uncommitted';
        const number = (name: string, otherwise: number): number =>
          Number(rest.find((word) => word.startsWith(name))?.slice(name.length) ?? otherwise);
        const settings = { maxWaitMs: number('wait=', 0), leaderEpoch: number('epoch=', -1) };
        return cluster.consume(id, Number(rest[0]), isolation, settings);
      }
      case 'settle':
        return this.settle();
      case 'deliver':
      case 'drop':
        return this.move(command, id, Number(rest[0]));
      case 'metadata':
        for (const one of first === 'all' ? cluster.ids : [id]) while (cluster.metadata(one));
        return;
      case 'elapse':
        cluster.nowMs += id;
        return cluster.ids.forEach((one) => cluster.tick(one));
      case 'kill':
        return cluster.kill(id);
      case 'power-loss':
        return cluster.kill(id, 0);
      case 'restart':
      case 'flush':
        return cluster[command](id);
      case 'fence':
      case 'unfence':
        return controller[command](id);
      case 'move':
        return controller.moveLeader(id);
      case 'checkpoint':
        cluster.node(id).checkpoint = cluster.node(id).log.highWatermark;
        return;
      case 'cut':
        this.cutOff.add(id);
        return;
      case 'heal':
        this.cutOff.delete(id);
        return;
      case 'logs':
        return cluster.nodes.forEach((node) => {
          const batches = node.log.batches.map((batch) => `${batch.value}@${batch.leaderEpoch}`).join(' ');
          narrator.say(`b${node.id} [${batches}] high-watermark=${node.log.highWatermark}`);
        });
      case 'quiet':
      case 'loud':
        narrator.isQuiet = command === 'quiet';
        return;
      default:
        throw new Error(`unknown command ${command}`);
    }
  }

  /** The messages that wait between two. */
  private move(command: 'deliver' | 'drop', from: number, to: number): void {
    const { cluster } = this;
    const chosen = cluster.messages.filter((message) => message.from === from && message.to === to);
    cluster.messages = cluster.messages.filter((message) => !chosen.includes(message));
    if (command === 'deliver') chosen.forEach((message) => cluster.receive(message));
  }

  /** Everything arrives but what goes from or to those who are cut off; the controller's metadata do not reach them either. */
  private settle(): void {
    const { cluster, cutOff } = this;
    let isBusy = true;
    while (isBusy) {
      const [message] = cluster.messages.splice(0, 1);
      if (message === undefined) {
        isBusy = cluster.ids.filter((id) => !cutOff.has(id)).some((id) => cluster.metadata(id));
      } else if (!cutOff.has(message.from) && !cutOff.has(message.to)) cluster.receive(message);
      else if (message.to === CONTROLLER) this.narrator.say(`b${message.from} does not reach the controller`);
    }
  }
}

function batchOf([value = '', ...words]: readonly string[]): TestBatch {
  const settings = new Map<string, string | undefined>();
  for (const word of words) {
    const [name = '', setting] = word.split('=');
    settings.set(name, setting);
  }
  const producer = settings.get('producer');
  if (producer === undefined) return plainBatch(value);
  const batch = sequenced(value, Number(producer), Number(settings.get('sequence') ?? -1));
  const isControl = settings.has('commit') || settings.has('abort');
  return {
    ...batch,
    isControl,
    isTransactional: isControl || settings.has('open'),
    isCommit: settings.has('commit'),
  };
}
