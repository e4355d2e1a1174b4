/**
 * Runs a transcript of the controller: a text file of commands, each followed by what it printed.
 *
 *     # A broker registers fenced and is unfenced when it has seen that.
 *     > register 1
 *     3 register-broker 1 epoch=3 fenced
 *     1 has epoch 3
 *     > beat 1
 *     …
 *
 * Commands: `cluster [option=value …] [bug=NAME]`, `start ID …`, `register ID [process=N] [previous=EPOCH] [rack=R]`,
 * `beat ID [offset=N] [epoch=N] [fence] [shutdown]`, `elapse MS`, `tick`, `unregister ID`,
 * `create NAME [partitions=N] [factor=N] [0=1,2 1=2,3 …] [validate] [CONFIG=VALUE …]`, `grow NAME COUNT [1,2 …]`, `delete NAME …`,
 * `config NAME set|delete|append|subtract KEY[=VALUE]` (NAME `*`: all brokers), `elect preferred|unclean [NAME PARTITION]`,
 * `isr LEADER NAME PARTITION 1,2[@EPOCH] [epoch=N] [partition=N] [recovering]`, `reassign NAME PARTITION 1,2,3|cancel`, `reassignments`,
 * `producer-ids ID`, `hold` and `commit` (records wait, are committed), `failover`, `image`.
 */
import { replayTranscript } from '../../../testing/transcripts.ts';
import { ERROR_CODES } from '../errors.ts';
import type { ItemResult } from '../errors.ts';
import type { Outcome } from '../controller-core.ts';
import type { MetadataRecord } from '../metadata-records.ts';
import { RESOURCE } from '../metadata-records.ts';
import { listReassignments } from '../reassignment.ts';
import { ControllerRig } from './controller-rig.ts';
import { imageLines, recordLine } from './narrate.ts';

export function runTranscript(text: string): string {
  const player = new Player();
  return replayTranscript(text, (words) => player.play(words));
}

const numbers = (text: string): number[] => text.split(',').map(Number);

class Player {
  private rig = new ControllerRig();
  private output: string[] = [];
  private isHeld = false;
  private readonly processes = new Map<number, number>();

  play([command = '', ...args]: readonly string[]): string[] {
    const settings = new Map(
      args.filter((a) => a.includes('=')).map((a) => a.split(/=(.*)/s) as [string, string]),
    );
    const words = args.filter((a) => !a.includes('='));
    this.act(command, words, settings);
    const { output } = this;
    this.output = [];
    return output;
  }

  private say(line: string): void {
    this.output.push(line);
  }

  private run<T>(outcome: Outcome<T>, describe: (response: T) => string | readonly string[]): void {
    const { rig } = this;
    const records = rig.perform(
      outcome,
      (response) => [describe(response)].flat().forEach((line) => this.say(line)),
      ({ error, message }) => this.say(`refused: ${error} (${message})`),
    );
    const base = outcome.kind === 'decision' ? outcome.baseOffset : 0;
    records.forEach((record: MetadataRecord, i) =>
      this.say(`${base + i} ${recordLine(rig.core.latestImage, record)}`),
    );
    rig.core.invariants();
    if (!this.isHeld) rig.commit();
  }

  private act(command: string, words: readonly string[], settings: ReadonlyMap<string, string>): void {
    const { rig } = this;
    const { core, nowMs } = rig;
    const [first = '', second = '', third = '', fourth = ''] = words;
    const number = (name: string, fallback: number): number => Number(settings.get(name) ?? fallback);
    switch (command) {
      case 'cluster':
        return this.create(settings);
      case 'start':
        return words.forEach((word) => {
          this.register(Number(word), settings);
          this.beat(Number(word), [], new Map());
        });
      case 'register':
        return this.register(Number(first), settings);
      case 'beat':
        return this.beat(Number(first), words, settings);
      case 'elapse':
        rig.nowMs += Number(first);
        return;
      case 'tick':
        return this.run(core.tick(nowMs), () => []);
      case 'unregister':
        return this.run(core.unregisterBroker(nowMs, Number(first)), () => `${first} is gone`);
      case 'create':
        return this.createTopic(first, words.includes('validate'), settings);
      case 'grow': {
        const assignments = words.length > 2 ? words.slice(2).map(numbers) : null;
        const topics = [{ name: first, count: Number(second), assignments }];
        return this.run(core.createPartitions(nowMs, { topics, validateOnly: false }), (r) =>
          r.map(itemLine),
        );
      }
      case 'delete':
        return this.run(
          core.deleteTopics(
            nowMs,
            words.map((name) => ({ name })),
          ),
          (r) => r.map(itemLine),
        );
      case 'config':
        return this.config(first, second, third, settings);
      case 'elect': {
        const partitions = second === '' ? null : [{ topic: second, partitionId: Number(third) }];
        const request = { type: first as 'preferred' | 'unclean', partitions };
        return this.run(core.electLeaders(nowMs, request), (r) => r.map(itemLine));
      }
      case 'isr':
        return this.isr(Number(first), second, Number(third), fourth, words, settings);
      case 'reassign': {
        const replicas = third === 'cancel' ? null : numbers(third);
        const requests = [{ topic: first, partitionId: Number(second), replicas }];
        return this.run(core.alterReassignments(nowMs, requests), (r) => r.map(itemLine));
      }
      case 'reassignments':
        return listReassignments(core.image, null).forEach((r) =>
          this.say(
            `${r.topic}-${r.partitionId} adding [${r.adding.join(' ')}] removing [${r.removing.join(' ')}]`,
          ),
        );
      case 'producer-ids':
        return this.run(
          core.allocateProducerIds(nowMs, {
            brokerId: Number(first),
            brokerEpoch: this.epochOf(Number(first)),
          }),
          ({ firstId, count }) => `${firstId} to ${firstId + count - 1}`,
        );
      case 'hold':
        this.isHeld = true;
        return;
      case 'commit':
        this.isHeld = false;
        return rig.commit(number('batches', Infinity));
      case 'failover':
        this.isHeld = false;
        return rig.failover();
      case 'image':
        return imageLines(rig.core.latestImage ?? rig.core.image).forEach((line) => this.say(line));
      default:
        throw new Error(`unknown command ${command}`);
    }
  }

  private create(settings: ReadonlyMap<string, string>): void {
    const bugs = settings.has('bug') ? [settings.get('bug') as string] : [];
    const options = [...settings].filter(([name]) => name !== 'bug');
    const parsed = Object.fromEntries(options.map(([name, value]) => [name, JSON.parse(value) as unknown]));
    this.rig = new ControllerRig({ options: parsed, bugs });
    this.processes.clear();
  }

  private epochOf(id: number): number {
    return this.rig.core.latestImage?.brokers.get(id)?.epoch ?? -1;
  }

  private register(id: number, settings: ReadonlyMap<string, string>): void {
    const process = Number(settings.get('process') ?? (this.processes.get(id) ?? 0) + 1);
    this.processes.set(id, process);
    const request = {
      clusterId: settings.get('cluster') ?? 'cluster',
      brokerId: id,
      incarnationId: `process-${process}-of-broker-${id}`,
      endPoints: [{ name: 'PLAINTEXT', host: `broker-${id}`, port: 9092, securityProtocol: 0 }],
      features: [],
      rack: settings.get('rack') ?? null,
      logDirs: [settings.get('directory') ?? `directory-of-${id}`],
      previousBrokerEpoch: Number(settings.get('previous') ?? -1),
    };
    this.run(
      this.rig.core.registerBroker(this.rig.nowMs, request),
      (r) => `broker ${id} has epoch ${r.brokerEpoch}`,
    );
  }

  private beat(id: number, words: readonly string[], settings: ReadonlyMap<string, string>): void {
    const request = {
      brokerId: id,
      brokerEpoch: Number(settings.get('epoch') ?? this.epochOf(id)),
      metadataOffset: Number(settings.get('offset') ?? this.rig.log.length - 1),
      wantsFence: words.includes('fence'),
      wantsShutdown: words.includes('shutdown'),
    };
    this.run(this.rig.core.heartbeat(this.rig.nowMs, request), (r) => {
      const state = [r.isCaughtUp ? 'caught up' : 'behind', r.isFenced ? 'fenced' : 'unfenced'];
      return `broker ${id} is ${[...state, ...(r.shouldShutDown ? ['to shut down'] : [])].join(', ')}`;
    });
  }

  private createTopic(name: string, validateOnly: boolean, settings: ReadonlyMap<string, string>): void {
    const entries = [...settings];
    const manual = entries.filter(([key]) => /^\d+$/.test(key));
    const configs = entries.filter(([key]) => !/^(\d+|partitions|factor)$/.test(key));
    const topic = {
      name,
      partitions: Number(settings.get('partitions') ?? -1),
      replicationFactor: Number(settings.get('factor') ?? -1),
      assignments:
        manual.length > 0 ? new Map(manual.map(([key, value]) => [Number(key), numbers(value)])) : null,
      configs: Object.fromEntries(configs),
    };
    this.run(this.rig.core.createTopics(this.rig.nowMs, { topics: [topic], validateOnly }), (r) =>
      r.map(itemLine),
    );
  }

  private config(name: string, operation: string, key: string, settings: ReadonlyMap<string, string>): void {
    const [[setKey, value] = [key, null]] = [...settings] as [string, string][];
    const change = { name: setKey, operation: operation as 'set', value };
    const resource =
      name === '*'
        ? { type: RESOURCE.broker, name: '', changes: [change] }
        : { type: RESOURCE.topic, name, changes: [change] };
    const request = { resources: [resource], validateOnly: false };
    this.run(this.rig.core.alterConfigs(this.rig.nowMs, request), (r) => r.map(itemLine));
  }

  private isr(
    leader: number,
    name: string,
    partitionId: number,
    members: string,
    words: readonly string[],
    settings: ReadonlyMap<string, string>,
  ): void {
    const image = this.rig.core.latestImage;
    const topic = image?.topicByName(name);
    const partition = topic?.partitions.get(partitionId);
    const isr = members.split(',').map((member) => {
      const [id, epoch] = member.split('@').map(Number) as [number, number | undefined];
      return { brokerId: id, brokerEpoch: epoch ?? this.epochOf(id) };
    });
    const proposal = {
      topicId: topic?.id ?? 'no-such-topic',
      partitionId,
      leaderEpoch: Number(settings.get('epoch') ?? partition?.leaderEpoch),
      partitionEpoch: Number(settings.get('partition') ?? partition?.partitionEpoch),
      isr,
      leaderRecoveryState: words.includes('recovering') ? ('recovering' as const) : ('recovered' as const),
    };
    const request = { brokerId: leader, brokerEpoch: this.epochOf(leader), partitions: [proposal] };
    this.run(this.rig.core.alterPartition(this.rig.nowMs, request), (results) =>
      results.map(({ error }) => `${name}-${partitionId}: ${error}`),
    );
  }
}

function itemLine(
  item: ItemResult & {
    readonly name?: string | null;
    readonly topic?: string;
    readonly partitionId?: number;
  },
): string {
  const where = item.topic === undefined ? (item.name ?? '') : `${item.topic}-${item.partitionId}`;
  if (!(item.error in ERROR_CODES)) throw new Error(`${item.error} has no code`);
  return `${where === '' ? 'all brokers' : where}: ${item.error}${item.message === null ? '' : ` (${item.message})`}`;
}
