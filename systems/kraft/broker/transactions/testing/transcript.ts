/**
 * Runs a transcript of the transaction coordinator: commands, each followed by what it printed: records as they are appended, markers
 * as they are sent, and answers as they come.
 *
 *     > init p
 *     0 t producer 0/0 Empty
 *     p is producer 0 of epoch 0
 *
 * Commands: `coordinator [option=N …] [bug=NAME]`; of a producer NAME: `init NAME [timeout=MS]`, `add NAME TOPIC PARTITION [version=N]`,
 * `offsets NAME GROUP`, `end NAME commit|abort [version=N]`; `idempotent`; `hold`, `replicate [RECORDS]`, `fail ERROR`,
 * `hold-markers`, `deliver [TOPIC-PARTITION [ERROR]]`, `hold-ids`, `ids`, `no-ids`, `failover [RECORDS KEPT]`, `elapse MS`, `state`,
 * `epoch N` (as if it were raised so often), `outcomes`.
 */
import { replayTranscript } from '../../../../testing/transcripts.ts';
import type { ErrorName } from '../../../wire/error-codes.ts';
import { errorName } from '../../../wire/error-codes.ts';
import type { AppendError, LogRecord } from '../../coordinator-log.ts';
import { transactionRulesWith } from '../bugs.ts';
import { decodeTransaction } from '../transaction-records.ts';
import { partitionName } from '../transaction.ts';
import { TRANSACTIONAL_ID, TransactionalProducer } from './transactional-producer.ts';
import { TransactionRig } from './transaction-rig.ts';

export function runTransactionTranscript(text: string): string {
  const lines: string[] = [];
  const player = new Player((line) => lines.push(line));
  return replayTranscript(text, (words) => {
    player.play(words);
    return lines.splice(0);
  });
}

export function recordLine(offset: number, { key, value }: LogRecord): string {
  const { transactionalId, metadata } = decodeTransaction(key, value);
  if (metadata === null) return `${offset} ${transactionalId} removed`;
  const { producerId, producerEpoch, state, partitions } = metadata;
  return [
    `${offset} ${transactionalId} producer ${producerId}/${producerEpoch} ${state}`,
    ...partitions.map(partitionName),
  ].join(' ');
}

class Player {
  private rig: TransactionRig;
  private readonly producers = new Map<string, TransactionalProducer>();
  private readonly say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.say = say;
    this.rig = this.create(new Map());
  }

  private create(settings: ReadonlyMap<string, string>): TransactionRig {
    const { bug, ...options } = Object.fromEntries(settings);
    const numbers = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, Number(value)]));
    const rig = new TransactionRig(numbers, transactionRulesWith(bug === undefined ? [] : [bug]));
    rig.onAppend = (offset, record) => this.say(recordLine(offset, record));
    rig.onMarkers = ({ isCommit, producerId, producerEpoch, coordinatorEpoch, partitions }) => {
      const what = `${isCommit ? 'commit' : 'abort'} of ${producerId}/${producerEpoch}`;
      this.say(
        `marker ${what} by coordinator ${coordinatorEpoch} to ${partitions.map(partitionName).join(' ')}`,
      );
    };
    this.producers.clear();
    return rig;
  }

  private producer(name: string): TransactionalProducer {
    let producer = this.producers.get(name);
    if (producer === undefined) {
      producer = new TransactionalProducer(this.rig, name);
      producer.say = this.say;
      this.producers.set(name, producer);
    }
    return producer;
  }

  play([command = '', ...args]: readonly string[]): void {
    const settings = new Map(
      args.filter((a) => a.includes('=')).map((a) => a.split(/=(.*)/s) as [string, string]),
    );
    const words = args.filter((a) => !a.includes('='));
    const [first = '', second = '', third = ''] = words;
    const number = (name: string, fallback: number): number => Number(settings.get(name) ?? fallback);
    switch (command) {
      case 'coordinator':
        this.rig = this.create(settings);
        return;
      case 'init':
        return this.producer(first).init(number('timeout', 20_000));
      case 'idempotent':
        return this.rig.call(
          'InitProducerId',
          { transactionalId: null, transactionTimeoutMs: 0 },
          (response) =>
            this.say(`${errorName(response.errorCode)} ${response.producerId}/${response.producerEpoch}`),
        );
      case 'add':
        return this.producer(first).add(second, Number(third), number('version', 2));
      case 'offsets':
        return this.producer(first).addOffsets(second);
      case 'end':
        return this.producer(first).end(second === 'commit', number('version', 2));
      default:
        this.disturb(command, first, second);
    }
  }

  private disturb(command: string, first: string, second: string): void {
    const { rig, say } = this;
    switch (command) {
      case 'hold':
        rig.isHeld = true;
        return;
      case 'replicate':
        if (first === '') rig.isHeld = false;
        return rig.replicate(first === '' ? Infinity : Number(first));
      case 'fail':
        return rig.fail(first as AppendError);
      case 'hold-markers':
        rig.areMarkersHeld = true;
        return;
      case 'deliver': {
        if (first === '') {
          rig.areMarkersHeld = false;
          return rig.deliverAll();
        }
        const found = rig.markers.find(({ partition }) => partitionName(partition) === first);
        if (found === undefined) return say(`no marker to ${first}`);
        return rig.deliver(found, second === '' ? undefined : (second as ErrorName));
      }
      case 'hold-ids':
        rig.areIdsHeld = true;
        return;
      case 'ids':
        return rig.giveIds();
      case 'no-ids':
        return rig.refuseIds();
      case 'failover':
        rig.isHeld = false;
        return rig.failover(Number(first));
      case 'elapse':
        return rig.elapse(Number(first));
      case 'epoch': {
        const transaction = rig.coordinator.transaction(TRANSACTIONAL_ID);
        if (transaction !== undefined)
          transaction.metadata = { ...transaction.metadata, producerEpoch: Number(first) };
        return;
      }
      case 'state': {
        const transaction = rig.coordinator.transaction(TRANSACTIONAL_ID);
        if (transaction === undefined) return say('unknown');
        const { metadata, pending } = transaction;
        return say([metadata.state, pending === null ? '' : `becoming ${pending}`].filter(Boolean).join(' '));
      }
      case 'outcomes':
        for (const [name, { outcomes }] of rig.data) {
          say(`${name}: ${outcomes.map(({ label, outcome }) => `${label} ${outcome}`).join(', ')}`);
        }
        return;
      default:
        say(`no command ${command}`);
    }
  }
}
