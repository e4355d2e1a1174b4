/** Which address shows what. Nothing here changes anything on the disk but the index. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { statSync } from 'node:fs';
import { messageOf } from '../../harness/errors.ts';
import type { RunIndex } from '../index/run-index.ts';
import type { RunRecord } from '../index/run-record.ts';
import { liveAddress } from './addresses.ts';
import { askedOf } from './asked.ts';
import type { Assets } from './assets.ts';
import { type Compared, comparePage } from './compare-page.ts';
import { type Html, html } from './html.ts';
import { isOver, type LiveFeeds } from './live-feed.ts';
import { livePage } from './live-page.ts';
import { errorPage, page } from './page.ts';
import { sendAsset, sendFile, sendPage, sendRedirect, sendReport } from './responses.ts';
import { readDetails } from './run-details.ts';
import { runList } from './run-list.ts';
import { noReportPage, runPage } from './run-page.ts';
import { resolveInside, segmentsOf } from './safe-path.ts';
import { sweepPage, sweepsPage } from './sweeps-page.ts';
import { trendsPage } from './trends-page.ts';
import { sendZip } from './zip.ts';

/** A look at the disk is no older than this, or than it takes several times. */
const REFRESH_MS = 2000;
const REFRESH_SHARE = 5;
/** A page waits so long for it, and then shows what is known. */
const PATIENCE_MS = 400;

export interface Site {
  /** The results folder, without links in it. */
  readonly root: string;
  readonly index: RunIndex;
  readonly live: LiveFeeds;
  readonly assets: Assets;
  /** Told what went wrong; pages show what is known. */
  readonly onProblem: (sentence: string) => void;
  /** @param signal - nobody waits any more */
  readonly makeReport?: (directory: string, signal: AbortSignal) => Promise<string>;
}

interface Asking {
  readonly site: Site;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** Behind the first part of the address. */
  readonly names: readonly string[];
}

type Route = (asking: Asking) => void | Promise<void>;

/** By the first part of the address. */
const ROUTES: Readonly<Record<string, Route>> = {
  assets: asset,
  trends: async ({ site, response, query }) => {
    await refresh(site);
    sendPage(response, trendsPage(site.index, askedOf(query)));
  },
  sweeps: async ({ site, response }) => {
    await refresh(site);
    sendPage(response, sweepsPage(site.index.sweeps()));
  },
  sweep: ({ site, response, names }) => {
    const directory = resolveInside(site.root, names);
    if (directory === null) notFound(response);
    else sendPage(response, sweepPage(names.join('/'), directory));
  },
  run: (asking) =>
    withRun(asking, (run, directory) => {
      sendPage(asking.response, runPage(asking.site.index, run, directory));
    }),
  report,
  compare,
  zip: (asking) =>
    withRun(asking, (run, directory) => sendZip(asking.request, asking.response, run.path, directory)),
  live: (asking) =>
    withRun(asking, async (run, directory) => {
      sendPage(asking.response, livePage(run, await asking.site.live.now(directory)));
    }),
  events: (asking) =>
    withRun(asking, (_, directory) => asking.site.live.send(asking.request, asking.response, directory)),
  files: async ({ site, request, response, names }) => {
    const path = resolveInside(site.root, names);
    if (path === null || !statSync(path).isFile()) notFound(response);
    else await sendFile(request, response, path);
  },
};

export async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '', ...asked] = (request.url ?? '').split('?');
  const [first, ...names] = segmentsOf(path) ?? [''];
  const asking = { site, request, response, query: new URLSearchParams(asked.join('?')), names };
  if (first === undefined) {
    await refresh(site);
    sendPage(response, runList(site.index, askedOf(asking.query), site.index.note));
  } else if (Object.hasOwn(ROUTES, first)) await ROUTES[first]?.(asking);
  else notFound(response);
}

const nextRefreshes = new WeakMap<RunIndex, number>();

/** What came or went on the disk, as far as it is quickly found. */
async function refresh({ index, onProblem }: Site): Promise<void> {
  const startedMs = performance.now();
  if (startedMs < (nextRefreshes.get(index) ?? 0)) return;
  const refreshed = index
    .refresh()
    .catch((error: unknown) => onProblem(`the index is not up to date: ${messageOf(error)}`))
    .finally(() => {
      const endedMs = performance.now();
      nextRefreshes.set(index, endedMs + Math.max(REFRESH_MS, REFRESH_SHARE * (endedMs - startedMs)));
    });
  await Promise.race([refreshed, delay(PATIENCE_MS, null, { ref: false })]);
}

function notFound(
  response: ServerResponse,
  sentence = 'There is nothing at this address, or not any more.',
): void {
  sendPage(response, errorPage(404, sentence), 404);
}

function asset({ site, response, names }: Asking): void {
  const [name = ''] = names;
  const script = /^(\w+)\.js$/.exec(name)?.[1] ?? '';
  if (names.length === 1 && name === 'style.css') sendAsset(response, 'text/css', site.assets.style);
  else if (names.length === 1 && Object.hasOwn(site.assets.scripts, script)) {
    sendAsset(response, 'text/javascript', site.assets.scripts[script] ?? '');
  } else notFound(response);
}

/** A run that the index knows and the disk has. */
function findRun(site: Site, names: readonly string[]): { run: RunRecord; directory: string } | null {
  const run = site.index.run(names.join('/'));
  const directory = resolveInside(site.root, names);
  // A link in its place is no run of the index.
  return run === null || directory !== join(site.root, ...names) ? null : { run, directory };
}

async function withRun(
  asking: Asking,
  action: (run: RunRecord, directory: string) => void | Promise<void>,
): Promise<void> {
  // It may have ended or begun since.
  await refresh(asking.site);
  const found = findRun(asking.site, asking.names);
  // Of what is no run of ours the index knows why, and nothing else of it is shown.
  if (found === null)
    notFound(asking.response, asking.site.index.run(asking.names.join('/'))?.sentence ?? undefined);
  else await action(found.run, found.directory);
}

function report(asking: Asking): Promise<void> {
  const { site, request, response, query } = asking;
  return withRun(asking, async (run, directory) => {
    const path = resolveInside(site.root, [...asking.names, 'report.html']);
    if (path !== null && statSync(path).isFile()) return sendFile(request, response, path);
    if (run.outcome === 'running') {
      const data = await site.live.now(directory);
      if (!isOver(data)) return sendRedirect(response, liveAddress(run.path));
    }
    if (site.makeReport === undefined)
      return sendPage(response, noReportPage(run, directory, 'This server makes none.'));
    // Only who clicked here: what it costs is not for a page of somebody else to ask for.
    const isAsked = query.get('anew') === '1' && request.method === 'GET';
    if (!isAsked || request.headers['sec-fetch-site'] === 'cross-site') {
      return sendPage(response, noReportPage(run, directory, null));
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      sendReport(response, await site.makeReport(directory, gone.signal));
    } catch (error) {
      sendPage(response, noReportPage(run, directory, messageOf(error)));
    }
  });
}

/** `?a=…&b=…`, or twice `run=…` from the list. */
async function compare({ site, response, query }: Asking): Promise<void> {
  await refresh(site);
  const paths = ['a', 'b', 'run'].flatMap((name) => query.getAll(name));
  const [first, second] = paths;
  if (first === undefined || second === undefined || paths.length > 2) {
    const sentence = html`Two runs can be compared, and this asks for ${paths.length}.`;
    return sendPage(response, cannotCompare(sentence), 400);
  }
  const [a, b] = [sideOf(site, first), sideOf(site, second)];
  if (a === null || b === null) {
    const sentence = html`There is no run <code>${a === null ? first : second}</code> in this folder.`;
    return sendPage(response, cannotCompare(sentence), 404);
  }
  sendPage(response, comparePage(a, b));
}

/** @param path - as somebody may have typed it */
function sideOf(site: Site, path: string): Compared | null {
  const found = findRun(site, path.trim().replace(/\/+$/, '').split('/'));
  return found === null ? null : { run: found.run, ...readDetails(found.directory) };
}

function cannotCompare(sentence: Html): Html {
  return page({
    title: 'Two runs',
    body: html`<h1>These cannot be compared</h1>
      <p>${sentence}</p>
      <p><a href="/">All runs</a></p>`,
  });
}
