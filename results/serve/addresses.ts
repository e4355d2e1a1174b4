/**
 * The addresses of the pages. Everything in them is encoded, so that a name with `?`, `#` or `"` in it leads to itself.
 *
 *     runAddress('raft-register/20261121T205103Z-7')       // '/run/raft-register/20261121T205103Z-7'
 */

/** Half a character, which a file may hold, has no place in an address. */
const encoded = (path: string): string => path.toWellFormed().split('/').map(encodeURIComponent).join('/');

export const runAddress = (path: string): string => `/run/${encoded(path)}`;
export const reportAddress = (path: string): string => `/report/${encoded(path)}`;
export const fileAddress = (path: string): string => `/files/${encoded(path)}`;
export const zipAddress = (path: string): string => `/zip/${encoded(path)}`;
export const liveAddress = (path: string): string => `/live/${encoded(path)}`;
export const eventsAddress = (path: string): string => `/events/${encoded(path)}`;
export const sweepAddress = (path: string): string => `/sweep/${encoded(path)}`;

/** A page with what it is asked, without what is empty: `/compare?a=…&b=…`. */
export function addressWith(page: string, asked: Readonly<Record<string, string | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined && value !== '') parameters.set(name, value);
  }
  const text = parameters.toString();
  return text === '' ? page : `${page}?${text}`;
}
