/**
 * Runs in progress as server-sent events: one reader of a run's files, however many look at it.
 *
 * Every event is the whole state (live-data.ts): who comes late or lost the connection misses nothing. The last one has the verdict,
 * and the page then asks no more.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { HarnessError } from '../../harness/errors.ts';
import { SILENT_MS } from '../index/walk.ts';
import { parseVerdict } from '../verdict-file.ts';
import type { LiveData } from './live-data.ts';
import { LiveRun } from './live-run.ts';
import { beginStream } from './responses.ts';
import { Tail } from './tail.ts';

const POLL_MS = 500;
/** Proxies and browsers give up on what is silent. */
const HEARTBEAT_MS = 15_000;
const LOOKERS_MAX = 64;
/** Of the trace only the end is shown. */
const TRACE_BYTES = 1 << 16;

class Feed {
  readonly lookers = new Set<ServerResponse>();
  readonly #directory: string;
  readonly #run = new LiveRun();
  readonly #history: Tail;
  readonly #trace: Tail;
  #reading: Promise<void> | null = null;
  #isNews = false;
  #outcome = '';

  constructor(directory: string) {
    this.#directory = directory;
    this.#history = new Tail(join(directory, 'history.jsonl'));
    this.#trace = new Tail(join(directory, 'trace.jsonl'), TRACE_BYTES);
  }

  async data(): Promise<LiveData> {
    await this.#read();
    return this.#run.data(outcomeIn(this.#directory));
  }

  /** Tells everybody, if there is something to tell. */
  async tell(): Promise<void> {
    const data = await this.data();
    if (!this.#isNews && data.outcome === this.#outcome) return;
    this.#isNews = false;
    this.#outcome = data.outcome;
    this.lookers.forEach((looker) => this.write(looker, data));
  }

  /** Nothing to who has left, or has had the last event: of two that tell the same end, the first does. */
  write(looker: ServerResponse, data: LiveData): void {
    if (looker.writableEnded || looker.destroyed) return;
    looker.write(`data: ${JSON.stringify(data)}\n\n`);
    if (!isOver(data)) return;
    this.lookers.delete(looker);
    looker.end('event: end\ndata: {}\n\n');
  }

  /** One at a time: lines are taken once. */
  #read(): Promise<void> {
    this.#reading ??= this.#readBoth().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #readBoth(): Promise<void> {
    const operations = await this.#history.read((line) => this.#run.takeOperation(line));
    const events = await this.#trace.read((line) => this.#run.takeTrace(line));
    this.#isNews ||= operations || events;
  }
}

function outcomeIn(directory: string): string {
  const file = join(directory, 'verdict.json');
  if (existsSync(file)) {
    try {
      const { valid } = parseVerdict(readFileSync(file, 'utf8'), file);
      return valid === 'unknown' ? 'unknown' : valid ? 'valid' : 'invalid';
    } catch {
      return 'unreadable';
    }
  }
  const history = statSync(join(directory, 'history.jsonl'), { throwIfNoEntry: false });
  return history !== undefined && Date.now() - history.mtimeMs > SILENT_MS ? 'cut off' : 'running';
}

/** A run that seems cut off may go on: only a verdict is the end. */
export const isOver = ({ outcome }: LiveData): boolean => outcome !== 'running' && outcome !== 'cut off';

export class LiveFeeds {
  readonly #feeds = new Map<string, Feed>();
  readonly #timers: readonly NodeJS.Timeout[];
  #isPolling = false;

  constructor() {
    this.#timers = [
      setInterval(() => void this.#poll(), POLL_MS),
      setInterval(() => this.#each((looker) => looker.write(': still here\n\n')), HEARTBEAT_MS),
    ];
  }

  /** The state now, for a page without its script. */
  now(directory: string): Promise<LiveData> {
    return (this.#feeds.get(directory) ?? new Feed(directory)).data();
  }

  /**
   * Answers with events until the run has ended, the reader leaves, or {@link close}.
   *
   * @throws HarnessError `usage` before anything is sent, where too many look
   */
  async send(request: IncomingMessage, response: ServerResponse, directory: string): Promise<void> {
    // Who left before this: no close would tell.
    if (response.destroyed) return;
    const lookers = [...this.#feeds.values()].reduce((sum, feed) => sum + feed.lookers.size, 0);
    if (lookers >= LOOKERS_MAX) throw new HarnessError('usage', `${LOOKERS_MAX} pages look at runs already`);
    beginStream(response, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const feed = this.#feeds.get(directory) ?? new Feed(directory);
    this.#feeds.set(directory, feed);
    feed.lookers.add(response);
    response.once('close', () => {
      feed.lookers.delete(response);
      if (feed.lookers.size === 0 && this.#feeds.get(directory) === feed) this.#feeds.delete(directory);
    });
    // Who leaves while something is written: its close tells.
    response.on('error', () => undefined);
    feed.write(response, await feed.data());
  }

  close(): void {
    this.#timers.forEach((timer) => clearInterval(timer));
    this.#each((looker) => looker.end());
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    for (const feed of [...this.#feeds.values()]) {
      // A file that can no longer be read: the page asks again, and is told.
      await feed.tell().catch(() => feed.lookers.forEach((looker) => looker.destroy()));
    }
    this.#isPolling = false;
  }

  #each(action: (looker: ServerResponse) => void): void {
    for (const { lookers } of this.#feeds.values()) lookers.forEach(action);
  }
}
