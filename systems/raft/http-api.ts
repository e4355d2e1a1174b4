/**
 * The key API and the status page of a real node, without the sockets: a request in, a response out.
 *
 *     GET  /                   status, for people        GET    /status        the same as JSON
 *     GET  /keys/K             a linearizable read       PUT    /keys/K        write; the body is JSON
 *     POST /keys/K/append      append an element         DELETE /keys/K
 *     POST /keys/K/add         add a number              POST   /keys/K/cas    [expected, new]
 *
 * Any node answers: it is itself a client of the cluster and goes to the leader. Statuses: 200 done, 404 no such
 * key, 409 the compare-and-set saw another value, 422 wrong type, 503 certainly not done, 504 not known.
 */
import type { Json } from '../../harness/history/operation.ts';
import type { Client, Completion, Invocation } from '../../harness/interpreter/client.ts';
import type { NodeStatus } from '../runtime/node-program.ts';

export interface HttpRequest {
  readonly method: string;
  /** As in the request line. */
  readonly path: string;
  readonly body: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const json = (status: number, value: Json): HttpResponse => ({
  status,
  contentType: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

const refusal = (status: number, error: string): HttpResponse => json(status, { error });

/** Clients are single-threaded: one for each request under way, kept for the next. */
const MAX_CLIENTS = 64;

export class HttpApi {
  private readonly openClient: () => Promise<Client>;
  private readonly status: () => NodeStatus;
  private readonly idle: Client[] = [];
  private busy = 0;

  constructor(openClient: () => Promise<Client>, status: () => NodeStatus) {
    this.openClient = openClient;
    this.status = status;
  }

  async answer(request: HttpRequest): Promise<HttpResponse> {
    const { method, path } = request;
    if (path === '/' || path === '/status') {
      if (method !== 'GET') return refusal(405, `${path} takes GET`);
      return path === '/' ? statusPage(this.status()) : json(200, this.status());
    }
    const invocation = invocationOf(request);
    if ('contentType' in invocation) return invocation;
    if (this.busy >= MAX_CLIENTS) return refusal(503, 'too many requests under way');
    this.busy++;
    try {
      return responseTo(invocation, await this.invoke(invocation));
    } finally {
      this.busy--;
    }
  }

  private async invoke(invocation: Invocation): Promise<Completion> {
    const client = this.idle.pop() ?? (await this.openClient());
    const completion = await client.invoke(invocation);
    if (completion.type === 'info') client.close();
    else this.idle.push(client);
    return completion;
  }
}

const ACTIONS = ['append', 'add', 'cas'];

function invocationOf(request: HttpRequest): Invocation | HttpResponse {
  const match = /^\/keys\/([^/]+)(?:\/([a-z]+))?$/.exec(request.path);
  const action = match?.[2];
  if (match === null || (action !== undefined && !ACTIONS.includes(action))) {
    return refusal(404, 'there is /, /status, /keys/K and /keys/K/append, /add, /cas');
  }
  let key: string;
  try {
    key = decodeURIComponent(match[1] as string);
  } catch {
    return refusal(400, 'the key is not URL-encoded');
  }
  const { method } = request;
  if (action === undefined && method === 'GET') return { f: 'read', key, value: null };
  if (action === undefined && method === 'DELETE') return { f: 'delete', key, value: null };
  if (method !== (action === undefined ? 'PUT' : 'POST')) {
    return refusal(405, action === undefined ? 'a key takes GET, PUT and DELETE' : `${action} takes POST`);
  }
  let value: Json;
  try {
    value = JSON.parse(request.body) as Json;
  } catch {
    return refusal(400, 'the body is not JSON; a text is written with quotes: "text"');
  }
  return { f: action ?? 'write', key, value };
}

const STATUS_OF: Readonly<Record<string, number>> = {
  'precondition-failed': 409,
  'wrong-type': 422,
  malformed: 400,
  'too-large': 413,
};

function responseTo(invocation: Invocation, completion: Completion): HttpResponse {
  const position = completion.position === undefined ? {} : { position: { ...completion.position } };
  if (completion.type === 'ok') {
    if (invocation.f !== 'read') return json(200, { ok: true, ...position });
    const value = completion.value ?? null;
    return value === null ? refusal(404, 'no such key') : json(200, value);
  }
  const { code, message } = completion.error ?? { code: 'unknown' };
  const explained = message === undefined ? {} : { message };
  if (completion.type === 'info') return json(504, { error: code, outcome: 'unknown', ...explained });
  return json(STATUS_OF[code] ?? 503, { error: code, ...explained, ...position });
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function statusPage(status: NodeStatus): HttpResponse {
  const rows = Object.entries(status)
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(text)}</td></tr>`;
    })
    .join('\n');
  const body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>raft node</title>
<style>body{font:16px system-ui;margin:2rem}th{text-align:left;padding-right:2rem;font-weight:600}</style></head>
<body><h1>Raft node: ${escapeHtml(status.role)}</h1>
<table>
${rows}
</table></body></html>
`;
  return { status: 200, contentType: 'text/html; charset=utf-8', body };
}
