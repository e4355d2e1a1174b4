/**
 * A replicated key-value store as a program on Shaketable's Runtime, and a naive one: each node answers from its own memory,
 * and tells the others afterwards.
 *
 * It touches the world through `runtime` alone (no `node:*`, no Date, no setTimeout), so that the same code runs in the
 * simulator, as a child process and in a container. Your own Raft node would stand here.
 */
import { decodeJson, encodeJson, type Json, type NodeProgram, onJson, sendJson } from 'shaketable';

export const PORT = 7000;

/** What a client sends, one at a time. */
export type Request =
  | { readonly f: 'read'; readonly key: string }
  | { readonly f: 'write'; readonly key: string; readonly value: Json }
  | { readonly f: 'cas'; readonly key: string; readonly value: Json; readonly expected: Json };

export type Reply = { readonly value: Json } | { readonly error: 'precondition-failed' };

export const kvNode: NodeProgram = (runtime, { name, peers }) => {
  const values = new Map<string, Json>();

  const answer = (request: Request): Reply => {
    const { f, key } = request;
    const before = values.get(key) ?? null;
    if (f === 'read') return { value: before };
    if (f === 'cas' && before !== request.expected) return { error: 'precondition-failed' };
    values.set(key, request.value);
    for (const peer of peers) {
      if (peer !== name) runtime.sendDatagram(peer, encodeJson({ key, value: request.value }));
    }
    return { value: request.value };
  };

  runtime.onDatagram((_from, bytes) => {
    const { key, value } = decodeJson(bytes) as { readonly key: string; readonly value: Json };
    values.set(key, value);
  });
  runtime.listen(PORT, (connection) => {
    onJson(connection, (request) => sendJson(connection, answer(request as Request)));
  });
  // Who leads is asked for here, by nemeses and by the report.
  return { status: () => ({ role: 'replica', term: 0, leader: null }) };
};
