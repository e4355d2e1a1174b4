/**
 * JSON values over a connection of the Runtime, one a line: enough of a protocol for a node and its client.
 *
 *     runtime.listen(7000, (connection) => onJson(connection, (value) => sendJson(connection, { echo: value })));
 */
import type { Json } from '../harness/history/operation.ts';
import type { Connection } from '../systems/runtime/runtime.ts';

/** Longer lines are of somebody who speaks another protocol: the connection is closed. */
const LINE_CHARACTERS_MAX = 16 * 1024 * 1024;

const encoder = new TextEncoder();

export function sendJson(connection: Connection, value: Json): void {
  connection.write(encoder.encode(`${JSON.stringify(value)}\n`));
}

/** Calls back with every value that comes. Who sends what is no JSON is hung up on. */
export function onJson(connection: Connection, callback: (value: Json) => void): void {
  const decoder = new TextDecoder();
  let rest = '';
  connection.onData((bytes) => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_CHARACTERS_MAX) connection.close();
    for (const line of lines) {
      const value = parse(line);
      if (value === undefined) {
        connection.close();
        return;
      }
      callback(value);
    }
  });
}

/** A datagram of one JSON value: for `runtime.sendDatagram`. */
export const encodeJson = (value: Json): Uint8Array<ArrayBuffer> => encoder.encode(JSON.stringify(value));

/** @throws SyntaxError for bytes that are no JSON */
export const decodeJson = (bytes: Uint8Array): Json => JSON.parse(new TextDecoder().decode(bytes)) as Json;

function parse(line: string): Json | undefined {
  try {
    return JSON.parse(line) as Json;
  } catch {
    return undefined;
  }
}
