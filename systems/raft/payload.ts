/**
 * What a log entry carries. A client encodes its command once; the leader checks it and passes the same bytes
 * on to its log, its followers and its disk.
 *
 *     payload := 0                                                 no-op: a new leader's first entry
 *              | 1 nonce:varint                                    register a client session; its id is the entry's index
 *              | 2 session:varint sequence:varint op:u8 key:string value(s)
 *              | 3 configuration                                   reserved for membership changes
 *     op      := 1 write value | 2 cas expected new | 3 append element | 4 add number | 5 delete
 */
import type { Json } from '../../harness/history/operation.ts';
import { MalformedError, Reader, Writer } from './bytes.ts';
import { readValue, writeValue } from './values.ts';

export type CommandName = 'write' | 'cas' | 'append' | 'add' | 'delete';

export interface Command {
  readonly kind: 'command';
  readonly session: number;
  readonly sequence: number;
  readonly op: CommandName;
  readonly key: string;
  /** What is written, appended or added; null for delete. */
  readonly value: Json;
  /** Of cas; null otherwise. */
  readonly expected: Json;
}

export type Payload =
  { readonly kind: 'noop' } | { readonly kind: 'register'; readonly nonce: number } | Command;

const KIND = { noop: 0, register: 1, command: 2 } as const;
const OPS: readonly (CommandName | undefined)[] = [undefined, 'write', 'cas', 'append', 'add', 'delete'];
const OP_CODES: Readonly<Record<CommandName, number>> = { write: 1, cas: 2, append: 3, add: 4, delete: 5 };

/** A kind byte beyond the payloads', for requests that never enter the log. */
export const FIRST_REQUEST_KIND = 16;

export function writePayload(writer: Writer, payload: Payload): void {
  switch (payload.kind) {
    case 'noop':
      writer.u8(KIND.noop);
      return;
    case 'register':
      writer.u8(KIND.register);
      writer.varint(payload.nonce);
      return;
    case 'command':
      writer.u8(KIND.command);
      writer.varint(payload.session);
      writer.varint(payload.sequence);
      writer.u8(OP_CODES[payload.op]);
      writer.string(payload.key);
      if (payload.op === 'cas') writeValue(writer, payload.expected);
      if (payload.op !== 'delete') writeValue(writer, payload.value);
  }
}

/** @throws MalformedError */
export function readPayload(reader: Reader): Payload {
  const kind = reader.u8();
  switch (kind) {
    case KIND.noop:
      return { kind: 'noop' };
    case KIND.register:
      return { kind: 'register', nonce: reader.varint() };
    case KIND.command: {
      const session = reader.varint();
      const sequence = reader.varint();
      const code = reader.u8();
      const op = OPS[code];
      if (op === undefined) throw new MalformedError(`unknown command ${code}`);
      const key = reader.string();
      const expected = op === 'cas' ? readValue(reader) : null;
      const value = op === 'delete' ? null : readValue(reader);
      if (op === 'add' && typeof value !== 'number') throw new MalformedError('add of what is no number');
      return { kind: 'command', session, sequence, op, key, value, expected };
    }
    default:
      throw new MalformedError(`unknown entry kind ${kind}`);
  }
}

/** @throws MalformedError, also when bytes are left over */
export function decodePayload(bytes: Uint8Array): Payload {
  const reader = new Reader(bytes);
  const payload = readPayload(reader);
  reader.finish();
  return payload;
}

export function encodePayload(payload: Payload): Uint8Array {
  const writer = new Writer(64);
  writePayload(writer, payload);
  return writer.take();
}
