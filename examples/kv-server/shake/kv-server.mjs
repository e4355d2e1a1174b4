// A replicated key-value store, and a naive one: each node answers from its own memory, and tells the others afterwards.
//
//     node kv-server.mjs NUMBER HOST NODE…    NODE is host:port of each node in order, the NUMBERth is this one
//
//     GET /x                                  200 and the value as JSON, null where there is none
//     PUT /x {"value": 7}                     204
//     PUT /x {"value": 7, "expected": 3}      204, or 412 where the value is not 3
import { createServer } from 'node:http';

const [number, host, ...nodes] = process.argv.slice(2);
const own = nodes[number - 1];
const REPLICATION_DELAY_MS = 10;
const values = new Map();

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const key = request.url;
  if (request.method === 'GET') return response.end(values.get(key) ?? 'null');

  const { value, expected, isCopy } = JSON.parse(body);
  const isRefused = expected !== undefined && values.get(key) !== JSON.stringify(expected);
  if (!isRefused) values.set(key, JSON.stringify(value));
  response.writeHead(isRefused ? 412 : 204).end();

  if (!isRefused && !isCopy) setTimeout(() => replicate(key, value), REPLICATION_DELAY_MS);
});

function replicate(key, value) {
  const copy = { method: 'PUT', body: JSON.stringify({ value, isCopy: true }) };
  for (const peer of nodes.filter((node) => node !== own))
    fetch(`http://${peer}${key}`, copy).catch(() => {});
}

server.listen(Number(own.split(':').at(-1)), host);
