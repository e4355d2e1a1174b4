/**
 * What Docker refused, in one line that says what to do.
 *
 *     throw engineError(thrown, 'cannot start n1');
 *     // cannot start n1: Docker has no free network left: `shaketable clean`, or `docker network prune`
 */
import { HarnessError } from '../../errors.ts';

/** What it says, and what that means. The first that matches. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [
    /non-overlapping IPv4 address pool|address pools? .*(exhausted|fully subnetted)/i,
    'Docker has no free network left: remove some (shaketable clean, docker network prune)',
  ],
  [
    /no space left on device/i,
    'no space left on the disk of Docker: free some (docker system df, docker system prune)',
  ],
  [
    /port is already allocated|address already in use/i,
    'a port that Docker chose was taken just then: try again',
  ],
  [/all ports are allocated/i, 'Docker has no free port left: shaketable clean'],
  [
    /ECONNREFUSED|ECONNRESET|EPIPE|ENOENT.*\.sock|socket hang up/i,
    'the connection to Docker was lost: is it running (systemctl status docker)?',
  ],
  [
    /permission denied.*docker\.sock|EACCES/i,
    'no permission on the socket of Docker: add yourself to the group docker',
  ],
];

export function engineError(thrown: unknown, context: string): HarnessError {
  if (thrown instanceof HarnessError) return thrown;
  const said = messageOf(thrown);
  const meaning = MEANINGS.find(([pattern]) => pattern.test(said))?.[1] ?? said;
  return new HarnessError('io', `${context}: ${meaning}`, { cause: thrown });
}

/** Docker's own words, without what the client library puts around them; a single line. */
export function messageOf(thrown: unknown): string {
  const { json, message } = thrown as { json?: { message?: string } | null; message?: string };
  return (json?.message ?? message ?? String(thrown))
    .replace(/^\(HTTP code \d+\) [^-]*- /, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** 404: it is not there; 409: it is not in that state; 304: it is already so. */
export function statusOf(thrown: unknown): number | undefined {
  return (thrown as { statusCode?: number } | null)?.statusCode;
}

/** Of something that may be gone, or be going, already. */
export async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    const isGoing = statusOf(thrown) === 409 && /is already in progress/.test(messageOf(thrown));
    if (statusOf(thrown) !== 404 && statusOf(thrown) !== 304 && !isGoing) throw thrown;
  }
}
