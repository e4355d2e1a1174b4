/** What every judge of a log needs: the columns, the logs, where findings go, and how to speak of them. */
import { describeJson } from '../linearizability/model.ts';
import type { Json } from '../../harness/history/operation.ts';
import type { SequencePicture } from '../checker.ts';
import type { Pace } from '../findings/pace.ts';
import type { LogFindings } from './findings.ts';
import { FAILED, IN_DOUBT, NONE } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import type { Logs } from './logs.ts';
import type { LogOptions } from './options.ts';
import { drawLog } from './picture.ts';
import type { PictureRequest } from './picture.ts';

export class Judgement {
  readonly ledger: Ledger;
  readonly logs: Logs;
  readonly findings: LogFindings;
  readonly options: LogOptions;
  /** Whoever goes through many rows asks it at each whether time is up, and stops then. */
  readonly pace: Pace;

  constructor(ledger: Ledger, logs: Logs, findings: LogFindings, options: LogOptions, pace: Pace) {
    this.ledger = ledger;
    this.logs = logs;
    this.findings = findings;
    this.options = options;
    this.pace = pace;
  }

  draw(request: PictureRequest): SequencePicture {
    return drawLog(this.logs, request);
  }

  value(id: number): string {
    return describeJson(this.ledger.values[id] as Json);
  }

  key(id: number): string {
    return this.ledger.keyNames[id] as string;
  }

  keyOfValue(id: number): string {
    return this.key(this.ledger.valueKey.at(id));
  }

  slot(slot: number): string {
    return `offset ${this.logs.offsets[slot] as number}`;
  }

  /** Invocation and completion. */
  operationsOfSend(send: number): readonly (number | undefined)[] {
    return send === NONE ? [] : [this.ledger.sendOperation.at(send), this.ledger.completionOf(send)?.index];
  }

  invocationOf(completion: number): number | undefined {
    return this.ledger.history.invocationOf(completion)?.index;
  }

  /** `7, sent to x by operation 4 and acknowledged at offset 3 by operation 5`. */
  send(send: number): string {
    const { ledger } = this;
    const what =
      `${this.value(ledger.sendValue.at(send))}, sent to ${this.key(ledger.sendKey.at(send))} ` +
      `in operation ${ledger.sendOperation.at(send)}`;
    const completion = ledger.completionOf(send)?.index ?? NONE;
    const outcome = ledger.sendOutcome.at(send);
    const offset = ledger.sendOffset.at(send);
    const at = Number.isNaN(offset) ? '' : ` at offset ${offset}`;
    if (outcome === FAILED) return `${what}, which failed in operation ${completion},`;
    if (outcome === IN_DOUBT) return `${what}, whose outcome is in doubt,`;
    return `${what} and acknowledged${at} in operation ${completion},`;
  }

  isTransaction(operation: number): boolean {
    return this.ledger.history.operations[operation]?.f === 'txn';
  }
}
