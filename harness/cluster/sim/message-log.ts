/**
 * Writes down what goes over the simulated network, and what became of it. It changes nothing.
 *
 *     const log = new MessageLog(() => scheduler.now, () => system.describeMessages?.());
 *     const note = log.sent({ bytes, from: 'n1', to: 'n2', connection: null, isAnswer: false });
 *     note?.arrived();
 *     log.records
 */
import type { MessageRecord } from '../../history/messages.ts';
import type { DescribeMessage, MessageText, SentMessage } from '../../../systems/runtime/message-text.ts';

/** A diagram of more is none. */
const MESSAGES_MAX = 20_000;
/** Of a message that is a text by itself. */
const TEXT_CHARACTERS_MAX = 60;

/** One message, until it is known what became of it. */
export class MessageNote {
  readonly #now: () => number;
  #record: MessageRecord;

  constructor(now: () => number, record: MessageRecord) {
    this.#now = now;
    this.#record = record;
  }

  get record(): MessageRecord {
    return this.#record;
  }

  arrived(): void {
    this.#record = { ...this.#record, arrived: this.#now(), fate: 'arrived' };
  }

  dropped(): void {
    this.#record = { ...this.#record, fate: 'dropped' };
  }
}

export class MessageLog {
  readonly #now: () => number;
  readonly #describe: DescribeMessage;
  readonly #notes: MessageNote[] = [];
  #connections = 0;

  /**
   * @param now - nanoseconds since the run began
   * @param describeMessages - of the system, which may be somebody's own: what it throws leaves messages as plain text
   */
  constructor(now: () => number, describeMessages: () => DescribeMessage | undefined) {
    this.#now = now;
    this.#describe = guarded(describeMessages) ?? (() => null);
  }

  /** In the order in which they were sent; the first so many. */
  get records(): readonly MessageRecord[] {
    return this.#notes.map(({ record }) => record);
  }

  /** A number for a connection, of which both directions are described. */
  nextConnection(): number {
    return this.#connections++;
  }

  /** Null: enough is written down. */
  sent(message: SentMessage, { isCopy = false } = {}): MessageNote | null {
    if (this.#notes.length >= MESSAGES_MAX) return null;
    const { from, to } = message;
    const { text, isRoutine = false } =
      guarded(() => wellFormed(this.#describe(message))) ?? plainText(message.bytes);
    const note = new MessageNote(this.#now, {
      from,
      to,
      sent: this.#now(),
      arrived: null,
      fate: 'unseen',
      text,
      ...(isRoutine ? { isRoutine } : undefined),
      ...(isCopy ? { isCopy } : undefined),
    });
    this.#notes.push(note);
    return note;
  }
}

/** Null where it throws: the diagram must not change the run. */
function guarded<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}

function wellFormed(told: MessageText | null): MessageText | null {
  return typeof told?.text === 'string' ? { text: told.text, isRoutine: told.isRoutine === true } : null;
}

/** Of a system that does not describe its messages: many are lines of text. */
function plainText(bytes: Uint8Array): MessageText {
  const text = new TextDecoder().decode(bytes).trim();
  const isText = text !== '' && !/\p{Cc}|\ufffd/u.test(text.replaceAll(/\s/g, ''));
  if (!isText) return { text: `${bytes.length} bytes` };
  const [line = ''] = text.split('\n');
  return { text: line.length > TEXT_CHARACTERS_MAX ? `${line.slice(0, TEXT_CHARACTERS_MAX)}…` : line };
}
