/**
 * The server: who may ask, and for what. It answers GET and HEAD, to who calls it by a name of its own (hosts.ts), and changes nothing on
 * the disk but the index.
 *
 *     const server = await startServer({ folder: 'results', host: '127.0.0.1', port: 7420 });
 *     server.address          // 'http://127.0.0.1:7420/'
 *     await server.close();
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HarnessError, messageOf } from '../../harness/errors.ts';
import { resultsFolder } from '../index/results-folder.ts';
import { type Refreshed, RunIndex } from '../index/run-index.ts';
import { loadAssets } from './assets.ts';
import { isAllowedHost } from './hosts.ts';
import { LiveFeeds } from './live-feed.ts';
import { errorPage } from './page.ts';
import { sendPage } from './responses.ts';
import { answer, type Site } from './routes.ts';

export interface ServeOptions {
  /** Of results. */
  readonly folder: string;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Other names that it may be called by. */
  readonly names?: readonly string[];
  /** Judges a run again and gives its report, or fails with what people should know; absent: nobody does. */
  readonly makeReport?: Site['makeReport'];
  /** What went wrong while a page was made; the page says only that. */
  readonly onProblem?: (sentence: string) => void;
  readonly onProgress?: (looked: number) => void;
}

export interface RunningServer {
  readonly address: string;
  readonly indexed: Refreshed;
  /** For people: what the index says of itself. */
  readonly note: string | null;
  /** Ends what is being sent, and the index. Idempotent. */
  close(): Promise<void>;
}

/** @throws HarnessError `usage` where there is no such folder, or nothing can listen there */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const root = resultsFolder(options.folder);
  const index = RunIndex.open(root);
  const live = new LiveFeeds();
  const { makeReport, onProblem = () => undefined } = options;
  const assets = loadAssets();
  const site: Site = {
    ...{ root, index, live, assets, onProblem },
    ...(makeReport === undefined ? {} : { makeReport }),
  };
  const names = [options.host, ...(options.names ?? [])];
  const server = createServer((request, response) => void handle(site, names, request, response));
  try {
    // A port that is taken is told before a long look at the disk.
    const address = await listen(server, options);
    const indexed = await index.refresh(options.onProgress);
    return { address, indexed, note: index.note, close };
  } catch (error) {
    await close();
    throw error;
  }

  async function close(): Promise<void> {
    live.close();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
    index.close();
  }
}

function listen(server: Server, { host, port }: ServeOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, () => {
      const { port: taken } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${taken}/`);
    });
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): HarnessError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} of ${host} is in use: choose another with --port, or --port 0 for any that is free`,
    EACCES: `port ${port} may not be used by you: choose one of 1024 or more with --port`,
    EADDRNOTAVAIL: `${host} is no address of this machine: choose another with --host`,
    ENOTFOUND: `${host} has no address: choose another with --host`,
  };
  const reason = reasons[error.code ?? ''] ?? `cannot listen on ${host}, port ${port}: ${messageOf(error)}`;
  return new HarnessError('usage', reason, { cause: error });
}

async function handle(
  site: Site,
  names: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (!isAllowedHost(request.headers.host, names)) {
      const how = 'call it by its address, or start it with --host or --allow-host and this name';
      refuse(
        response,
        421,
        `This server is not called ${JSON.stringify(request.headers.host ?? '')}: ${how}.`,
      );
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      refuse(response, 405, 'This server shows results, and changes none: it answers GET and HEAD.');
    } else if (
      request.headers['sec-fetch-site'] === 'cross-site' &&
      request.headers['sec-fetch-mode'] !== 'navigate'
    ) {
      refuse(response, 404, 'Pages of others may lead here, and not take from here.');
    } else await answer(site, request, response);
  } catch (error) {
    // Who asked has gone, or the file has: there is nobody to tell.
    if (response.headersSent || response.destroyed) response.destroy();
    else if (error instanceof HarnessError) refuse(response, 503, error.message);
    else {
      site.onProblem(`${request.url ?? ''}: ${messageOf(error)}`);
      refuse(response, 500, 'This page could not be made; the terminal of the server says why.');
    }
  }
}

/** Connections of who should not be here are not kept. */
function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.setHeader('Connection', 'close');
  sendPage(response, errorPage(status, sentence), status);
}
