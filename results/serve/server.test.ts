/** The server over real sockets: what it refuses, what it says, and what nobody gets from it. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  appendFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HarnessError } from '../../harness/errors.ts';
import { makeRun } from '../index/testing/made-runs.ts';
import { fileAddress, reportAddress, runAddress, zipAddress } from './addresses.ts';
import type { LiveData } from './live-data.ts';
import { LiveFeeds } from './live-feed.ts';
import { type RunningServer, startServer } from './server.ts';
import { HOSTILE, HOSTILE_RUN, hostileFolder, SECRET } from './testing/hostile-folder.ts';

const parent = mkdtempSync(join(tmpdir(), 'shaketable-serve-'));
const folder = hostileFolder(parent);
const GOOD = 'raft-register/20261128T192409Z-1';
let server: RunningServer;
const problems: string[] = [];
/** Lines. */
const LONG = 200_000;

beforeAll(async () => {
  server = await startServer({
    folder,
    host: '127.0.0.1',
    port: 0,
    onProblem: (sentence) => problems.push(sentence),
    makeReport: async (directory) => {
      if (directory.includes('onerror')) throw new HarnessError('usage', HOSTILE);
      return `<!doctype html><title>made of ${directory}</title>`;
    },
  });
});

afterAll(async () => {
  await server.close();
  rmSync(parent, { recursive: true, force: true });
  expect(problems).toEqual([]);
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
}

/** As it is written: `fetch` would tidy an address up. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(server.address);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path, ...options }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(pieces);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, text: body.toString() });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

describe('who may ask', () => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    '%s is refused, and says what is not',
    async (method) => {
      const { status, headers } = await ask('/', { method });
      expect(status).toBe(405);
      expect(headers['allow']).toBe('GET, HEAD');
    },
  );

  test.each([
    ['localhost:1234', 200],
    ['127.0.0.1', 200],
    ['192.168.7.7:7420', 200],
    ['[::1]:7420', 200],
    ['app.localhost', 200],
    ['evil.example', 421],
    ['localhost.evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['evil.example:7420', 421],
    ['localhost@evil.example', 421],
    ['?', 421],
  ])('Host: %s → %i', async (host, status) => {
    expect((await ask('/', { headers: { host } })).status).toBe(status);
  });

  test('another name that it was told is allowed', async () => {
    const other = await startServer({ folder, host: '127.0.0.1', port: 0, names: ['Runs.Example'] });
    const response = await new Promise<number | undefined>((resolve, reject) => {
      const { port } = new URL(other.address);
      httpRequest({ port, path: '/', headers: { host: 'runs.example' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(response).toBe(200);
    await other.close();
  });

  test('pages of others may lead here, and take nothing from here', async () => {
    const cross = { 'sec-fetch-site': 'cross-site' };
    expect((await ask('/', { headers: { ...cross, 'sec-fetch-mode': 'navigate' } })).status).toBe(200);
    expect(
      (await ask('/assets/style.css', { headers: { ...cross, 'sec-fetch-mode': 'no-cors' } })).status,
    ).toBe(404);
  });

  test('what is no HTTP does not end it', async () => {
    const { hostname, port } = new URL(server.address);
    await new Promise((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.end('\x16\x03\x01 nonsense\r\n\r\n'));
      socket
        .on('close', resolve)
        .on('error', () => undefined)
        .resume();
    });
    expect((await ask('/')).status).toBe(200);
  });
});

describe('paths', () => {
  const good = fileAddress(GOOD);

  test.each([
    '/files/../secret.txt',
    '/files/..%2fsecret.txt',
    '/files/%2e%2e/secret.txt',
    '/files/%2e%2e%2fsecret.txt',
    '/files/..%5csecret.txt',
    `${good}/../../../secret.txt`,
    `${good}/%2e%2e/%2e%2e/%2e%2e/secret.txt`,
    `${good}/..%2f..%2f..%2fsecret.txt`,
    `${good}/leak.txt`,
    `${good}/.hidden`,
    `${good}/test.json%00.html`,
    `${good}/nodes`,
    `${good}//test.json`,
    '/files/raft-register/leak/secret.json',
    '/files/notes.txt',
    '/files/project/secret.env',
    '/zip/project',
    '/files/shaketable-index.sqlite',
    '/files//etc/passwd',
    '/files/%2fetc%2fpasswd',
    '/files/',
    '/files',
    '/run/raft-register/leak',
    '/zip/raft-register/leak',
    '/sweep/../outside',
    '/assets/../server.ts',
    '/assets/constructor.js',
    '/constructor',
    '/__proto__/x',
    '/%',
    '/%zz',
    `/${'a/'.repeat(1000)}`,
  ])('%s is not found', async (path) => {
    const { status, text } = await ask(path);
    expect(status).toBe(404);
    expect(text).not.toContain(SECRET);
  });

  test('a file of a run is sent as text, or as a page in a sandbox', async () => {
    const log = await ask(`${good}/nodes/n1/node.log`);
    expect(log.text).toBe(`${HOSTILE}\n`);
    expect(log.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'/),
    });
    const report = await ask(reportAddress(GOOD));
    expect(report.headers['content-security-policy']).toMatch(
      /^sandbox allow-scripts [^;]*; default-src 'none'/,
    );
    expect(report.headers['content-security-policy']).not.toContain('allow-same-origin');
  });

  test('HEAD says how long it is, and sends nothing', async () => {
    for (const path of ['/', `${good}/test.json`, zipAddress(GOOD)]) {
      const { status, body } = await ask(path, { method: 'HEAD' });
      expect([path, status, body.length]).toEqual([path, 200, 0]);
    }
  });
});

describe('pages', () => {
  const hostile = encodeURIComponent(HOSTILE);

  test.each([
    '/',
    `/?text=${hostile}&system=${hostile}&nemesis=${hostile}&from=${hostile}&signature=${hostile}&sort=${hostile}`,
    '/trends',
    `/trends?revision=${hostile}`,
    '/sweeps',
    '/sweep/sweeps/night',
    runAddress(HOSTILE_RUN),
    reportAddress(HOSTILE_RUN),
    `${reportAddress(HOSTILE_RUN)}?anew=1`,
    '/live/raft-register/running',
    `/compare?a=${encodeURIComponent(HOSTILE_RUN)}&b=${GOOD}`,
    `/compare?a=${hostile}&b=${hostile}`,
    `/compare?run=${hostile}`,
    `/${hostile}`,
  ])('%s: hostile text stays text, and nothing comes from elsewhere', async (path) => {
    const { text, headers } = await ask(path);
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'self'; script-src 'self';/,
    );
    expect(text).toContain('</html>');
    expect(text).not.toMatch(/<script>|<img|onerror=alert\(\d\)>/);
    const sources = [...text.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, address]) => address);
    expect(sources.filter((address) => !/^(\/(?!\/)|#|data:,$)/.test(address ?? ''))).toEqual([]);
  });

  test('the list has what the filter asks for', async () => {
    expect((await ask('/?verdict=valid')).text).toMatch(/role="status">\s*1 run,/);
    expect((await ask('/?text=no+such')).text).toContain('No run is like this.');
    expect((await ask('/?page=99')).text).toContain('To the last page');
    expect((await ask('/?page=-1&sort=-nothing')).status).toBe(200);
  });

  test('runs that come and go are seen without starting it anew', async () => {
    const path = 'raft-register/late';
    makeRun(folder, { path, valid: true });
    await expect.poll(async () => (await ask(runAddress(path))).status, { timeout: 20_000 }).toBe(200);
    rmSync(join(folder, path), { recursive: true });
    expect((await ask(runAddress(path))).status).toBe(404);
  });

  test('what is no run of ours is told, and not shown', async () => {
    const { status, text } = await ask('/run/project');
    expect(status).toBe(404);
    expect(text).toContain('is not the test.json of a shaketable run');
    expect(text).not.toContain('secret.env');
  });

  test('a run without a report: made anew for who asks here, and for nobody else', async () => {
    const path = 'raft-register/unreported';
    makeRun(folder, { path, valid: true });
    await expect.poll(async () => (await ask(reportAddress(path))).status, { timeout: 20_000 }).toBe(200);
    expect((await ask(reportAddress(path))).text).toContain('Judge it again');
    const anew = `${reportAddress(path)}?anew=1`;
    expect((await ask(anew)).text).toContain('<title>made of ');
    const lured = await ask(anew, {
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    });
    expect(lured.text).toContain('Judge it again');
    rmSync(join(folder, path), { recursive: true });
  });

  test('a comparison needs two', async () => {
    expect((await ask('/compare')).status).toBe(400);
    expect((await ask(`/compare?run=${GOOD}&run=nowhere`)).status).toBe(404);
    const both = await ask(`/compare?run=${GOOD}&run=${encodeURIComponent(HOSTILE_RUN)}`);
    expect(both.status).toBe(200);
    expect(both.text).toContain('<strong>changed</strong>');
  });

  test('what is available is what was answered: a tenth of these was refused, and a fiftieth failed', async () => {
    const pages = [
      '/',
      '/trends',
      runAddress(GOOD),
      `/compare?run=${GOOD}&run=${encodeURIComponent(HOSTILE_RUN)}`,
    ];
    for (const path of pages) {
      const { text } = await ask(path);
      expect(text).toMatch(/answered/i);
      expect(text).toContain('98.0 %');
      expect(text).not.toContain('88.0 %');
    }
  });
});

test('a run as one file has its files, and nothing that a link leads to', async () => {
  const { body, headers } = await ask(zipAddress(GOOD));
  expect(headers['content-disposition']).toBe('attachment; filename="raft-register-20261128T192409Z-1.zip"');
  const files = unzipSync(body);
  const name = 'raft-register-20261128T192409Z-1';
  expect(Object.keys(files).sort()).toEqual(
    ['history.jsonl', 'nodes/n1/node.log', 'report.html', 'test.json', 'verdict.json'].map(
      (file) => `${name}/${file}`,
    ),
  );
  const verdict = files[`${name}/verdict.json`];
  expect(strFromU8(verdict as Uint8Array)).toBe(readFileSync(join(folder, GOOD, 'verdict.json'), 'utf8'));
});

describe('a run in progress', () => {
  test('is told as it goes on, until its verdict', async () => {
    const path = 'raft-register/live';
    const directory = makeRun(folder, { path, valid: null });
    await expect.poll(async () => (await ask(runAddress(path))).status, { timeout: 20_000 }).toBe(200);
    const response = await fetch(new URL(`/events/${path}`, server.address));
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events = eventsOf(response);
    expect((await events.next()).value).toMatchObject({ outcome: 'running', invoked: 0, ok: 0, faults: [] });
    const operation = { time: 5e8, process: 1, f: 'read', key: 'k', node: 'n1' };
    const lines = [
      { ...operation, index: 0, type: 'invoke', value: null },
      { ...operation, index: 1, type: 'ok', value: 7 },
      {
        ...{ index: 2, time: 6e8, process: 'nemesis', type: 'ok', f: 'cut' },
        value: {
          faultId: 1,
          fault: 'partition',
          edge: 'begin',
          nodes: ['n1'],
          description: 'n1 alone',
          parameters: {},
        },
      },
    ].map((each) => `${JSON.stringify(each)}\n`);
    // A line that is not whole yet is taken when it is.
    const text = lines.join('');
    appendFileSync(join(directory, 'history.jsonl'), text.slice(0, -20));
    await until(events, ({ ok }) => ok === 1);
    appendFileSync(join(directory, 'history.jsonl'), text.slice(-20));
    const cut = await until(events, ({ faults }) => faults.length === 1);
    expect(cut).toMatchObject({
      faults: ['partition: n1 alone'],
      invoked: 1,
      seconds: [[1, 0, 0]],
      unreadable: 0,
    });
    expect(cut.operations).toEqual(['0.600 s  nemesis: cut n1 alone', '0.500 s  process 1: read k 7 ok']);
    makeRun(folder, { path: 'elsewhere', valid: true });
    writeFileSync(join(directory, 'verdict.json'), readFileSync(join(folder, 'elsewhere/verdict.json')));
    await until(events, ({ outcome }) => outcome === 'valid');
    expect((await events.next()).done).toBe(true);
    for (const made of [path, 'elsewhere']) rmSync(join(folder, made), { recursive: true });
  });

  test('an end that is told twice is told once: a run that is over, and takes long to read', async () => {
    const path = 'raft-register/long';
    const directory = makeRun(folder, { path, valid: true });
    // Longer than between two looks at its files.
    appendFileSync(join(directory, 'history.jsonl'), 'no operation\n'.repeat(LONG));
    await expect.poll(async () => (await ask(runAddress(path))).status, { timeout: 20_000 }).toBe(200);
    const uncaught: unknown[] = [];
    const onUncaught = (error: unknown): unknown => uncaught.push(error);
    process.prependListener('uncaughtException', onUncaught);
    const { text } = await ask(`/events/${path}`);
    process.off('uncaughtException', onUncaught);
    expect(uncaught).toEqual([]);
    expect(text.match(/^event: end$/gm)).toHaveLength(1);
    expect(text).toContain(`"unreadable":${LONG}`);
    rmSync(directory, { recursive: true });
  });

  test('who left before the first event takes no place of who looks', async () => {
    const feeds = new LiveFeeds();
    const asked = createServer().listen(0, '127.0.0.1');
    await once(asked, 'listening');
    const leaving = httpRequest({ port: (asked.address() as AddressInfo).port, host: '127.0.0.1' });
    leaving.on('error', () => undefined).end();
    const [request, response] = (await once(asked, 'request')) as [IncomingMessage, ServerResponse];
    leaving.destroy();
    await once(response, 'close');
    const directory = join(folder, 'raft-register/running');
    await feeds.send(request, response, directory);
    expect(response.headersSent).toBe(false);
    feeds.close();
    asked.close();
  });

  test('who looks does not keep the server from ending', async () => {
    const other = await startServer({ folder, host: '127.0.0.1', port: 0 });
    const response = await fetch(new URL('/events/raft-register/running', other.address));
    const events = eventsOf(response);
    expect((await events.next()).value?.outcome).toMatch(/running|cut off/);
    await other.close();
    await expect(
      events.next().then(
        ({ done }) => done,
        () => true,
      ),
    ).resolves.toBe(true);
  });
});

test('what cannot be served is told in one line', async () => {
  const { port } = new URL(server.address);
  const failure = (options: Partial<Parameters<typeof startServer>[0]>) =>
    startServer({ folder, host: '127.0.0.1', port: 0, ...options }).then(
      () => 'it started',
      (error: unknown) => HarnessError.from(error),
    );
  expect(await failure({ port: Number(port) })).toMatchObject({
    code: 'usage',
    message: `port ${port} of 127.0.0.1 is in use: choose another with --port, or --port 0 for any that is free`,
  });
  expect(await failure({ folder: join(parent, 'nothing') })).toMatchObject({ code: 'usage' });
  expect(await failure({ folder: join(folder, GOOD) })).toMatchObject({
    message: expect.stringContaining('is a run'),
  });
  expect(await failure({ host: '203.0.113.7' })).toMatchObject({
    message: expect.stringContaining('is no address of this machine'),
  });
});

test('an empty folder has an empty list', async () => {
  const empty = join(parent, 'empty');
  mkdirSync(empty);
  const other = await startServer({ folder: empty, host: '127.0.0.1', port: 0 });
  for (const [path, sentence] of Object.entries({
    '/': 'There are no runs yet',
    '/trends': 'No run is like this',
    '/sweeps': 'There are none',
  })) {
    expect(await (await fetch(new URL(path, other.address))).text()).toContain(sentence);
  }
  await other.close();
  expect(readdirSync(empty)).toEqual(['shaketable-index.sqlite']);
});

async function* eventsOf(response: Response): AsyncGenerator<LiveData, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part.startsWith('data: ')) yield JSON.parse(part.slice(6)) as LiveData;
  }
}

async function until(
  events: AsyncGenerator<LiveData, void, undefined>,
  isWanted: (data: LiveData) => boolean,
): Promise<LiveData> {
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Error('the events ended before');
    if (isWanted(value)) return value;
  }
}
