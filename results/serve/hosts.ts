/**
 * Whom a request may be for. A page of the internet can give its own name the address 127.0.0.1 and then read what is served there (DNS
 * rebinding); the browser still says that name in `Host`. An address of digits cannot be rebound, a name must be one of ours.
 */
import { hostname } from 'node:os';
import { isIP } from 'node:net';

/** @param named - what the user asked the server to listen on, and other names that it may be called by */
export function isAllowedHost(header: string | undefined, named: readonly string[]): boolean {
  const host = hostOf(header ?? '');
  if (host === null) return false;
  if (isIP(host) !== 0 || host === 'localhost' || host.endsWith('.localhost')) return true;
  return [...named, hostname()].some((name) => name.toLowerCase() === host);
}

/** Without the port: a tunnel has another. */
function hostOf(header: string): string | null {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^:/?#@\s]+))(?::\d+)?$/i.exec(header) ?? [];
  return (bracketed ?? plain)?.toLowerCase() ?? null;
}

/** Only this machine reaches it. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
