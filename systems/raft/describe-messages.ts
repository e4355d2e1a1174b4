/** What Raft's messages say, for diagrams: `vote? term 3`, `append term 3: 1 entry after 4`, `k2 = 7 is at 5`. */
import type { DescribeMessage, MessageText, SentMessage } from '../runtime/message-text.ts';
import { MalformedError } from './bytes.ts';
import { ERRORS, RESULT } from './errors.ts';
import { decodeMessage, type Message } from './messages.ts';
import type { Payload } from './payload.ts';
import { type ClientReply, decodeReply, decodeRequest, FrameReader, type Request } from './protocol.ts';

/** Of frames that were sent, and so are no larger than nodes take. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/** Remembers what was said last on each way: what only says it again is routine. */
export function describeMessages(): DescribeMessage {
  const last = new Map<string, string>();
  return (message) => {
    try {
      return message.connection === null ? ofPeers(message, last) : { text: framesOf(message).join('; ') };
    } catch (error) {
      if (error instanceof MalformedError) return null;
      throw error;
    }
  };
}

function ofPeers({ bytes, from, to }: SentMessage, last: Map<string, string>): MessageText {
  const message = decodeMessage(bytes);
  const text = messageText(message);
  const isHeartbeat =
    (message.kind === 'append' && message.entries.length === 0) ||
    (message.kind === 'append-reply' && !message.rejected);
  const way = `${from} ${to}`;
  const isRoutine = isHeartbeat && last.get(way) === text;
  last.set(way, text);
  return isRoutine ? { text, isRoutine } : { text };
}

function messageText(message: Message): string {
  const { kind, term } = message;
  switch (kind) {
    case 'pre-vote':
    case 'vote':
      return `${kind}? term ${term}, log to ${message.lastIndex} (term ${message.lastTerm})`;
    case 'pre-vote-reply':
    case 'vote-reply':
      return `${message.granted ? 'granted' : 'refused'}, term ${term}`;
    case 'append': {
      const { entries, prevIndex, prevTerm, commit } = message;
      const terms = [...new Set(entries.map((entry) => entry.term))].join(', ');
      const what =
        entries.length === 0
          ? 'nothing new'
          : `${entries.length === 1 ? 'entry' : 'entries'} ${rangeOf(prevIndex + 1, entries.length)} of term ${terms}`;
      return `append term ${term}: ${what}, after ${prevIndex} (term ${prevTerm}), commit ${commit}`;
    }
    case 'append-reply':
      return message.rejected
        ? `refused, term ${term}: not after ${message.prevIndex}`
        : `has up to ${message.match}, term ${term}`;
    case 'snapshot':
      return `snapshot up to ${message.index} (term ${message.snapshotTerm}), from byte ${message.offsetBytes}`;
    case 'snapshot-reply':
      return message.installed ? `installed ${message.index}` : `has ${message.offsetBytes} bytes of it`;
  }
}

const rangeOf = (first: number, count: number): string =>
  count === 1 ? String(first) : `${first}–${first + count - 1}`;

function framesOf({ bytes, isAnswer }: SentMessage): readonly string[] {
  const texts: string[] = [];
  const frames = new FrameReader(FRAME_BYTES_MAX, (content, begin, end) => {
    texts.push(
      isAnswer
        ? replyText(decodeReply(content, begin, end))
        : requestText(decodeRequest(content, begin, end)),
    );
  });
  frames.push(bytes);
  return texts;
}

function requestText(request: Request): string {
  return request.kind === 'read' ? `read ${request.key}` : payloadText(request.payload);
}

function payloadText(payload: Payload): string {
  if (payload.kind === 'noop') return 'no-op';
  if (payload.kind === 'register') return 'open a session';
  const { op, key, expected, value } = payload;
  if (op === 'delete') return `delete ${key}`;
  if (op === 'cas') return `cas ${key} ${JSON.stringify(expected)} → ${JSON.stringify(value)}`;
  return `${op} ${key} ${JSON.stringify(value)}`;
}

function replyText({ code, term, index, value, leader }: ClientReply): string {
  if (code === RESULT.ok)
    return index > 0 ? `ok: index ${index} of term ${term}` : `ok: ${JSON.stringify(value)}`;
  const name = ERRORS.find((error) => error.code === code)?.name ?? `code ${code}`;
  return leader === null ? name : `${name}: ask ${leader}`;
}
