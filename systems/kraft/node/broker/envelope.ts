/**
 * What goes into an Envelope and comes out of it (KIP-590): a client's request as it came, from whom, and the answer to it.
 *
 *     const body = wrap(exchange.frame, exchange.clientHost);
 *     exchange.respondFrame(withLength(response.responseData));
 *
 * Nobody is authenticated here, so everybody is Kafka's `User:ANONYMOUS`.
 */
import type { RequestBody } from '../../wire/apis.ts';
import { Reader, Writer } from '../../wire/bytes.ts';
import { LENGTH_BYTES } from '../../wire/frames.ts';

const PRINCIPAL_VERSION = 0;

/** `DefaultPrincipalData`: type, name, and whether a delegation token vouches for it. */
function anonymous(): Uint8Array {
  const writer = new Writer();
  writer.int16(PRINCIPAL_VERSION);
  writer.compactString('User');
  writer.compactString('ANONYMOUS');
  writer.boolean(false);
  writer.emptyTags();
  return writer.take();
}

const PRINCIPAL = anonymous();
const encoder = new TextEncoder();

/** @param frame - without its length */
export function wrap(frame: Uint8Array, clientHost: string): RequestBody<'envelope'> {
  return {
    requestData: frame,
    requestPrincipal: PRINCIPAL,
    clientHostAddress: hostBytes(clientHost),
  };
}

/** The four bytes of an address; what is none, as names of hosts in the simulator, goes as its text. */
function hostBytes(clientHost: string): Uint8Array {
  const text = clientHost.replace(/^\//, '');
  const parts = text.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : NaN));
  const isAddress = parts.length === 4 && parts.every((part) => part <= 255);
  return isAddress ? Uint8Array.from(parts) : encoder.encode(text);
}

/** A whole frame, as it goes over a connection, of what an Envelope brought. */
export function withLength(content: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + content.length);
  new DataView(frame.buffer).setInt32(0, content.length);
  frame.set(content, LENGTH_BYTES);
  return frame;
}

/** Whether an answer is one to that request; a controller that mixes them up must not reach the client. */
export function answers(content: Uint8Array, correlationId: number): boolean {
  return content.length >= LENGTH_BYTES && new Reader(content).int32() === correlationId;
}
