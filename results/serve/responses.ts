/**
 * What is sent, and what every answer says for safety: nothing may be guessed, framed, or fetched from elsewhere.
 *
 * Pages and their one script come from here and ask here alone. Files of a run are what some system made: text, or pages in a sandbox
 * of their own, which reach no other run.
 */
import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Html } from './html.ts';

const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/** Beside the report's own policy, which names the hash of its script. An origin of its own: it reads nothing else from here. */
const REPORT_POLICY =
  "sandbox allow-scripts allow-downloads allow-modals; default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; worker-src blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
const FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'";

const SAFE_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
} as const;

/** Our own text files would be cached for a run that still grows. */
const FRESH = { 'Cache-Control': 'no-store' } as const;

type Headers = Readonly<Record<string, string | number>>;

function send(response: ServerResponse, status: number, headers: Headers, body: string | Buffer): void {
  response.writeHead(status, {
    ...SAFE_HEADERS,
    ...FRESH,
    ...headers,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

export function sendPage(response: ServerResponse, page: Html, status = 200): void {
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': PAGE_POLICY };
  send(response, status, headers, page.toString());
}

/** What was made for this page: style, script. */
export function sendAsset(
  response: ServerResponse,
  type: 'text/css' | 'text/javascript',
  text: string,
): void {
  send(response, 200, { 'Content-Type': `${type}; charset=utf-8` }, text);
}

export function sendRedirect(response: ServerResponse, address: string): void {
  send(response, 302, { Location: address, 'Content-Security-Policy': FILE_POLICY }, '');
}

/** A page that a run brings along, or that was made of it. */
export function sendReport(response: ServerResponse, page: string): void {
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': REPORT_POLICY };
  send(response, 200, headers, page);
}

/** A file of a run, as far as it is long now. @throws when it vanished */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const { size } = statSync(path);
  response.writeHead(200, { ...SAFE_HEADERS, ...FRESH, ...headersOf(path), 'Content-Length': size });
  if (request.method === 'HEAD' || size === 0) response.end();
  else await pipeline(createReadStream(path, { end: size - 1 }), response);
}

function headersOf(path: string): Headers {
  if (path.endsWith('.html')) {
    return { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': REPORT_POLICY };
  }
  const type = path.endsWith('.json') ? 'application/json' : 'text/plain; charset=utf-8';
  return { 'Content-Type': type, 'Content-Security-Policy': FILE_POLICY };
}

/** Something that comes bit by bit, of unknown length. */
export function beginStream(response: ServerResponse, headers: Headers): void {
  response.writeHead(200, { ...SAFE_HEADERS, ...FRESH, 'Content-Security-Policy': FILE_POLICY, ...headers });
}
