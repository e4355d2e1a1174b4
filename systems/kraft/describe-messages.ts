/** What goes between clients, brokers and controllers, for diagrams: the name of the request, and what it answers. */
import type { DescribeMessage, MessageText, SentMessage } from '../runtime/message-text.ts';
import { MalformedError } from './wire/codec-error.ts';
import { apiByKey } from './wire/apis.ts';
import { DEFAULT_FRAME_BYTES_MAX, FrameReader } from './wire/frames.ts';

/** Correlation ids of a connection that are remembered. */
const REQUESTS_MAX = 1024;
/** Sent again and again while nothing happens. */
const ROUTINE: ReadonlySet<string> = new Set(['fetch', 'heartbeat', 'brokerHeartbeat', 'apiVersions']);

/** Remembers the requests of each connection, since an answer only has their number. */
export function describeMessages(): DescribeMessage {
  const requests = new Map<string, string>();
  return (message) => {
    if (message.connection === null) return null;
    try {
      return framesOf(message, requests);
    } catch (error) {
      if (error instanceof MalformedError) return null;
      throw error;
    }
  };
}

function framesOf({ bytes, connection, isAnswer }: SentMessage, requests: Map<string, string>): MessageText {
  const texts: string[] = [];
  let isRoutine = true;
  const frames = new FrameReader(DEFAULT_FRAME_BYTES_MAX, (frame) => {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const correlationId = view.getInt32(isAnswer ? 0 : 4);
    const key = `${String(connection)} ${correlationId}`;
    const name = isAnswer
      ? (requests.get(key) ?? 'unknown')
      : (apiByKey(view.getInt16(0))?.name ?? 'unknown');
    if (isAnswer) requests.delete(key);
    else if (requests.size < REQUESTS_MAX) requests.set(key, name);
    texts.push(isAnswer ? `answer to ${name}` : `${name} v${view.getInt16(2)}`);
    isRoutine &&= ROUTINE.has(name);
  });
  frames.push(bytes);
  const text = texts.join('; ');
  return isRoutine ? { text, isRoutine } : { text };
}
