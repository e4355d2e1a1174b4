// A replicated key-value store, and a naive one: each node answers from its own memory, and tells the others afterwards.
//
//     node kv-server.mjs HOST PORT PEER…      PEER is host:port
//
//     GET /x                                  200 and the value as JSON, null where there is none
//     PUT /x {"value": 7}                     204
//     PUT /x {"value": 7, "expected": 3}      204, or 412 where the value is not 3
import { createServer } from 'node:http';

const [host, port, ...peers] = process.argv.slice(2);
const REPLICATION_DELAY_MS = 10;
const values = new Map();

const server = createServer(async (request, response) => {
  const key = request.url;
  if (request.method === 'GET') return response.end(values.get(key) ?? 'null');

  let body = '';
  for await (const chunk of request) body += chunk;
  const { value, expected, isCopy } = JSON.parse(body);
  const isRefused = expected !== undefined && values.get(key) !== JSON.stringify(expected);
  if (!isRefused) values.set(key, JSON.stringify(value));
  response.writeHead(isRefused ? 412 : 204).end();

  if (isRefused || isCopy) return;
  const copy = { method: 'PUT', body: JSON.stringify({ value, isCopy: true }) };
  setTimeout(() => {
    for (const peer of peers) fetch(`http://${peer}${key}`, copy).catch(() => {});
  }, REPLICATION_DELAY_MS);
});
server.listen(Number(port), host);
